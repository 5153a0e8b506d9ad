"""Loading into a server: what is served when, what a second load finds, and the way back."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import generel
from generel.concepts.errors import BuildMismatch, Corrupt, GenerelError, NotThere, ServerUnavailable
from generel.index import server_load
from generel.index.recall import PoorIndexError, Recall
from generel.index.server_collections import Collection, read_collection, roll_back, served_by
from generel.index.server_connection import Connection, Server
from generel.index.server_load import Layout, load_into_server
from generel.index.space_folder import read_manifest
from tests.index.qdrant_fake import FakeQdrant, Fault
from tests.worlds import world_vectors, write_world

TURNED = np.ascontiguousarray(world_vectors()[::-1])


@pytest.fixture
def fake() -> FakeQdrant:
    """A server without a key."""
    return FakeQdrant()


@pytest.fixture
def url(fake: FakeQdrant) -> Iterator[str]:
    """Where it is."""
    with fake.serving() as address:
        yield address


@pytest.fixture
def connection(url: str) -> Connection:
    """A connection that does not wait."""
    return Connection(Server(url, attempts=2, sleep=lambda seconds: None))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three points a batch, five a page: the world takes four and three."""
    monkeypatch.setattr(server_load, "POINTS_AT_ONCE", 3)
    monkeypatch.setattr(server_load, "IDS_AT_ONCE", 5)


def nearest_to_simvastatin(space: Path, url: str) -> tuple[str, str]:
    """The store that answered, and its answer."""
    with generel.EmbeddingSpace.open(space, qdrant=url) as opened:
        return opened.store.name, opened.neighbors("simvastatin", 1)[0].concept.name


def test_a_load_is_served_by_the_name_of_the_space(space: Path, connection: Connection, fake: FakeQdrant, url: str) -> None:
    """Twelve points in four batches, the index of kinds before the first, the alias after the last; neighbors come from there."""
    loaded = load_into_server(space, connection, layout=Layout(uploads=1))
    digest = read_manifest(space).digest_of("vectors.safetensors")
    assert (loaded.uploaded, loaded.collection.name, loaded.collection.recall) == (12, f"world-{digest[:16]}-none", Recall(1.0, 1.0))
    steps = [path.rpartition("/")[2] for method, path in fake.asked if method in ("PUT", "PATCH") or (method, path) == ("POST", "/collections/aliases")]
    assert steps == [loaded.collection.name, "index", "points", "points", "points", "points", *[loaded.collection.name] * 3, "aliases"]
    assert served_by(connection, "world") == loaded.collection.name
    assert nearest_to_simvastatin(space, url) == ("server", "atorvastatin")


def test_a_second_load_sends_nothing(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """A completed collection is only looked at."""
    load_into_server(space, connection)
    fake.asked.clear()
    assert load_into_server(space, connection).uploaded == 0
    assert {method for method, _ in fake.asked} == {"GET"}


@pytest.mark.parametrize(
    ("ending", "fault"),
    [
        ("/exists", Fault(503)), ("/index", Fault(500)), ("/scroll", Fault(cut="before")), ("/points", Fault(429)), ("/points", Fault(cut="after")),
        ("/count", Fault(500)), ("/aliases", Fault(500)), ("/aliases", Fault(cut="after")),
    ],
    ids=repr,
)
def test_a_server_that_fails_at_any_step_serves_nothing_half(space: Path, connection: Connection, fake: FakeQdrant, url: str, fault: Fault, ending: str) -> None:
    """Wherever the server fails for good the load ends in a sentence, nobody reads its collection, and the next load completes it."""
    n_passed = iter(range(100))
    fake.faults = lambda method, path: fault if path.endswith(ending) and next(n_passed) >= (2 if ending == "/points" else 0) else None
    with pytest.raises(ServerUnavailable, match="run the command again"):
        load_into_server(space, connection, layout=Layout(uploads=1))
    moved = fault.cut == "after" and ending == "/aliases" and ("POST", "/collections/aliases") in fake.asked
    fake.faults = lambda method, path: None
    if not moved:
        assert served_by(connection, "world") == ""
        if ending != "/aliases":
            with pytest.raises(NotThere, match="is not loaded there; run: generel load --qdrant URL"):
                nearest_to_simvastatin(space, url)
    load_into_server(space, connection)
    assert nearest_to_simvastatin(space, url) == ("server", "atorvastatin")


def test_a_load_that_was_cut_off_goes_on_where_it_stopped(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """Two of four batches are there: the second load sends the other two."""
    n_passed = iter(range(100))
    fake.faults = lambda method, path: Fault(500) if (method, path.rpartition("/")[2]) == ("PUT", "points") and next(n_passed) >= 2 else None
    with pytest.raises(ServerUnavailable):
        load_into_server(space, connection, layout=Layout(uploads=1))
    fake.faults = lambda method, path: None
    assert load_into_server(space, connection).uploaded == 6


def test_a_load_that_was_killed_goes_on(space: Path, connection: Connection, fake: FakeQdrant, url: str) -> None:
    """kill -9 while the second batch is under way: the lock is free, nothing is served, and the next load sends what is missing."""
    program = (
        "import sys; from pathlib import Path; from generel.index import server_load; from generel.index.server_connection import Connection, Server\n"
        "server_load.POINTS_AT_ONCE = 3\n"
        "server_load.load_into_server(Path(sys.argv[1]), Connection(Server(sys.argv[2])), layout=server_load.Layout(uploads=1))"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(space), url])

    def kill(method: str, path: str) -> Fault | None:
        if method == "PUT" and path.endswith("/points") and fake.count("PUT", "/points") == 1:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        return None

    fake.faults = kill
    assert child.wait() == -signal.SIGKILL
    fake.faults = lambda method, path: None
    assert served_by(connection, "world") == ""
    assert load_into_server(space, connection, wait=False).uploaded in (6, 9)


def test_another_release_takes_the_place_and_the_way_back_is_kept(space: Path, connection: Connection, url: str, tmp_path: Path) -> None:
    """A reader stays with the release of its own tables, before, during and after the alias moves and moves back."""
    first = load_into_server(space, connection).collection
    with generel.EmbeddingSpace.open(space, qdrant=url) as reader:
        assert reader.neighbors("simvastatin", 1)[0].concept.name == "atorvastatin"
        newer = write_world(tmp_path / "newer" / "world", load=False, vectors=TURNED)
        second = load_into_server(newer, connection).collection
        assert (served_by(connection, "world"), second.previous) == (second.name, first.name)
        assert reader.neighbors("simvastatin", 1)[0].concept.name == "atorvastatin"
    assert nearest_to_simvastatin(space, url) == ("server", "atorvastatin")
    in_turned = nearest_to_simvastatin(newer, url)
    assert roll_back(connection, read_manifest(newer)) == (second.name, first.name)
    assert served_by(connection, "world") == first.name
    assert nearest_to_simvastatin(space, url) == ("server", "atorvastatin")
    assert nearest_to_simvastatin(newer, url) == in_turned
    with pytest.raises(NotThere, match="no earlier collection of 'world' to go back to"):
        roll_back(connection, read_manifest(newer))
    assert load_into_server(newer, connection).uploaded == 0
    assert served_by(connection, "world") == second.name


def test_quantized_vectors_are_a_collection_of_their_own(space: Path, connection: Connection, url: str) -> None:
    """The same release as it is and in bytes on the disk, side by side; the way back leads from one to the other."""
    whole = load_into_server(space, connection).collection
    in_bytes = load_into_server(space, connection, layout=Layout("int8", on_disk=True, shards=2, replicas=1)).collection
    assert in_bytes.name == f"{whole.name.removesuffix('none')}int8-on-disk"
    assert nearest_to_simvastatin(space, url) == ("server", "atorvastatin")
    assert roll_back(connection, read_manifest(space)) == (in_bytes.name, whole.name)


def test_spaces_lie_side_by_side(space: Path, connection: Connection, url: str, tmp_path: Path) -> None:
    """Two spaces, two aliases; each is asked by its own name."""
    other = write_world(tmp_path / "other", load=False, vectors=TURNED)
    names = [load_into_server(each, connection).collection.name for each in (space, other)]
    assert [served_by(connection, alias) for alias in ("world", "other")] == names
    assert nearest_to_simvastatin(space, url) == ("server", "atorvastatin")


def test_odd_names_become_aliases(space: Path) -> None:
    """What a server would not take in a name is replaced."""
    manifest = read_manifest(write_world(space.parent / "x", load=False, name="my space/2026"))
    assert Collection.of(manifest).alias == "my-space-2026"


def test_a_space_that_is_not_there_says_how_to_load_it(space: Path, connection: Connection, url: str) -> None:
    """Neighbors never come from somewhere else when a server was named."""
    generel_load = "is not loaded there; run: generel load --qdrant URL"
    with pytest.raises(NotThere, match=f"does not have it: this release of 'world' {generel_load}"):
        nearest_to_simvastatin(space, url)


def test_vectors_that_a_server_changed_are_not_served(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """A point that came out otherwise than it went in is named."""
    real = fake.reply

    def turn(method: str, path: str, body: dict) -> tuple[int, object]:
        if method == "PUT" and path.endswith("/points"):
            body["batch"]["vectors"] = [[-number for number in vector] for vector in body["batch"]["vectors"]]
        return real(method, path, body)

    fake.reply = turn  # type: ignore[method-assign]
    with pytest.raises(Corrupt, match="holds 12 of 12 sampled points otherwise than they were sent"):
        load_into_server(space, connection)
    assert served_by(connection, "world") == ""


def test_points_that_are_lost_are_noticed(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """A server that says yes and keeps nothing."""
    real = fake.reply
    fake.reply = lambda method, path, body: (200, {"result": {"operation_id": 0, "status": "completed"}}) if path.endswith("/points") and method == "PUT" else real(method, path, body)  # type: ignore[method-assign]
    with pytest.raises(Corrupt, match="holds 0 points instead of 12"):
        load_into_server(space, connection)


def test_a_search_that_misses_too_much_is_not_served(space: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was served before is served on."""
    first = load_into_server(space, connection).collection
    monkeypatch.setattr(server_load, "measure_recall", lambda store, exact: Recall(0.5, 0.5))
    with pytest.raises(PoorIndexError, match=r"recall@10 0.500"):
        load_into_server(space, connection, layout=Layout("int8"))
    assert served_by(connection, "world") == first.name


def test_a_foreign_collection_of_the_same_name_is_left_alone(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """Neither read nor written: somebody else's, or of another release."""
    name = Collection.of(read_manifest(space)).name
    fake.reply("PUT", f"/collections/{name}", {"vectors": {"size": 3, "distance": "Cosine"}})
    with pytest.raises(BuildMismatch, match="was not made by this generel"):
        load_into_server(space, connection)
    fake.reply("PATCH", f"/collections/{name}", {"metadata": Collection(name, "world", "1" * 64, 7, "none").metadata()})
    with pytest.raises(BuildMismatch, match="was loaded from another release"):
        load_into_server(space, connection)


def test_a_point_of_something_else_stops_the_load(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """A collection that was filled by another hand is not added to."""
    collection = Collection.of(read_manifest(space))
    fake.reply("PUT", f"/collections/{collection.name}", {"vectors": {"size": 3, "distance": "Cosine"}, "metadata": collection.metadata()})
    fake.reply("PUT", f"/collections/{collection.name}/points", {"batch": {"ids": [1], "vectors": [[1, 0, 0]], "payloads": [{}]}})
    with pytest.raises(BuildMismatch, match="holds points of something else"):
        load_into_server(space, connection)


def test_a_server_that_cannot_build_its_graph_says_so(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """A red collection is not served."""
    real = fake.reply

    def redden(method: str, path: str, body: dict) -> tuple[int, object]:
        status, answer = real(method, path, body)
        if method == "GET" and path.count("/") == 2 and path.startswith("/collections/"):
            answer = {**answer, "result": {**answer["result"].model_dump(mode="json"), "status": "red", "optimizer_status": {"error": "no memory"}}}  # type: ignore[dict-item, index]
        return status, answer

    fake.reply = redden  # type: ignore[method-assign]
    with pytest.raises(ServerUnavailable, match=r"cannot build the graph of .*no memory"):
        load_into_server(space, connection)


def test_a_cut_space_is_not_loaded(space: Path, connection: Connection, fake: FakeQdrant) -> None:
    """The files are checked before the server is asked for anything."""
    path = space / "vectors.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(GenerelError, match=r"vectors\.safetensors has"):
        load_into_server(space, connection)
    assert fake.asked == []


def test_metadata_of_a_collection_are_read_back(space: Path, connection: Connection) -> None:
    """All fields, the recall among them."""
    collection = load_into_server(space, connection).collection
    assert read_collection(connection, collection.name) == collection
    assert read_collection(connection, "none") is None
