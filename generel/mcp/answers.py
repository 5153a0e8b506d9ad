"""What the tools answer: the records of a query under names, and the sentences that a person would have read on stderr.

`notes` say what a query was taken for where that is not obvious, and where an answer is worth little; an assistant has to pass them on.
"""

from dataclasses import dataclass

from generel.query.explain_records import Explanation
from generel.query.records import Match, Neighbor, Relatedness, TakenAs


@dataclass(frozen=True)
class Lookup:
    """The concepts that `text` may mean, best first."""

    text: str
    matches: tuple[Match, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Neighbors:
    """The concepts nearest to a query, nearest first."""

    query: TakenAs
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
