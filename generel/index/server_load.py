"""Loading a space into a Qdrant server or cluster: a new collection, filled, verified, and only then served.

Nobody reads a collection before its load is verified, and what is served meanwhile is not touched. A load that was cut off,
or that a server cut off, goes on where it stopped when it is run again: points have ids of their own making and the collection
has the name of its release. Two loads of one release at once write the same points, so they need no lock between machines.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import BuildMismatch, Corrupt, ServerUnavailable
from generel.concepts.kinds import KINDS
from generel.concepts.progress import SILENT, Progress
from generel.index.exact import ExactStore
from generel.index.load import verified_space
from generel.index.names import NamesIndex
from generel.index.point_id import point_id
from generel.index.quantization import BINARY, BUILD_EF, INT8, INT8_QUANTILE, LINKS, NONE
from generel.index.recall import SAMPLE, SEED, Recall, measure_recall
from generel.index.server import ServerStore
from generel.index.server_collections import Collection, read_collection, serve, write_metadata
from generel.index.server_connection import Connection
from generel.index.space_folder import INDEX, NAMES_FILE, VECTORS_FILE
from generel.index.store import Rows
from generel.index.vectors_file import VectorsFile

if TYPE_CHECKING:
    from qdrant_client.http.models import BinaryQuantization, ScalarQuantization

POINTS_AT_ONCE, IDS_AT_ONCE = 256, 10_000
# From here on the graph is built once, after the last point, and not again and again while they come.
DEFERRED_FROM = 100_000
# What a server gives back differs from what it was given in the last digits.
VECTOR_TOLERANCE = 1e-4
POLL_SECONDS, LONGEST_INDEXING_SECONDS = 1.0, 6 * 3600


@dataclass(frozen=True)
class Layout:
    """How a server is to keep a space.

    Attributes:
        quantization: one of QUANTIZATIONS; quantized vectors are kept in memory.
        on_disk: whether the vectors as they are stay on the disk.
        shards, replicas: of a cluster; None for what the server does by itself.
        uploads: batches that are under way at once.
    """

    quantization: str = NONE
    on_disk: bool = False
    shards: int | None = None
    replicas: int | None = None
    uploads: int = 4


@dataclass(frozen=True)
class Points:
    """What is loaded: (n, dim) vectors of unit norm, and CURIE and kind of each row."""

    file: VectorsFile
    curies: list[str]
    codes: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.curies)

    def payload(self, row: int) -> dict[str, Any]:
        """What a point carries."""
        return {"row": row, "kind": KINDS[self.codes[row]]}


@dataclass(frozen=True)
class LoadedServer:
    """How a load into a server went; `uploaded` points were sent now, the others were there."""

    collection: Collection
    uploaded: int


def load_into_server(folder: Path, connection: Connection, *, layout: Layout | None = None, wait: bool = True, progress: Progress = SILENT) -> LoadedServer:
    """Verify the space in `folder`, bring it into a collection, and serve that by the alias of the space's name.

    Raises:
        Corrupt: a file of the space is not what was released, or the server holds other vectors than it was given.
        PoorIndexError: the server's search misses too many neighbors; what was served before is served on.
        ServerUnavailable, ServerRefused: see `Connection.ask`; run it again and it goes on.
        BuildMismatch: a collection of the same name is not this release.
    """
    layout = layout or Layout()
    with verified_space(folder, wait=wait, progress=progress) as (manifest, _):
        names = NamesIndex(folder / INDEX / NAMES_FILE)
        points = Points(VectorsFile.open(folder / VECTORS_FILE), names.curies(), names.kinds)
        collection = Collection.of(manifest, quantization=layout.quantization, on_disk=layout.on_disk)
        found = read_collection(connection, collection.name)
        if found is None:
            create_collection(connection, collection, layout, dims=manifest.dims)
        elif (found.vectors, found.n_concepts) != (collection.vectors, collection.n_concepts):
            raise BuildMismatch(f"the collection '{found.name}' of {connection.server.shown} was loaded from another release; remove it and load again")
        if found and found.complete:
            return LoadedServer(serve(connection, found), 0)
        uploaded = upload_missing(connection, collection.name, points, uploads=layout.uploads, progress=progress)
        wait_until_indexed(connection, collection.name, progress=progress)
        recall = verify(connection, collection, points, progress=progress)
        completed = replace(collection, complete=True, recall=recall)
        write_metadata(connection, completed)
        return LoadedServer(serve(connection, completed), uploaded)


def create_collection(connection: Connection, collection: Collection, layout: Layout, *, dims: int) -> None:
    """An empty collection that is not complete, with its index of kinds."""
    from qdrant_client import models

    deferred = collection.n_concepts >= DEFERRED_FROM
    connection.ask("creating a collection", lambda client: client.collection_exists(collection.name) or client.create_collection(
        collection.name, vectors_config=models.VectorParams(size=dims, distance=models.Distance.COSINE, on_disk=layout.on_disk),
        hnsw_config=models.HnswConfigDiff(m=0 if deferred else LINKS, ef_construct=BUILD_EF),
        quantization_config=_quantized(layout.quantization), shard_number=layout.shards, replication_factor=layout.replicas,
        metadata=collection.metadata(),
    ))


def _quantized(quantization: str) -> "ScalarQuantization | BinaryQuantization | None":
    from qdrant_client import models

    if quantization == INT8:
        return models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=INT8_QUANTILE, always_ram=True))
    if quantization == BINARY:
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(
            encoding=models.BinaryQuantizationEncoding.TWO_BITS, query_encoding=models.BinaryQuantizationQueryEncoding.SCALAR8BITS, always_ram=True,
        ))
    return None


def upload_missing(connection: Connection, name: str, points: Points, *, uploads: int, progress: Progress = SILENT) -> int:
    """Send the points that the collection does not have yet; how many those were."""
    from qdrant_client import models

    # Before the points: an index that comes later leaves the graph without the links that filtered searches walk.
    connection.ask("indexing kinds", lambda client: client.create_payload_index(name, "kind", models.PayloadSchemaType.KEYWORD))
    missing = np.flatnonzero(~_rows_there(connection, name, len(points)))

    def send(rows: Rows) -> int:
        batch = models.Batch(
            ids=[point_id(points.curies[row]) for row in rows], vectors=points.file.vectors[rows].tolist(), payloads=[points.payload(row) for row in rows.tolist()],
        )
        connection.ask("uploading", lambda client: client.upsert(name, batch, wait=True))
        return len(rows)

    batches = (missing[start : start + POINTS_AT_ONCE] for start in range(0, len(missing), POINTS_AT_ONCE))
    with progress.task("uploading vectors", total=len(points)) as advance, ThreadPoolExecutor(uploads) as pool:
        advance(len(points) - len(missing))
        pending: set[Future[int]] = {pool.submit(send, rows) for rows in batches}
        try:
            for done in as_completed(pending):
                advance(done.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return len(missing)


def _rows_there(connection: Connection, name: str, n: int) -> NDArray[np.bool_]:
    """(n,) whether the collection has the point of each row."""
    there = np.zeros(n, bool)
    for records in _scroll(connection, name):
        rows = np.array([(record.payload or {}).get("row", -1) for record in records], dtype=np.int64)
        if np.any((rows < 0) | (rows >= n)):
            raise BuildMismatch(f"the collection '{name}' of {connection.server.shown} holds points of something else; remove it and load again")
        there[rows] = True
    return there


def _scroll(connection: Connection, name: str) -> Iterator[list[Any]]:
    start: Any = None

    def ask(client: Any) -> Any:
        return client.scroll(name, limit=IDS_AT_ONCE, offset=start, with_payload=["row"])

    while True:
        records, start = connection.ask("listing points", ask)
        yield records
        if start is None:
            return


def wait_until_indexed(connection: Connection, name: str, *, progress: Progress = SILENT) -> None:
    """Have the graph built, and return when it is.

    Raises:
        ServerUnavailable: the server cannot build it, or not in hours.
    """
    from qdrant_client import models

    connection.ask("having the graph built", lambda client: client.update_collection(name, hnsw_config=models.HnswConfigDiff(m=LINKS)))
    with progress.task("the server builds its graph"):
        for _ in range(int(LONGEST_INDEXING_SECONDS / POLL_SECONDS)):
            info = connection.ask("waiting for the graph", lambda client: client.get_collection(name))
            if info.status == models.CollectionStatus.GREEN:
                return
            if info.status == models.CollectionStatus.RED:
                raise ServerUnavailable(f"Qdrant at {connection.server.shown} cannot build the graph of '{name}': {info.optimizer_status}; see its log")
            connection.server.sleep(POLL_SECONDS)
    raise ServerUnavailable(f"Qdrant at {connection.server.shown} is still building the graph of '{name}'; run the command again later, it goes on")


def verify(connection: Connection, collection: Collection, points: Points, *, progress: Progress = SILENT) -> Recall:
    """The recall of a collection that holds what it was given.

    Raises:
        Corrupt: it holds another number of points, or a sampled point is not what was sent.
        PoorIndexError: it misses too many neighbors.
    """
    store = ServerStore(connection, collection, points.file, points.codes)
    with progress.task("verifying what the server holds"):
        if (n := store.count()) != len(points):
            raise Corrupt(f"the collection '{collection.name}' holds {n:,} points instead of {len(points):,}; run the command again")
        _compare_sample(connection, collection.name, points)
        recall = measure_recall(store, ExactStore(points.file, points.codes))
    recall.require(f"the collection '{collection.name}'")
    return recall


def _compare_sample(connection: Connection, name: str, points: Points) -> None:
    n = len(points)
    rows = np.random.default_rng(SEED).choice(n, size=min(SAMPLE, n), replace=False).tolist()
    ids = {point_id(points.curies[row]): row for row in rows}
    records = connection.ask("reading points back", lambda client: client.retrieve(name, list(ids), with_payload=True, with_vectors=True))
    held = {ids[str(record.id)]: record for record in records}
    wrong = [points.curies[row] for row in rows if row not in held or not _is_as_sent(held[row], row, points)]
    if wrong:
        raise Corrupt(f"the collection '{name}' holds {len(wrong):,} of {len(rows):,} sampled points otherwise than they were sent, such as {wrong[0]}; remove it and load again")


def _is_as_sent(record: Any, row: int, points: Points) -> bool:
    vector = np.asarray(record.vector, dtype=np.float32)
    return record.payload == points.payload(row) and bool(np.allclose(vector, points.file.vectors[row], atol=VECTOR_TOLERANCE))
