"""Writing the Edge folder of a space, as a program: `python -m generel.index.edge_build SPACE FOLDER`.

A program and not a function, because the engine holds the interpreter's lock for the whole build and its memory peaks at several
times the vectors: in a process of its own it blocks no progress bar and gives the memory back. It prints one JSON object,
`{"recall": r}` or `{"refused": sentence}`.
"""

import json
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge
from qdrant_edge import Memory

from generel.concepts.kinds import KINDS
from generel.index.edge import EdgeStore
from generel.index.exact import ExactStore
from generel.index.names import NamesIndex
from generel.index.space_folder import INDEX, NAMES_FILE, VECTORS_FILE
from generel.index.store import Nearest
from generel.index.vectors_file import VectorsFile

POINTS_AT_ONCE = 2000
LINKS, BUILD_EF, FULL_SCAN_BELOW_KB = 16, 100, 10_000
SAMPLE, CHECKED_K, LEAST_RECALL = 200, 10, 0.9
SEED = 20
# Cosines of the two stores differ in the last digits; a neighbor this close to the k-th is as good as it.
TIE = 1e-5
REFUSED = 3


def point_id(curie: str) -> str:
    """The id of a concept's point, the same in every store: uuid5 of the CURIE as a URL-space name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, curie))


def main() -> int:
    """Build, verify, and say how it went; 0, or REFUSED where the result is not good enough to serve."""
    # Ctrl-C reaches the parent too, which ends this process and removes its folder.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    space, folder = Path(sys.argv[1]), Path(sys.argv[2])
    file = VectorsFile.open(space / VECTORS_FILE)
    names = NamesIndex(space / INDEX / NAMES_FILE)
    write_shard(folder, file, curies=names.curies(), kinds=[KINDS[code] for code in names.kinds])
    recall = measure_recall(EdgeStore(folder, file), ExactStore(file, names.kinds), file)
    if recall < LEAST_RECALL:
        _print(refused=f"recall@{CHECKED_K} against the exact search is {recall:.3f}, below {LEAST_RECALL}")
        return REFUSED
    _print(recall=recall)
    return 0


def write_shard(folder: Path, file: VectorsFile, *, curies: list[str], kinds: list[str]) -> None:
    """A shard in `folder` with one point a vector, its graph built and flushed."""
    shard = qdrant_edge.EdgeShard.create(str(folder), _configuration(file.vectors.shape[1]))
    # Before the points: an index that comes later leaves the graph without the links that filtered searches walk.
    shard.update(qdrant_edge.UpdateOperation.create_field_index("kind", qdrant_edge.KeywordIndexParams(memory=Memory.Cold)))
    for start in range(0, len(curies), POINTS_AT_ONCE):
        # The engine reads numpy rows as they are; its type stubs know only lists.
        vectors: Any = np.asarray(file.vectors[start : start + POINTS_AT_ONCE])
        points = [
            qdrant_edge.Point(point_id(curies[row]), vector, {"row": row, "kind": kinds[row]})
            for row, vector in enumerate(vectors, start)
        ]
        shard.update(qdrant_edge.UpdateOperation.upsert_points(points))
    shard.optimize()
    shard.flush()
    shard.close()


def _configuration(dim: int) -> qdrant_edge.EdgeConfig:
    # All cold: opens in milliseconds and keeps in memory only the pages that searches touch.
    graph = qdrant_edge.HnswIndexConfig(
        m=LINKS, ef_construct=BUILD_EF, full_scan_threshold=FULL_SCAN_BELOW_KB, memory=Memory.Cold
    )
    vectors = qdrant_edge.EdgeVectorParams(size=dim, distance=qdrant_edge.Distance.Cosine, memory=Memory.Cold)
    return qdrant_edge.EdgeConfig(
        vectors=vectors, hnsw_config=graph, payload_memory=Memory.Cold, id_tracker_memory=Memory.Cold, wal_enabled=False
    )


def measure_recall(edge: EdgeStore, exact: ExactStore, file: VectorsFile) -> float:
    """Share of the exact nearest 10 that Edge finds, over a sample of the space's own vectors; ties are not held against it."""
    n = len(file.vectors)
    rows = np.sort(np.random.default_rng(SEED).choice(n, size=min(SAMPLE, n), replace=False))
    queries = exact.fetch(rows)
    return recall_between(edge.nearest(queries, CHECKED_K), exact.nearest(queries, CHECKED_K))


def recall_between(found: Nearest, truth: Nearest) -> float:
    """Mean over queries of the share of found cosines that reach the last true one (within TIE)."""
    worst = np.nanmin(truth.cosines, axis=1, keepdims=True)
    n_true = np.sum(~np.isnan(truth.cosines), axis=1)
    return float(np.mean(np.sum(found.cosines >= worst - TIE, axis=1) / n_true))


def _print(**values: object) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    sys.exit(main())
