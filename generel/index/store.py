"""The small face behind which vectors lie: Qdrant Edge, a Qdrant server, a plain scan.

Rows, not CURIEs: row i is the concept whose `row` is i in `concepts.parquet`. Cosines come back descending, equal ones by row,
and a query that has fewer than k answers is filled up with row -1.
"""

from collections.abc import Collection
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from generel.index.vectors_file import Floats

Rows = NDArray[np.int64]
NO_ROW = -1


class Nearest(NamedTuple):
    """The nearest rows of several queries.

    Attributes:
        rows: (queries, k) int64; NO_ROW where there were no more.
        cosines: (queries, k) float32, descending; NaN where `rows` is NO_ROW.
    """

    rows: Rows
    cosines: Floats


class VectorStore(Protocol):
    """What a query needs of a store."""

    name: str

    def nearest(
        self, vectors: Floats, k: int, *, kinds: Collection[str] | None = None, exclude: Rows | None = None
    ) -> Nearest:
        """The k nearest rows of each vector.

        Args:
            vectors: (queries, dim) float32, unit norm.
            k: how many; at least 1.
            kinds: only rows of these kinds; None for all.
            exclude: (queries,) one row per query that is never its answer; NO_ROW for none.

        Raises:
            BadInput: a vector is zero, not finite, not of unit norm, or has another length.
        """
        ...

    def fetch(self, rows: Rows) -> Floats:
        """(len(rows), dim) float32: the vectors of the rows, in their order."""
        ...

    def count(self) -> int:
        """How many vectors there are."""
        ...

    def close(self) -> None:
        """Give back what the store holds open."""
        ...


def fill(found: list[tuple[Rows, Floats]], k: int) -> Nearest:
    """Answers of different lengths as one `Nearest`: each sorted by cosine, then row, cut at k and filled up to k."""
    rows = np.full((len(found), k), NO_ROW, dtype=np.int64)
    cosines = np.full((len(found), k), np.nan, dtype=np.float32)
    for i, (some_rows, some_cosines) in enumerate(found):
        order = np.lexsort((some_rows, -some_cosines))[:k]
        rows[i, : len(order)] = some_rows[order]
        cosines[i, : len(order)] = some_cosines[order]
    return Nearest(rows, cosines)
