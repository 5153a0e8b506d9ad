"""Vectors in Qdrant Edge, the Qdrant engine inside this process, read-only.

Four traps: the engine keeps threads, which a fork does not copy (a forked child opens the shard again by itself); it holds the
interpreter's lock while it searches, so speed comes from processes, which thousands of queries at once are given; it rewrites a small file when it opens a folder, so a
folder that may not be written cannot be opened; and closing a shard writes to it, and throws its files out of the page cache for
everybody, which makes the next process read them from the disk. `generel.index.edge_build` writes what this reads.

The engine raises bare `Exception`, and panics past it; both become `Corrupt` here, so that a damaged folder is a sentence.
"""

import ctypes
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt
from generel.index.quantization import NONE, Effort, effort_for
from generel.index.settle import SPARE, settle
from generel.index.store import NO_ROW, Nearest, Rows
from generel.index.unit_vectors import check_queries
from generel.index.vectors_file import Floats, VectorsFile

# Fewer queries a process are answered here before another has started.
WORTH_A_PROCESS = 1000


class EdgeStore:
    """A VectorStore over one folder that `edge_build` has written."""

    name = "edge"

    def __init__(self, folder: Path, file: VectorsFile, kinds: NDArray[np.uint8], *, quantization: str = NONE) -> None:
        """Opens the shard in `folder`.

        Args:
            file: the vectors that the shard was built from.
            kinds: (n,) positions in KINDS.
            quantization: how the shard keeps its vectors, one of QUANTIZATIONS.

        Raises:
            Corrupt: the engine cannot read the folder, or finds another number of vectors than the file has.
        """
        self._folder, self._vectors, self._kinds, self._effort = folder, file.vectors, kinds, effort_for(quantization, len(file.vectors))
        self._shard, self._process = open_for_good(folder), os.getpid()
        if self.count() != len(file.vectors):
            raise Corrupt(f"{folder} holds {self.count():,} vectors, the space {len(file.vectors):,}; run: generel load --force")

    @property
    def shard(self) -> qdrant_edge.EdgeShard:
        """The engine's shard, opened by this very process."""
        if self._process != os.getpid():
            self._shard, self._process = open_for_good(self._folder), os.getpid()
        return self._shard

    def nearest(
        self, vectors: Floats, k: int, *, kinds: Collection[str] | None = None, exclude: Rows | None = None
    ) -> Nearest:
        """As `VectorStore.nearest`, by the HNSW graph: now and then a neighbor is missed, never misplaced."""
        queries = check_queries(vectors, dims=self._vectors.shape[1])
        return settle(self._propose(queries, k + SPARE, kinds), queries, k, vectors=self._vectors, kinds=self._kinds, wanted=kinds, exclude=exclude)

    def _propose(self, queries: Floats, limit: int, kinds: Collection[str] | None) -> list[Rows]:
        n_processes = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, len(queries) // WORTH_A_PROCESS)
        if n_processes < 2:
            with translated(self._folder):
                return propose(self.shard, queries, limit, kinds=kinds, effort=self._effort)
        from generel.index.edge_search import propose_in_processes

        return propose_in_processes(self._folder, queries, limit, kinds=kinds, effort=self._effort, n_processes=n_processes, here=self.shard)

    def fetch(self, rows: Rows) -> Floats:
        """As `VectorStore.fetch`, from the file."""
        return np.array(self._vectors[rows], dtype=np.float32)

    def count(self) -> int:
        """As `VectorStore.count`."""
        return int(self.shard.info().points_count)

    def close(self) -> None:
        """Close the shard, unless it is a parent process's.

        For processes that go on without it. One that ends had better not: see above.
        """
        if self._process == os.getpid():
            self._shard.close()


def propose(shard: qdrant_edge.EdgeShard, queries: Floats, limit: int, *, kinds: Collection[str] | None, effort: Effort) -> list[Rows]:
    """For each query the rows of `limit` points or fewer that the engine takes for its nearest; NO_ROW for a point that names none.

    Args:
        queries: (n, dims) float32, unit norm.
    """
    only = None if kinds is None else qdrant_edge.Filter(must=[qdrant_edge.FieldCondition("kind", match=qdrant_edge.MatchAny(list(kinds)))])
    rescoring = qdrant_edge.QuantizationSearchParams(rescore=True, oversampling=effort.oversampling)
    parameters = qdrant_edge.SearchParams(hnsw_ef=effort.ef_for(limit, filtered=kinds is not None), quantization=rescoring)
    # The engine reads numpy rows as they are; its type stubs know only lists.
    numbers: Any = queries
    requests = [qdrant_edge.QueryRequest(limit=limit, query=qdrant_edge.Query.Nearest(each), filter=only, with_payload=False, params=parameters) for each in numbers]
    answers = shard.query_batch(qdrant_edge.QueryBatchRequest(requests))
    return [np.array([point.id if isinstance(point.id, int) else NO_ROW for point in points], dtype=np.int64) for points in answers]


def open_for_good(folder: Path) -> qdrant_edge.EdgeShard:
    """The shard in `folder`, which only `close` closes: neither the end of the process nor that of the last reference does.

    A reference that is never given back sees to that. Closing 100,000 vectors and reading them anew costs the next process
    0.2 s; and in a forked child, closing the parent's shard would wait for threads that do not exist.
    """
    with translated(folder):
        shard = qdrant_edge.EdgeShard.load(str(folder))
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(shard))
    return shard


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """A context in which what the engine says is a sentence; a space that was loaded anew before a fork ends here too."""
    try:
        yield
    except BaseException as error:
        # A panic is no `Exception`, and its class cannot be imported.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        said = " ".join(str(error).split())
        raise Corrupt(f"Qdrant Edge cannot read {folder} ({said}); open the space again, or run: generel load --force") from error
