"""A store that also answers with added concepts: the space's own store, whatever it is, and a scan of the few that were added.

The added ones are scanned exactly and merged by cosine, so the answer is that of the store over the space's vectors, with the
added concepts in their right places.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from generel.index.exact import ExactStore
from generel.index.store import NO_ROW, Nearest, Rows, VectorStore, fill
from generel.index.vectors_file import Floats, VectorsFile


class JoinedVectors:
    """The vectors and biases of a space and, in the rows after them, of the added concepts."""

    def __init__(self, own: VectorsFile, added: VectorsFile | None) -> None:
        """Over both; None where nothing was added."""
        self.own, self.added = own, added

    def __len__(self) -> int:
        return len(self.own.vectors) + (len(self.added.vectors) if self.added else 0)

    def vectors(self, rows: Rows) -> Floats:
        """(len(rows), dims) float32 in the order of the rows."""
        return self._take(np.asarray(rows, dtype=np.int64), self.own.vectors, self.added.vectors if self.added else None)

    def bias(self, rows: Rows, kind: int) -> Floats:
        """(len(rows),) float32: what each concept gains as an answer to a query of the kind at this place in KINDS."""
        return self._take(np.asarray(rows, dtype=np.int64), self.own.bias[:, kind], self.added.bias[:, kind] if self.added else None)

    def _take(self, rows: Rows, own: Floats, added: Floats | None) -> Floats:
        if added is None:
            return np.asarray(own[rows], dtype=np.float32)
        taken = np.empty((len(rows), *own.shape[1:]), np.float32)
        later = rows >= len(own)
        taken[~later], taken[later] = own[rows[~later]], added[rows[later] - len(own)]
        return taken


class JoinedStore:
    """A VectorStore over a space's store and its added concepts."""

    def __init__(self, own: VectorStore, added: VectorsFile, kinds: NDArray[np.uint8]) -> None:
        """`kinds` is (m,) uint8, the kind of each added concept by its place in KINDS."""
        self._own, self._added, self._n_own = own, ExactStore(added, kinds), own.count()
        self.name = own.name

    def nearest(self, vectors: Floats, k: int, *, kinds: Collection[str] | None = None, exclude: Rows | None = None) -> Nearest:
        """As `VectorStore.nearest`."""
        left_out = np.full(len(np.atleast_2d(vectors)), NO_ROW) if exclude is None else np.asarray(exclude)
        is_added = left_out >= self._n_own
        own = self._own.nearest(vectors, k, kinds=kinds, exclude=np.where(is_added, NO_ROW, left_out))
        added = self._added.nearest(vectors, k, kinds=kinds, exclude=np.where(is_added, left_out - self._n_own, NO_ROW))
        both = [_real(*each) for each in zip(own.rows, own.cosines, strict=True)], [_real(*each) for each in zip(added.rows, added.cosines, strict=True)]
        merged = [(np.append(mine, theirs + self._n_own), np.append(my_cosines, cosines)) for (mine, my_cosines), (theirs, cosines) in zip(*both, strict=True)]
        return fill(merged, k)

    def fetch(self, rows: Rows) -> Floats:
        """As `VectorStore.fetch`."""
        rows = np.asarray(rows, dtype=np.int64)
        later = rows >= self._n_own
        own, added = self._own.fetch(rows[~later]), self._added.fetch(rows[later] - self._n_own)
        fetched = np.empty((len(rows), added.shape[1]), np.float32)
        fetched[~later], fetched[later] = own, added
        return fetched

    def count(self) -> int:
        """How many vectors there are, the added ones among them."""
        return self._n_own + self._added.count()

    def close(self) -> None:
        """Close the space's store."""
        self._own.close()


def _real(rows: Rows, cosines: Floats) -> tuple[Rows, Floats]:
    """The answers without what only fills up."""
    there = rows != NO_ROW
    return rows[there], cosines[there]
