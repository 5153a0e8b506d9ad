"""Writing the Edge folder of a space, as a program: `python -m generel.index.edge_build SPACE FOLDER QUANTIZATION`.

A program and not a function, because the engine holds the interpreter's lock for the whole build and its memory peaks at several
times the vectors: in a process of its own it blocks no progress bar and gives the memory back. It prints one JSON object,
the fields of a `Recall` or `{"refused": sentence}`.
"""

import ctypes
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge
from qdrant_edge import Memory

from generel.concepts.kinds import KINDS
from generel.index.edge import EdgeStore
from generel.index.exact import ExactStore
from generel.index.names import NamesIndex
from generel.index.quantization import BINARY, BUILD_EF, INT8, INT8_QUANTILE, LINKS, NONE
from generel.index.recall import PoorIndexError, measure_recall
from generel.index.space_folder import INDEX, NAMES_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile

POINTS_AT_ONCE, FULL_SCAN_BELOW_KB = 2000, 10_000
REFUSED = 3
PR_SET_PDEATHSIG = 1


def main() -> int:
    """Build, verify, and say how it went; 0, or REFUSED where the result is not good enough to serve."""
    # Ctrl-C reaches the parent too, which ends this process and removes its folder.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    space, folder, quantization = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    file = VectorsFile.open(space / VECTORS_FILE)
    names = NamesIndex(space / INDEX / NAMES_FILE)
    write_shard(folder, file, kinds=[KINDS[code] for code in names.kinds], quantization=quantization)
    recall = measure_recall(EdgeStore(folder, file, names.kinds, quantization=quantization), ExactStore(file, names.kinds))
    try:
        recall.require("the Edge index")
    except PoorIndexError as refusal:
        _print(refused=str(refusal))
        return REFUSED
    _print(**asdict(recall))
    return 0


def _end_with_parent() -> None:
    """Have this process end when the one that loads is killed: nobody would use what it goes on building. Linux knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def write_shard(folder: Path, file: VectorsFile, *, kinds: list[str], quantization: str = NONE) -> None:
    """A shard in `folder` with one point a vector, its graph built and flushed.

    A point's id is its row: a neighbor query to a service of 177,057 concepts takes 2.4 ms of a processor so, and 3.2 where rows are read from
    payloads (`tests/benchmarks/service_load.py`).
    """
    shard = qdrant_edge.EdgeShard.create(str(folder), _configuration(file.vectors.shape[1], quantization))
    # Before the points: an index that comes later leaves the graph without the links that filtered searches walk.
    shard.update(qdrant_edge.UpdateOperation.create_field_index("kind", qdrant_edge.KeywordIndexParams(memory=Memory.Cold)))
    for start in range(0, len(kinds), POINTS_AT_ONCE):
        # The engine reads numpy rows as they are; its type stubs know only lists.
        vectors: Any = np.asarray(file.vectors[start : start + POINTS_AT_ONCE])
        points = [
            qdrant_edge.Point(row, vector, {"kind": kinds[row]})
            for row, vector in enumerate(vectors, start)
        ]
        shard.update(qdrant_edge.UpdateOperation.upsert_points(points))
    shard.optimize()
    shard.flush()
    shard.close()


def _configuration(dim: int, quantization: str) -> qdrant_edge.EdgeConfig:
    # All cold: opens in milliseconds and keeps in memory only the pages that searches touch.
    graph = qdrant_edge.HnswIndexConfig(
        m=LINKS, ef_construct=BUILD_EF, full_scan_threshold=FULL_SCAN_BELOW_KB, memory=Memory.Cold
    )
    vectors = qdrant_edge.EdgeVectorParams(size=dim, distance=qdrant_edge.Distance.Cosine, memory=Memory.Cold)
    return qdrant_edge.EdgeConfig(
        vectors=vectors, hnsw_config=graph, quantization_config=_quantized(quantization), payload_memory=Memory.Cold,
        id_tracker_memory=Memory.Cold, wal_enabled=False,
    )


def _quantized(quantization: str) -> qdrant_edge.ScalarQuantizationConfig | qdrant_edge.BinaryQuantizationConfig | None:
    # Cold too: kept in the page cache by request, the quantized vectors took seconds to open.
    if quantization == INT8:
        return qdrant_edge.ScalarQuantizationConfig(qdrant_edge.ScalarType.Int8, quantile=INT8_QUANTILE, memory=Memory.Cold)
    if quantization == BINARY:
        return qdrant_edge.BinaryQuantizationConfig(
            encoding=qdrant_edge.BinaryQuantizationEncoding.TwoBits,
            query_encoding=qdrant_edge.BinaryQuantizationQueryEncoding.Scalar8Bits, memory=Memory.Cold,
        )
    return None


def _print(**values: object) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    sys.exit(main())
