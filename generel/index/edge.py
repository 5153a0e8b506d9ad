"""Vectors in Qdrant Edge, the Qdrant engine inside this process, read-only.

Four traps: the engine keeps threads, which a fork does not copy (a forked child opens the shard again by itself); it holds the
interpreter's lock while it searches, so speed comes from processes; it rewrites a small file when it opens a folder, so a
folder that may not be written cannot be opened; and closing a shard writes to it, and throws its files out of the page cache for
everybody, which makes the next process read them from the disk. `generel.index.edge_build` writes what this reads.
"""

import ctypes
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge

from generel.index.store import NO_ROW, Nearest, Rows, fill
from generel.index.vectors_file import Floats, VectorsFile

# Candidates kept while walking the graph. Recall@10 .998 at 100,000 vectors, .995 at 500,000, under a millisecond.
SEARCH_EF = 256
# Asked for beyond k: the row that is left out, and concepts that tie with the last one, of which the lowest row stays.
SPARE = 8


class EdgeStore:
    """A VectorStore over one folder that `edge_build` has written."""

    name = "edge"

    def __init__(self, folder: Path, file: VectorsFile) -> None:
        """Opens the shard in `folder`; `file` holds the same vectors.

        Raises:
            Exception: whatever the engine says is wrong with the folder; it has no types of its own.
            ValueError: the shard has another number of vectors than the file.
        """
        self._folder, self._file = folder, file
        self._shard, self._process = _open_for_good(folder), os.getpid()
        if self.count() != len(file.vectors):
            raise ValueError(f"{folder} holds {self.count():,} vectors, the space {len(file.vectors):,}")

    @property
    def shard(self) -> qdrant_edge.EdgeShard:
        """The engine's shard, opened by this very process."""
        if self._process != os.getpid():
            self._shard, self._process = _open_for_good(self._folder), os.getpid()
        return self._shard

    def nearest(
        self, vectors: Floats, k: int, *, kinds: Collection[str] | None = None, exclude: Rows | None = None
    ) -> Nearest:
        """As `VectorStore.nearest`, by the HNSW graph: now and then a neighbor is missed, never misplaced."""
        vectors = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        limit = k + SPARE
        answers = self.shard.query_batch(qdrant_edge.QueryBatchRequest([_request(vector, limit, kinds) for vector in vectors]))
        found = [_unpack(points) for points in answers]
        if exclude is not None:
            found = [(rows[rows != row], cosines[rows != row]) for (rows, cosines), row in zip(found, exclude, strict=True)]
        return fill(found, k)

    def fetch(self, rows: Rows) -> Floats:
        """As `VectorStore.fetch`, from the file."""
        return np.array(self._file.vectors[rows], dtype=np.float32)

    def count(self) -> int:
        """As `VectorStore.count`."""
        return int(self.shard.info().points_count)

    def close(self) -> None:
        """Close the shard, unless it is a parent process's.

        For processes that go on without it. One that ends had better not: see above.
        """
        if self._process == os.getpid():
            self._shard.close()


def _open_for_good(folder: Path) -> qdrant_edge.EdgeShard:
    """The shard in `folder`, which only `close` closes: neither the end of the process nor that of the last reference does.

    A reference that is never given back sees to that. Closing 100,000 vectors and reading them anew costs the next process
    0.2 s; and in a forked child, closing the parent's shard would wait for threads that do not exist.
    """
    shard = qdrant_edge.EdgeShard.load(str(folder))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(shard))
    return shard


def _request(vector: Floats, limit: int, kinds: Collection[str] | None) -> qdrant_edge.QueryRequest:
    only = None
    # The engine reads numpy rows as they are; its type stubs know only lists.
    numbers: Any = vector
    if kinds is not None:
        only = qdrant_edge.Filter(must=[qdrant_edge.FieldCondition("kind", match=qdrant_edge.MatchAny(list(kinds)))])
    return qdrant_edge.QueryRequest(
        limit=limit, query=qdrant_edge.Query.Nearest(numbers), filter=only, with_payload=["row"],
        params=qdrant_edge.SearchParams(hnsw_ef=max(SEARCH_EF, limit)),
    )


def _unpack(points: list[qdrant_edge.ScoredPoint]) -> tuple[Rows, Floats]:
    rows = np.array([(point.payload or {}).get("row", NO_ROW) for point in points], dtype=np.int64)
    return rows, np.array([point.score for point in points], dtype=np.float32)
