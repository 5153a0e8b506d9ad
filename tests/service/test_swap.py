"""Another release, another index, added concepts: taken up while requests are answered, none of which fails."""

import gc
import os
import re
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from generel.index.load import load_space
from generel.query.added import add_concepts, remove_concepts
from generel.query.added_input import NewConcept
from generel.service import serving as serving_module
from generel.service.application import make_application
from generel.service.memory import AT_ONCE, OF_POLARS, VARIABLE, give_back_at_once
from generel.service.settings import Settings
from tests.service.conftest import Make
from tests.worlds import WordEmbedder, world_vectors, write_world

LOOK = 0.05


def until(true: Callable[[], bool]) -> None:
    """Return once it is true."""
    for _ in range(2000):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come true")


def nearest(client: TestClient) -> str:
    """The concept nearest to BRCA1."""
    return str(client.get("/v1/neighbors?query=BRCA1&k=1").json()["neighbors"][0]["concept"]["curie"])


def turned_vectors() -> np.ndarray:
    """The world with breast cancer and catalase having changed places: another is nearest to BRCA1."""
    vectors = world_vectors()
    vectors[[9, 4]] = vectors[[4, 9]]
    return vectors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A world that may be changed."""
    return write_world(tmp_path / "world")


def test_what_is_there_when_a_space_is_open_is_left_out_of_collections(serve: Make, folder: Path) -> None:
    """And of a next release what is there then; what nobody can reach any more is collected before."""
    gc.unfreeze()
    client = serve(space=folder, watch_seconds=LOOK)
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()
    write_world(folder, vectors=turned_vectors())
    until(lambda: nearest(client) == "hgnc:1516")
    until(lambda: gc.get_freeze_count() > 10_000)
    gc.unfreeze()


def test_a_new_release_is_served_once_it_is_loaded(serve: Make, folder: Path) -> None:
    """Until then the old one answers, with its own tag; a load that takes longer than two looks may be taken up more than once."""
    client = serve(space=folder, watch_seconds=LOOK)
    before = client.get("/v1/space")
    assert nearest(client) == "mondo:0007254"
    write_world(folder, vectors=turned_vectors(), load=False)
    time.sleep(6 * LOOK)
    assert nearest(client) == "mondo:0007254" and client.get("/readyz").status_code == 200
    assert client.get("/v1/evidence?a=simvastatin&b=SLCO1B1").json()["relations"]
    load_space(folder)
    until(lambda: nearest(client) == "hgnc:1516")
    after = client.get("/v1/space", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200 and after.json()["digest"] != before.json()["digest"]
    assert re.search(r'generel_space_swaps_total\{how="change"\} [1-9]', client.get("/metrics").text)


def test_added_concepts_are_taken_up_and_change_every_tag(serve: Make, folder: Path) -> None:
    """Added, found, described; removed, gone."""
    client = serve(space=folder, watch_seconds=LOOK)
    tag = client.get("/v1/kinds").headers["etag"]
    add_concepts(folder, [NewConcept("mondo:0999999", "disease", "new disease", ("ND",), "Of late.", ties=(("^treats", "chebi:9150"),))], embedder=WordEmbedder())
    until(lambda: client.get("/v1/concepts/mondo:0999999").status_code == 200)
    said = client.get("/v1/concepts/mondo:0999999").json()
    assert (said["names"], said["definition"], said["added"], said["source"]) == (["ND"], "Of late.", True, "added")
    assert client.get("/v1/concepts/mondo:0999999/relations").json()["relations"][0]["concept"]["curie"] == "chebi:9150"
    assert client.get("/v1/space").json()["counts"]["disease"] == 3
    assert client.get("/v1/kinds", headers={"If-None-Match": tag}).status_code == 200
    remove_concepts(folder, ["mondo:0999999"])
    until(lambda: client.get("/v1/concepts/mondo:0999999").status_code == 404)


def test_a_release_that_cannot_be_opened_leaves_the_old_one_at_work(serve: Make, folder: Path) -> None:
    """A manifest somebody wrote in, then the right one again."""
    client = serve(space=folder, watch_seconds=LOOK)
    manifest = folder / "manifest.json"
    good = manifest.read_bytes()
    manifest.write_bytes(good.replace(b'"world"', b'"wrong"'))
    time.sleep(6 * LOOK)
    assert nearest(client) == "mondo:0007254"
    manifest.write_bytes(good)
    time.sleep(6 * LOOK)
    assert nearest(client) == "mondo:0007254" and client.get("/readyz").status_code == 200


def test_the_watch_goes_on_whatever_goes_wrong(serve: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that stumbles over a file half written raises what it likes; the next look takes the release up."""
    client, real, stumbled = serve(space=folder, watch_seconds=LOOK), serving_module.open_served, []

    def stumble(*settings: object, **more: object) -> object:
        if len(stumbled) < 2:
            stumbled.append(1)
            raise RuntimeError("a library's own words")
        return real(*settings, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(serving_module, "open_served", stumble)
    write_world(folder, vectors=turned_vectors())
    until(lambda: nearest(client) == "hgnc:1516")
    assert len(stumbled) == 2


def test_no_request_fails_while_spaces_are_swapped(serve: Make, folder: Path) -> None:
    """Four swaps under four askers; every answer is that of one release or the other."""
    client = serve(space=folder, watch_seconds=LOOK)
    done, failed, answered = threading.Event(), [], [0]
    known = {"mondo:0007254", "hgnc:1516"}

    def ask() -> None:
        paths = ("/v1/neighbors?query=BRCA1&k=1", "/v1/explain?a=simvastatin&b=SLCO1B1", "/v1/neighbors?query=sore muscles", "/v1/concepts/chebi:9150/relations")
        while not done.is_set():
            for path in paths:
                answer = client.get(path)
                answered[0] += 1
                if answer.status_code != 200 or (path.endswith("k=1") and answer.json()["neighbors"][0]["concept"]["curie"] not in known):
                    failed.append(answer.text)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for swap in range(4):
        vectors = turned_vectors() if swap % 2 == 0 else world_vectors()
        write_world(folder, vectors=vectors)
        expected = "hgnc:1516" if swap % 2 == 0 else "mondo:0007254"
        until(lambda expected=expected: nearest(client) == expected)  # type: ignore[misc]
    done.set()
    for asker in askers:
        asker.join()
    assert failed == [] and answered[0] > 20


def test_the_old_space_is_closed_when_its_last_request_has_ended(folder: Path) -> None:
    """Not before, and not by the swap."""
    application = make_application(Settings(space=folder, watch_seconds=LOOK), embedder=WordEmbedder())
    with TestClient(application) as client:
        serving = application.state.serving
        with serving.lease() as held:
            write_world(folder, vectors=turned_vectors())
            until(lambda: nearest(client) == "hgnc:1516")
            assert held.retired and held.space.neighbors("BRCA1", 1)[0].concept.curie == "mondo:0007254"
            closed: list[bool] = []
            held.space.close = lambda: closed.append(True)
        assert closed == [True]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="open files are read from Linux's /proc")
def test_nothing_of_a_space_is_left_once_it_is_replaced(serve: Make, folder: Path) -> None:
    """Neither itself nor a file of it, open or mapped, that is gone from the disk; after two swaps with questions of every sort."""
    client = serve(space=folder, watch_seconds=LOOK)
    served = client.app.state.serving  # type: ignore[attr-defined]
    old = []
    for vectors, expected in ((turned_vectors(), "hgnc:1516"), (world_vectors(), "mondo:0007254")):
        for path in ("neighbors?query=sore muscles", "explain?a=simvastatin&b=SLCO1B1", "concepts?q=stat", "concepts/chebi:9150/relations", "vectors?format=parquet"):
            assert client.get(f"/v1/{path}").status_code == 200
        old.append(weakref.ref(served._current.space))
        write_world(folder, vectors=vectors)
        until(lambda expected=expected: nearest(client) == expected)  # type: ignore[misc]
    gc.collect()
    assert [space() for space in old] == [None, None]
    files = [line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()]
    files += [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]  # noqa: PTH115 (the text of the link: what it leads to is gone)
    assert [file for file in files if str(folder) in file and file.endswith("(deleted)")] == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")
def test_polars_keeps_nothing_of_what_it_frees() -> None:
    """A frame of 80 MB that is gone is no longer memory of the process; without being told so, polars keeps it for later."""
    lines = (
        "from generel.service.memory import give_back_at_once", "give_back_at_once()", "import polars as pl",
        "def own():", "    return next(int(line.split()[1]) for line in open('/proc/self/smaps_rollup') if line.startswith('Anonymous'))",
        "pl.select(pl.int_range(10).sort())", "before = own()", "frame = pl.select(pl.int_range(10_000_000) * 2)", "held = own()", "del frame", "print(held - before, own() - before)",
    )
    said = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    held, left = map(int, said.stdout.split())
    assert held > 75_000 and left < 5_000


@pytest.mark.parametrize(("said", "then"), [
    (None, AT_ONCE), (OF_POLARS, AT_ONCE), (f"{OF_POLARS},{AT_ONCE}", AT_ONCE), ("narenas:1", f"{AT_ONCE},narenas:1"), (f"{OF_POLARS},dirty_decay_ms:9", f"{AT_ONCE},dirty_decay_ms:9"),
])
def test_what_somebody_has_set_for_polars_counts_last(monkeypatch: pytest.MonkeyPatch, said: str | None, then: str) -> None:
    """Only what a polars of a process before has left there is taken away; asked twice, nothing is added."""
    monkeypatch.setenv(VARIABLE, said or "")
    give_back_at_once()
    give_back_at_once()
    assert os.environ[VARIABLE] == then
