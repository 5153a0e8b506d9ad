"""The contract of a vector store, held by all of them alike, against a plain loop.

Edge is pinned and in beta: this is the test that is to fail loudly when its version changes. The server store is held to it over
qdrant-client's `:memory:` engine, over loopback HTTP and gRPC against fakes that answer with that engine, and, where
GENEREL_TEST_QDRANT_URL names one, over a real server (with GENEREL_TEST_QDRANT_API_KEY), in a collection of its own.
"""

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from generel.concepts.errors import BadInput, Corrupt
from generel.concepts.kinds import KINDS
from generel.index import edge as edge_module
from generel.index import exact as exact_module
from generel.index.edge import EdgeStore
from generel.index.edge_build import write_shard
from generel.index.exact import ExactStore
from generel.index.point_id import point_id
from generel.index.recall import Recall, measure_recall, recall_between
from generel.index.server import ServerStore
from generel.index.server_collections import Collection
from generel.index.server_connection import Connection, Server
from generel.index.server_load import Layout, Points, create_collection, upload_missing, wait_until_indexed
from generel.index.settle import settle
from generel.index.store import NO_ROW, Nearest, VectorStore, fill
from generel.index.vectors_file import VectorsFile
from tests.index.qdrant_fake import FakeQdrant
from tests.index.qdrant_fake_grpc import serving_grpc
from tests.worlds import CONCEPTS, unit, world_vectors

KIND_OF = [kind for _, kind, *_ in CONCEPTS]
CURIES = [curie for curie, *_ in CONCEPTS]


REAL = os.environ.get("GENEREL_TEST_QDRANT_URL", "")
NO_REAL = pytest.mark.skipif(not REAL, reason="GENEREL_TEST_QDRANT_URL names no server, so nothing is proven of a real one")


@contextmanager
def store_of(name: str, folder: Path, vectors: np.ndarray, kinds: list[str], curies: list[str]) -> Iterator[VectorStore]:
    """A store of that name over vectors and kinds, closed and taken away in the end."""
    file = VectorsFile(vectors, np.zeros(len(vectors), np.float32))
    codes = np.array([KINDS.index(kind) for kind in kinds], np.uint8)
    engine, _, quantization = name.partition(" ")
    if engine == "exact":
        yield ExactStore(file, codes)
    elif engine == "edge":
        folder.mkdir()
        write_shard(folder, file, kinds=kinds, quantization=quantization or "none")
        store = EdgeStore(folder, file, codes, quantization=quantization or "none")
        yield store
        store.close()
    else:
        with connection_to(engine) as connection:
            yield from server_store_of(connection, Points(file, curies, codes))


@contextmanager
def connection_to(engine: str) -> Iterator[Connection]:
    """A connection to a server of that sort."""
    if engine == "memory":
        yield Connection(Server("http://nowhere"), client=QdrantClient(":memory:"))
    elif engine == "real":
        yield Connection(Server(REAL, api_key=os.environ.get("GENEREL_TEST_QDRANT_API_KEY", "")))
    elif engine == "grpc":
        with serving_grpc(FakeQdrant(api_key="secret")) as port:
            yield Connection(Server("http://127.0.0.1", api_key="secret", grpc_port=port))
    else:
        with FakeQdrant(api_key="secret").serving() as url:
            yield Connection(Server(url, api_key="secret"))


def server_store_of(connection: Connection, points: Points) -> Iterator[VectorStore]:
    """A server store over a collection of its own."""
    collection = Collection(f"test-{uuid.uuid4()}", "test", "0" * 64, len(points), "none")
    create_collection(connection, collection, Layout(), dims=points.file.vectors.shape[1])
    try:
        upload_missing(connection, collection.name, points, uploads=2)
        wait_until_indexed(connection, collection.name)
        yield ServerStore(connection, collection, points.file, points.codes)
    finally:
        connection.ask("cleaning up", lambda client: client.delete_collection(collection.name))
        connection.close()


def nearest_by_loop(query: np.ndarray, k: int, kinds: set[str] | None, leave_out: int) -> list[tuple[int, float]]:
    """The oracle: (row, cosine) of the k nearest rows of the world, by cosine, then row."""
    found = []
    for row, vector in enumerate(world_vectors()):
        if row != leave_out and (kinds is None or KIND_OF[row] in kinds):
            found.append((row, float(sum(a * b for a, b in zip(query.tolist(), vector.tolist(), strict=True)))))
    return sorted(found, key=lambda hit: (-round(hit[1], 6), hit[0]))[:k]


@pytest.fixture(scope="module", params=["exact", "edge", "edge int8", "edge binary", "memory", "http", "grpc", pytest.param("real", marks=NO_REAL)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorStore]:
    """Each store over the world; no test changes it."""
    with store_of(request.param, tmp_path_factory.mktemp("stores") / "store", world_vectors(), KIND_OF, CURIES) as opened:
        yield opened


@pytest.mark.parametrize("kinds", [None, {"drug"}, {"gene", "variant"}])
@pytest.mark.parametrize("k", [1, 3, 20])
def test_nearest_rows_are_those_of_a_loop(store: VectorStore, kinds: set[str] | None, k: int) -> None:
    """For every vector of the world, itself left out: the loop's rows and cosines, filled up to k with NO_ROW and NaN."""
    queries = world_vectors()
    found = store.nearest(queries, k, kinds=kinds, exclude=np.arange(len(queries)))
    assert found.rows.shape == found.cosines.shape == (12, k)
    for row, query in enumerate(queries):
        expected = nearest_by_loop(query, k, kinds, row)
        n = len(expected)
        np.testing.assert_allclose(found.cosines[row, :n], [cosine for _, cosine in expected], atol=1e-6)
        assert found.rows[row, n:].tolist() == [NO_ROW] * (k - n)
        assert np.isnan(found.cosines[row, n:]).all()
        assert row not in found.rows[row]
        if len({round(cosine, 5) for _, cosine in nearest_by_loop(query, 20, kinds, row)}) == len(nearest_by_loop(query, 20, kinds, row)):
            assert found.rows[row, :n].tolist() == [each for each, _ in expected]


def test_simvastatins_nearest_drug_is_atorvastatin(store: VectorStore) -> None:
    """By hand: (1,4,0)·(2,4,0) / √(17·20) = 18 / √340 = 0.976."""
    found = store.nearest(world_vectors()[[5]], 1, kinds=["drug"], exclude=np.array([5]))
    assert found.rows.tolist() == [[6]]
    assert found.cosines[0, 0] == pytest.approx(18 / 340**0.5, abs=1e-6)


def test_without_exclusion_a_vector_finds_itself_first(store: VectorStore) -> None:
    """The store leaves nothing out unless it is told to."""
    assert store.nearest(world_vectors()[[2]], 1).rows.tolist() == [[2]]


def test_a_kind_without_concepts_gives_no_rows(store: VectorStore) -> None:
    """There are no pathways in the world."""
    assert store.nearest(world_vectors()[[0]], 2, kinds=["pathway"]).rows.tolist() == [[NO_ROW, NO_ROW]]


def test_fetch_gives_vectors_in_the_order_asked(store: VectorStore) -> None:
    """Rows 3 and 0, as they were written."""
    assert store.fetch(np.array([3, 0])).tolist() == world_vectors()[[3, 0]].tolist()
    assert store.count() == 12


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([0, 0, 0], "1 are zero or not of unit norm"), ([np.nan, 0, 1], "1 hold NaN or infinite numbers"), ([np.inf, 0, 0], "1 hold NaN or infinite numbers"),
        ([1, 1, 0], "1 are zero or not of unit norm"), ([1, 0], r"shape \(1, 2\); the space has 3 numbers a vector"), ([[[1, 0, 0]]], "shape"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(store: VectorStore, wrong: list, message: str) -> None:
    """A zero, NaN, infinite, unscaled or too short vector is an error of the tree that says what is wrong with it."""
    with pytest.raises(BadInput, match=message):
        store.nearest(np.array(wrong, np.float32), 3)


def test_one_bad_query_of_many_is_counted_and_named(store: VectorStore) -> None:
    """All that is wrong is told at once, with rows."""
    queries = world_vectors()[:4].copy()
    queries[1], queries[3] = 0, np.nan
    with pytest.raises(BadInput, match=r"of 4 query vectors 1 hold NaN or infinite numbers \(row 3\) and 1 are zero or not of unit norm \(row 1\)"):
        store.nearest(queries, 3)


def test_a_forked_child_can_ask(store: VectorStore) -> None:
    """After a fork the child opens its own shard, or connection, instead of waiting for threads that it does not have."""
    if getattr(store, "_connection", None) and store._connection.server.grpc_port:  # type: ignore[attr-defined]
        pytest.skip("a process that has spoken gRPC may not fork: grpcio's own rule")
    store.nearest(world_vectors()[[5]], 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        row = store.nearest(world_vectors()[[5]], 1).rows[0, 0]
        os.write(writer, str(row).encode())
        os._exit(0)
    os.close(writer)
    assert os.read(reader, 10) == b"5"
    assert os.waitpid(child, 0)[1] == 0
    assert store.nearest(world_vectors()[[5]], 1).rows.tolist() == [[5]]


def test_ties_go_to_the_lower_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six equal vectors in blocks of two: the exact store answers with rows 0, 1 and 2."""
    monkeypatch.setattr(exact_module, "BLOCK_ROWS", 2)
    vectors = unit([(1, 1)] * 6)
    store = ExactStore(VectorsFile(vectors, np.zeros(6, np.float32)), np.zeros(6, np.uint8))
    assert store.nearest(vectors[:1], 3).rows.tolist() == [[0, 1, 2]]
    assert store.nearest(vectors[:1], 3, exclude=np.array([1])).rows.tolist() == [[0, 2, 3]]


def test_blocks_do_not_change_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scanning five rows and two queries at a time gives what one scan gives."""
    generator = np.random.default_rng(1)
    vectors, kinds = unit(generator.normal(size=(57, 8))), generator.integers(0, 3, 57).astype(np.uint8)
    store = ExactStore(VectorsFile(vectors, np.zeros(57, np.float32)), kinds)
    whole = store.nearest(vectors, 4, kinds=KINDS[:2])
    monkeypatch.setattr(exact_module, "BLOCK_ROWS", 5)
    monkeypatch.setattr(exact_module, "BLOCK_QUERIES", 2)
    blocked = store.nearest(vectors, 4, kinds=KINDS[:2])
    assert blocked.rows.tolist() == whole.rows.tolist()
    np.testing.assert_allclose(blocked.cosines, whole.cosines, atol=1e-6)


@pytest.mark.slow
def test_thousands_of_queries_are_searched_by_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers as from one process, all kinds or some; where the other processes cannot be started, this one answers all."""
    generator = np.random.default_rng(3)
    vectors, kinds = unit(generator.normal(size=(600, 16))), [("gene", "drug", "variant")[row % 3] for row in range(600)]
    with store_of("edge", tmp_path / "edge", vectors, kinds, [f"x:{row}" for row in range(600)]) as store:
        alone = [store.nearest(vectors[:401], 5, kinds=wanted, exclude=np.arange(401)) for wanted in (None, ["gene", "drug"])]
        monkeypatch.setattr(edge_module, "WORTH_A_PROCESS", 100)
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(3))
        together = [store.nearest(vectors[:401], 5, kinds=wanted, exclude=np.arange(401)) for wanted in (None, ["gene", "drug"])]
        monkeypatch.setattr(sys, "executable", "/bin/false")
        fallen_back = store.nearest(vectors[:401], 5, exclude=np.arange(401))
    for one, other in zip((*alone, alone[0]), (*together, fallen_back), strict=True):
        assert one.rows.tolist() == other.rows.tolist()
        assert one.cosines.tolist() == other.cosines.tolist()


@pytest.mark.parametrize(("name", "least"), [("edge", 0.95), ("edge int8", 0.95), ("edge binary", 0.8)])
def test_the_graph_finds_what_the_scan_finds(name: str, least: float, tmp_path: Path) -> None:
    """Above the size from which Edge builds its graph, filtered and unfiltered recall@10 stay above .95, over two bits a number above .8.

    These vectors are noisier than a space's, which are found at .99 over two bits (tests/benchmarks/stores.py).
    """
    generator = np.random.default_rng(2)
    centers = generator.normal(size=(60, 256))
    vectors = unit(centers[generator.integers(0, 60, 12_000)] + 0.6 * generator.normal(size=(12_000, 256)))
    kinds = [("gene", "drug", "gene", "variant")[row % 4] for row in range(12_000)]
    curies = [f"x:{row}" for row in range(12_000)]
    with store_of(name, tmp_path / "edge", vectors, kinds, curies) as edge, store_of("exact", tmp_path, vectors, kinds, curies) as exact:
        assert isinstance(edge, EdgeStore) and edge.shard.info().indexed_vectors_count == 12_000
        for wanted in (None, ["variant"]):
            found, truth = (each.nearest(vectors[:100], 10, kinds=wanted) for each in (edge, exact))
            assert recall_between(found, truth) > least


def test_recall_counts_ties_as_found() -> None:
    """Of two queries one finds both of its true cosines, one (by another row of equal cosine) one of two: (1 + ½) / 2."""
    truth = Nearest(np.array([[0, 1], [0, 1]]), np.array([[0.9, 0.8], [0.9, 0.8]], np.float32))
    found = Nearest(np.array([[1, 7], [9, 8]]), np.array([[0.9, 0.8], [0.9, 0.7]], np.float32))
    assert recall_between(found, truth) == 0.75


def test_recall_of_the_world_is_one(tmp_path: Path) -> None:
    """A small world is scanned by Edge, so nothing is missed, though 12 is more than the ten asked for."""
    file = VectorsFile(world_vectors(), np.zeros(12, np.float32))
    kinds = np.array([KINDS.index(kind) for kind in KIND_OF], np.uint8)
    with store_of("edge", tmp_path / "edge", world_vectors(), KIND_OF, CURIES) as edge:
        assert measure_recall(edge, ExactStore(file, kinds)) == Recall(1.0, 1.0)


def test_edge_refuses_a_shard_of_another_size(tmp_path: Path) -> None:
    """Eleven vectors beside a shard of twelve points do not belong together."""
    with store_of("edge", tmp_path / "edge", world_vectors(), KIND_OF, CURIES):
        pass
    with pytest.raises(Corrupt, match="holds 12 vectors, the space 11"):
        EdgeStore(tmp_path / "edge", VectorsFile(world_vectors()[:11], np.zeros(11, np.float32)), np.zeros(11, np.uint8))


@pytest.mark.parametrize("row", [NO_ROW, 12])
def test_a_point_of_something_else_is_a_sentence(row: int) -> None:
    """A point without a row, or with one that the space does not have, shows that the index is not of this space."""
    with pytest.raises(Corrupt, match="points that are none of this space's"):
        settle([np.array([3, row])], world_vectors()[:1], 2, vectors=world_vectors(), kinds=np.zeros(12, np.uint8), wanted=None, exclude=None)


def test_what_an_engine_says_of_a_row_is_looked_up_again() -> None:
    """Whatever was proposed, and twice: cosines are the file's, kinds the tables', the row that is left out stays out."""
    kinds = np.array([KINDS.index(kind) for kind in KIND_OF], np.uint8)
    found = settle([np.array([6, 7, 6, 5, 2])], world_vectors()[[5]], 3, vectors=world_vectors(), kinds=kinds, wanted=["drug"], exclude=np.array([5]))
    assert found.rows.tolist() == [[6, 7, NO_ROW]]
    assert found.cosines[0, 0] == pytest.approx(18 / 340**0.5, abs=1e-6)


def test_kinds_must_be_as_many_as_vectors() -> None:
    """A scan with kinds of other rows would filter wrongly, so it is refused."""
    with pytest.raises(ValueError, match="11 kinds for 12 vectors"):
        ExactStore(VectorsFile(world_vectors(), np.zeros(12, np.float32)), np.zeros(11, np.uint8))


def test_filling_sorts_cuts_and_pads() -> None:
    """Equal cosines by row; a short answer is filled up."""
    found = fill([(np.array([5, 2, 9]), np.array([0.5, 0.5, 0.7], np.float32)), (np.array([1]), np.array([0.1], np.float32))], 2)
    assert found.rows.tolist() == [[9, 2], [1, NO_ROW]]


def test_point_ids_are_the_uuid5_of_the_curie() -> None:
    """A server loaded from another machine must have the same ids, so the value is fixed here."""
    assert point_id("mondo:0005148") == "5b755bfc-999c-5521-a5c7-b1bf850a4766"


def test_edge_is_the_version_that_was_measured() -> None:
    """Edge is in beta: another version has to pass this file, and then this line is changed."""
    assert version("qdrant-edge-py") == "0.9.0"
