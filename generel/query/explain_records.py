"""What an explanation is made of: plain frozen records, all of them printable, comparable and picklable."""

from dataclasses import dataclass

from generel.concepts.curie import Curie
from generel.model.attribution import Attribution
from generel.query.records import Concept, Relatedness


@dataclass(frozen=True)
class Relation:
    """One row of evidence between the two concepts.

    Attributes:
        phrase: how the predicate reads from `subject` to `object`.
        source: its name; `title` is for people.
        license: under which the row may be used.
        homepage: of the source; empty where none is known.
        confidence: in (0, 1].
    """

    subject: Concept
    predicate: str
    object: Concept
    phrase: str
    source: str
    source_version: str
    license: str
    confidence: float
    title: str = ""
    homepage: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a path.

    Attributes:
        phrase: how the predicate reads in the direction of the path.
        sources: that say so, sorted.
        confidence: that at least one of them is right, each being wrong by itself: 1 - product of (1 - confidence).
        degrees: to how many concepts the left and the right end are tied in the same way.
    """

    left: Concept
    predicate: str
    phrase: str
    right: Concept
    sources: tuple[str, ...]
    confidence: float
    degrees: tuple[int, int]


@dataclass(frozen=True)
class Path:
    """A way through the graph from one concept to the other; `score` as in `generel.query.explain_paths`."""

    steps: tuple[Step, ...]
    score: float


@dataclass(frozen=True)
class SharedNeighbor:
    """A concept near both, with its cosine to each."""

    concept: Concept
    cosine_left: float
    cosine_right: float


@dataclass(frozen=True)
class SharedTies:
    """What both concepts are tied to in the same way.

    Attributes:
        predicate: and how it reads from the two to what they share.
        n_left, n_right: how many concepts each is tied to so.
        n_shared: how many of them are the same.
        concepts: of those the first, the ones tied so to the fewest others before the rest.
    """

    predicate: str
    phrase: str
    n_left: int
    n_right: int
    n_shared: int
    concepts: tuple[Concept, ...]


@dataclass(frozen=True)
class TextAttribution:
    """Which words of a text brought it near the other query."""

    of: Concept
    toward: Concept
    attribution: Attribution


@dataclass(frozen=True)
class Explanation:
    """Why two queries are as related as they are.

    Attributes:
        relations: between the two themselves, strongest first.
        paths: over other concepts, best first.
        shared_neighbors: by kind, the nearest to both first.
        shared_ties: what both are tied to by the same predicate, the rarest first.
        attributions: one for each side that is read as text.
    """

    relatedness: Relatedness
    relations: tuple[Relation, ...]
    paths: tuple[Path, ...]
    shared_neighbors: dict[str, tuple[SharedNeighbor, ...]]
    shared_ties: tuple[SharedTies, ...]
    attributions: tuple[TextAttribution, ...]


def link_of(concept: Concept) -> str:
    """The address of a concept's page at its database; empty where none is known, and for free text."""
    return Curie.parse(concept.curie).link if concept.curie else ""
