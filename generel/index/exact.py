"""The exact store: a scan of the memory map with numpy.

It is the oracle of the tests, and what serves where Qdrant Edge cannot: no wheel, or a folder that may not be written.
A scan of 100,000 vectors of 384 numbers takes about 7 ms.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS
from generel.index.store import NO_ROW, Nearest, Rows, fill
from generel.index.unit_vectors import check_queries
from generel.index.vectors_file import Floats, VectorsFile

BLOCK_ROWS = 1 << 14
BLOCK_QUERIES = 64


class ExactStore:
    """A VectorStore over a memory map and the kind of every row."""

    name = "exact"

    def __init__(self, file: VectorsFile, kinds: NDArray[np.uint8]) -> None:
        """Over `file`; `kinds` is (n,) uint8, positions in `generel.concepts.kinds.KINDS`."""
        if len(kinds) != len(file.vectors):
            raise ValueError(f"{len(kinds)} kinds for {len(file.vectors)} vectors")
        self._vectors, self.kinds = file.vectors, kinds

    def nearest(
        self, vectors: Floats, k: int, *, kinds: Collection[str] | None = None, exclude: Rows | None = None
    ) -> Nearest:
        """As `VectorStore.nearest`, exactly."""
        vectors = check_queries(vectors, dims=self._vectors.shape[1])
        excluded = np.full(len(vectors), NO_ROW) if exclude is None else exclude
        wanted = None if kinds is None else np.isin(self.kinds, [KINDS.index(kind) for kind in kinds])
        found: list[tuple[Rows, Floats]] = []
        for start in range(0, len(vectors), BLOCK_QUERIES):
            found += self._scan(vectors[start : start + BLOCK_QUERIES], k, wanted, excluded[start : start + BLOCK_QUERIES])
        return fill(found, k)

    def _scan(
        self, queries: Floats, k: int, wanted: NDArray[np.bool_] | None, exclude: Rows
    ) -> list[tuple[Rows, Floats]]:
        best = [(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
        for start in range(0, len(self._vectors), BLOCK_ROWS):
            cosines = queries @ self._vectors[start : start + BLOCK_ROWS].T  # (queries, rows of the block)
            rows = np.arange(start, start + cosines.shape[1])
            if wanted is not None:
                keep = wanted[rows]
                cosines, rows = cosines[:, keep], rows[keep]
            best = [
                _best_of(np.append(known, rows), np.append(scores, row), k, leave_out)
                for (known, scores), row, leave_out in zip(best, cosines, exclude, strict=True)
            ]
        return best

    def fetch(self, rows: Rows) -> Floats:
        """As `VectorStore.fetch`."""
        return np.array(self._vectors[rows], dtype=np.float32)

    def count(self) -> int:
        """As `VectorStore.count`."""
        return len(self._vectors)

    def close(self) -> None:
        """Nothing to do: the map goes with the last view of it."""


def _best_of(rows: Rows, cosines: Floats, k: int, leave_out: int) -> tuple[Rows, Floats]:
    """The k best, and all that tie with the last of them, so that a later sort by row decides who stays."""
    if leave_out != NO_ROW:
        keep = rows != leave_out
        rows, cosines = rows[keep], cosines[keep]
    if len(rows) <= k:
        return rows, cosines
    keep = cosines >= np.partition(cosines, len(cosines) - k)[len(cosines) - k]
    return rows[keep], cosines[keep]
