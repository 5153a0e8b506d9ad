"""Stores side by side on made-up vectors: build, open, search, memory and recall; Markdown tables on stdout.

    python tests/benchmarks/stores.py --n 1000000 --folder FOLDER

Vectors are synthetic and clustered: unequal clusters (on average 250 vectors), each with a local subspace of 24 dimensions and some
noise in all, centers near a subspace of 64. A cluster has a main kind that six of ten of its concepts are of. Uniform noise would be
much harder to index and is unlike a trained space. Queries are held-out vectors of the same mixture.

Each build and each search is a process of its own. "cpu" is processor time, which suffers less than the wall clock where a
machine is shared. qdrant-client's local mode scans in Python objects and takes minutes beyond `--local-n` vectors, so it is
measured at that size, beside Edge and the scan at the same size. faiss and numpy keep no payload and return row numbers only.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from generel.concepts.kinds import KINDS
from generel.index.edge import EdgeStore
from generel.index.edge_build import write_shard
from generel.index.exact import ExactStore
from generel.index.point_id import point_id
from generel.index.quantization import BINARY, INT8, NONE
from generel.index.recall import recall_between
from generel.index.store import Nearest
from generel.index.vectors_file import VectorsFile

DIM, K, N_QUERIES = 384, 10, 200
WANTED = "gene"
SHARES = {"variant": 0.5, "gene": 0.1, "disease": 0.1, "drug": 0.2, "phenotype": 0.1}
FAISS_LINKS, FAISS_BUILD_EF, FAISS_EF = 16, 100, 128
EDGE = {"Edge": NONE, "Edge, int8": INT8, "Edge, binary": BINARY}
STORES, LOCAL = (*EDGE, "numpy scan", "faiss HNSW"), "qdrant-client local mode"
STEPS = ("build", "ask")
Row = dict[str, Any]
Floats = NDArray[np.float32]
Search = Callable[[Floats, Sequence[str] | None], Nearest]


def make_vectors(n: int, generator: np.random.Generator) -> tuple[Floats, NDArray[np.uint8]]:
    """(n, DIM) unit vectors in clusters, and (n,) positions of their kinds in KINDS."""
    n_clusters = max(n // 250, 8)
    manifold = generator.normal(size=(64, DIM))
    centers = generator.normal(size=(n_clusters, 64)) @ manifold
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    cluster_of = generator.choice(n_clusters, n, p=generator.dirichlet(np.full(n_clusters, 0.5)))
    vectors = np.empty((n, DIM), np.float32)
    for cluster, rows in enumerate(np.split(np.argsort(cluster_of), np.cumsum(np.bincount(cluster_of, minlength=n_clusters))[:-1])):
        subspace = generator.normal(size=(24, DIM)) / np.sqrt(DIM)
        spread = 0.25 * generator.normal(size=(len(rows), 24)) @ subspace + 0.2 * generator.normal(size=(len(rows), DIM)) / np.sqrt(DIM)
        vectors[rows] = centers[cluster] + spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes, shares = [KINDS.index(kind) for kind in SHARES], list(SHARES.values())
    main_kind = generator.choice(codes, n_clusters, p=shares)[cluster_of]
    kinds = np.where(generator.random(n) < 0.6, main_kind, generator.choice(codes, n, p=shares))
    return vectors, kinds.astype(np.uint8)


class World:
    """The files of a benchmark: vectors, kinds, held-out queries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = VectorsFile.open(folder / "vectors.safetensors")
        self.kinds: NDArray[np.uint8] = np.load(folder / "kinds.npy")
        self.queries: Floats = np.load(folder / "queries.npy")
        self.n = len(self.kinds)

    @classmethod
    def make(cls, folder: Path, n: int) -> "World":
        """Made anew in `folder`, unless vectors of that number are there."""
        if not (folder / "queries.npy").exists():
            folder.mkdir(parents=True, exist_ok=True)
            vectors, kinds = make_vectors(n + N_QUERIES, np.random.default_rng(1))
            save_file({"vectors": vectors[:n], "bias": np.zeros((n, len(KINDS)), np.float32)}, folder / "vectors.safetensors")
            np.save(folder / "kinds.npy", kinds[:n])
            np.save(folder / "queries.npy", vectors[n:])
        return cls(folder)

    @property
    def exact(self) -> ExactStore:
        """The scan of these vectors."""
        return ExactStore(self.file, self.kinds)

    def truth(self, wanted: Sequence[str] | None) -> Nearest:
        """The exact neighbors of the queries, scanned once."""
        path = self.folder / f"truth-{'all' if wanted is None else wanted[0]}.npz"
        if not path.exists():
            found = self.exact.nearest(self.queries, K, kinds=wanted)
            np.savez(path, rows=found.rows, cosines=found.cosines)
        kept = np.load(path)
        return Nearest(kept["rows"], kept["cosines"])

    def curies(self) -> list[str]:
        """A CURIE a row."""
        return [f"hgnc:{row}" for row in range(self.n)]

    def kind_names(self) -> list[str]:
        """The kind of each row."""
        return [KINDS[code] for code in self.kinds]


def build(store: str, world: World) -> Row:
    """Build one store; the row says how long that took."""
    place = world.folder / store.replace(", ", "-").replace(" ", "-")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    began, spent = time.perf_counter(), time.process_time()
    if store in EDGE:
        write_shard(place, world.file, kinds=world.kind_names(), quantization=EDGE[store])
    elif store == "faiss HNSW":
        build_faiss(place / "index.faiss", world)
    elif store == LOCAL:
        build_local(place, world)
    disk = sum(path.stat().st_blocks * 512 for path in place.rglob("*") if path.is_file())
    return {
        "store": store, "build s": time.perf_counter() - began, "build cpu s": time.process_time() - spent, "build peak MB": peak_mb(),
        "disk MB": disk / 1e6 or None,
    }


def build_faiss(path: Path, world: World) -> None:
    """faiss's HNSW over vectors as they are, inner product, one thread as elsewhere here."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(DIM, FAISS_LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = FAISS_BUILD_EF
    index.add(np.asarray(world.file.vectors))
    faiss.write_index(index, str(path))


def build_local(place: Path, world: World) -> None:
    """What `QdrantClient(path=...)` keeps: SQLite and numpy, no graph."""
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(place))
    client.create_collection("all", vectors_config=models.VectorParams(size=DIM, distance=models.Distance.COSINE))
    payload = [{"row": row, "kind": kind} for row, kind in enumerate(world.kind_names())]
    client.upload_collection("all", np.asarray(world.file.vectors), payload=payload, ids=[point_id(curie) for curie in world.curies()])
    client.close()


def open_store(store: str, world: World) -> Search:
    """A way to search one store that was built."""
    place = world.folder / store.replace(", ", "-").replace(" ", "-")
    if store in EDGE:
        edge = EdgeStore(place, world.file, world.kinds, quantization=EDGE[store])
        return lambda queries, wanted: edge.nearest(queries, K, kinds=wanted)
    if store == "numpy scan":
        exact = world.exact
        return lambda queries, wanted: exact.nearest(queries, K, kinds=wanted)
    return open_faiss(place / "index.faiss", world) if store == "faiss HNSW" else open_local(place)


def open_faiss(path: Path, world: World) -> Search:
    """faiss; a filter is a bitmap of the rows that may answer."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.read_index(str(path))
    allowed = faiss.IDSelectorBitmap(np.packbits(world.kinds == KINDS.index(WANTED), bitorder="little"))

    def search(queries: Floats, wanted: Sequence[str] | None) -> Nearest:
        parameters = faiss.SearchParametersHNSW(efSearch=FAISS_EF, **({"sel": allowed} if wanted else {}))
        cosines, rows = index.search(queries, K, params=parameters)
        return Nearest(rows, cosines)

    return search


def open_local(place: Path) -> Search:
    """qdrant-client's local mode."""
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(place))

    def search(queries: Floats, wanted: Sequence[str] | None) -> Nearest:
        only = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchAny(any=list(wanted)))]) if wanted else None
        answers = [client.query_points("all", query, query_filter=only, limit=K, with_payload=["row"]).points for query in queries]
        return Nearest(
            np.array([[(point.payload or {})["row"] for point in points] for points in answers]),
            np.array([[point.score for point in points] for points in answers], np.float32),
        )

    return search


def ask(store: str, world: World) -> Row:
    """Open one store and search it, a query at a time."""
    began = time.perf_counter()
    search = open_store(store, world)
    search(world.queries[:1], None)
    row: Row = {"store": store, "open and first ms": 1000 * (time.perf_counter() - began)}
    for name, wanted in (("top 10", None), ("of one kind", [WANTED])):
        # Twice, and the second counts: the first reads pages from the disk.
        answers = [timed_search(search, world.queries, wanted) for _ in range(2)][1]
        walls, cpus, found = answers
        row |= {f"{name}: p50 ms": np.median(walls), f"{name}: p95 ms": np.quantile(walls, 0.95), f"{name}: p95 cpu ms": np.quantile(cpus, 0.95)}
        row[f"{name}: recall@10"] = recall_between(found, world.truth(wanted))
    return row | {"asking peak MB": peak_mb()}


def timed_search(search: Search, queries: Floats, wanted: Sequence[str] | None) -> tuple[list[float], list[float], Nearest]:
    """Milliseconds of the wall clock and of the processor for each query, and all answers."""
    walls, cpus, answers = [], [], []
    for query in queries:
        began, spent = time.perf_counter(), time.process_time()
        answers.append(search(query[None], wanted))
        walls.append(1000 * (time.perf_counter() - began))
        cpus.append(1000 * (time.process_time() - spent))
    return walls, cpus, Nearest(np.concatenate([each.rows for each in answers]), np.concatenate([each.cosines for each in answers]))


def peak_mb() -> float:
    """The largest resident memory of this process so far, file pages included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(stores: Sequence[str], folder: Path, n: int, *, steps: Sequence[str] = STEPS) -> Iterator[Row]:
    """A row a store; each step of it in a process of its own."""
    world = World.make(folder, n)
    world.truth(None)
    world.truth([WANTED])
    for store in stores:
        row: Row = {}
        for step in steps:
            command = [sys.executable, __file__, "--step", step, "--store", store, "--folder", str(folder)]
            row |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])
        print(json.dumps(row), file=sys.stderr, flush=True)
        yield row


def print_table(title: str, rows: list[Row]) -> None:
    """Markdown."""
    columns = list(rows[0])
    print(f"\n**{title}**\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(written(column, row.get(column)) for column in columns)} |")


def written(column: str, value: object) -> str:
    """A figure as the table has it."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    return f"{value:.4f}" if "recall" in column else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000, help="vectors")
    parser.add_argument("--local-n", type=int, default=20_000, help="vectors beside qdrant-client's local mode; 0 leaves it out")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    parser.add_argument("--again", action="store_true", help="only ask: the indexes are those that an earlier run left in FOLDER")
    parser.add_argument("--folder", type=Path, required=True, help="keep vectors and indexes here")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--store", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps((build if options.step == "build" else ask)(options.store, World(options.folder)), default=float))
        return
    steps = STEPS[1:] if options.again else STEPS
    if options.local_n:
        small = list(measure([LOCAL, "Edge", "numpy scan"], options.folder / str(options.local_n), options.local_n, steps=steps))
        print_table(f"{options.local_n:,} concepts, {DIM} dimensions", small)
    print_table(f"{options.n:,} concepts, {DIM} dimensions", list(measure(options.stores, options.folder / str(options.n), options.n, steps=steps)))


if __name__ == "__main__":
    main()
