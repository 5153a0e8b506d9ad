"""What answers are made of. Every record is frozen and holds plain values, so it prints, compares and pickles."""

from dataclasses import dataclass, field

TEXT = "text"


@dataclass(frozen=True)
class Concept:
    """A concept of the space. Free text in its place has no `curie`, the kind 'text' and itself as the name."""

    curie: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.curie} {self.name}" if self.curie else f"the text '{self.name}'"


@dataclass(frozen=True)
class Neighbor:
    """One of the nearest concepts of a query.

    Attributes:
        cosine: of the two vectors.
        rank: 1 for the nearest.
        percentile: share, in percent, of random pairs of the same two kinds that are less alike; None for free text, which
            was not calibrated.
    """

    concept: Concept
    cosine: float
    rank: int
    percentile: float | None


@dataclass(frozen=True)
class Match:
    """A concept that a text may mean.

    Attributes:
        matched: the identifier or name that answered, as it is written in its source.
        how: 'curie', 'alias' (another database's identifier), 'name', 'synonym', 'prefix', 'fuzzy' or 'meaning'.
        score: 1 for the same, less for a longer or a similar name, the cosine for a meaning; in (0, 1].
    """

    concept: Concept
    matched: str
    how: str
    score: float


@dataclass(frozen=True)
class Relatedness:
    """How alike two concepts are.

    Attributes:
        cosine: of their vectors; the same both ways.
        percentile: share, in percent, of random pairs of the same two kinds that are less alike; None where either is free text.
        p_value: share of random pairs at least as alike, never below one over the number of pairs drawn; None as above.
    """

    left: Concept
    right: Concept
    cosine: float
    percentile: float | None
    p_value: float | None


@dataclass(frozen=True)
class RelationQuestion:
    """What can be asked of a concept by a relation, from the end where it stands.

    Attributes:
        relation: name of the predicate.
        phrase: how it reads from there: 'treats', or 'is treated with'.
        answers: the kinds at the other end.
    """

    relation: str
    phrase: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Resolved:
    """What a query was taken to mean.

    Attributes:
        query: as it was given.
        concept: the concept, or the text itself.
        row: of its vector; -1 for free text.
        how: 'curie', 'alias', 'name', 'synonym' or 'text'.
        also: other concepts that the same words name.
        near: for free text, names of the space that look like it.
    """

    query: str
    concept: Concept
    row: int
    how: str
    also: tuple[Concept, ...] = field(default=())
    near: tuple[str, ...] = field(default=())

    @property
    def is_text(self) -> bool:
        """Whether the query names no concept and stands for its own meaning."""
        return self.how == TEXT

    @property
    def note(self) -> str:
        """A sentence for whoever asked: what the query was taken for where that is not obvious; else empty."""
        if self.is_text:
            nearest = f"; names like it: {', '.join(self.near)}" if self.near else ""
            return f"'{self.query}' is no name in this space and is read as free text{nearest}"
        taken = f"'{self.query}' is taken as {self.concept} ({self.concept.kind}, by {self.how})"
        if self.also:
            return f"{taken}; it could also be {', '.join(f'{other} ({other.kind})' for other in self.also)}"
        return taken if self.how in ("alias", "synonym") else ""


@dataclass(frozen=True)
class TakenAs:
    """What a query was taken to mean: `Resolved` without the row."""

    query: str
    concept: Concept
    how: str
    also: tuple[Concept, ...]
    near: tuple[str, ...]

    @classmethod
    def of(cls, resolved: Resolved) -> "TakenAs":
        """The same, of what the space resolved."""
        return cls(resolved.query, resolved.concept, resolved.how, resolved.also, resolved.near)
