"""What the tools answer: the records of a query under names, and the sentences that a person would have read on stderr.

`notes` say what a query was taken for where that is not obvious, and where an answer is worth little; an assistant has to pass them on.
"""

from dataclasses import dataclass

from generel.query.explain_records import Explanation
from generel.query.records import Concept, Match, Neighbor, Relatedness, Resolved


@dataclass(frozen=True)
class Lookup:
    """The concepts that `text` may mean, best first."""

    text: str
    matches: tuple[Match, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """What a query was taken to mean: `Resolved` without the row, which means nothing to an assistant."""

    query: str
    concept: Concept
    how: str
    also: tuple[Concept, ...]
    near: tuple[str, ...]

    @classmethod
    def of(cls, resolved: Resolved) -> "Taken":
        """The same, for what the space resolved."""
        return cls(resolved.query, resolved.concept, resolved.how, resolved.also, resolved.near)


@dataclass(frozen=True)
class Neighbors:
    """The concepts nearest to a query, nearest first."""

    query: Taken
    neighbors: tuple[Neighbor, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Related:
    """How alike two concepts are."""

    relatedness: Relatedness
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Explained:
    """Why two concepts are near each other."""

    explanation: Explanation
    notes: tuple[str, ...]
