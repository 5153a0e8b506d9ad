"""Readers while a load swaps the index under them, and loads that are killed or find no room."""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import generel
from generel.concepts.errors import DiskFull, GenerelError
from generel.index import edge as edge_module
from generel.index import load as load_module
from generel.index.load import load_space

READ = """
import sys
from pathlib import Path
import generel
space, stop = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
while not stop.exists():
    with generel.EmbeddingSpace.open(space) as opened:
        print(opened.neighbors("simvastatin", 1)[0].concept.name, opened.store.name, opened.note)
"""
LOAD = "import sys; from pathlib import Path; from generel.index.load import load_space; load_space(Path(sys.argv[1]), force=True)"


@pytest.mark.slow
def test_readers_are_answered_by_edge_while_loads_swap_it(space: Path, tmp_path: Path) -> None:
    """Three processes open and ask over and over while four loads build anew, in two quantizations: each answer is right and Edge's.

    The engine's documentation does not promise that several processes may open one folder, so it is tried here.
    """
    stop = tmp_path / "stop"
    readers = [subprocess.Popen([sys.executable, "-c", READ, str(space), str(stop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for quantization in ("none", "int8", "int8", "none"):
        load_space(space, quantization=quantization, force=True)
    stop.touch()
    for reader in readers:
        said, complained = reader.communicate()
        assert complained == ""
        assert set(said.splitlines()) == {"atorvastatin edge "}


def test_an_index_that_is_swapped_while_it_is_opened_is_opened_anew(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine takes files that are gone for empty ones, so what was opened meanwhile is not asked."""
    opened, real, whole = [], edge_module.open_for_good, shutil.copytree(space / "index" / "current", space.parent / "whole")

    def open_and_swap(folder: Path) -> object:
        opened.append(folder)
        if len(opened) == 1:
            load_space(space, force=True)
            # What is gone is opened all the same, as the engine does.
            return real(shutil.copytree(whole, folder))
        return real(folder)

    monkeypatch.setattr(edge_module, "open_for_good", open_and_swap)
    with generel.EmbeddingSpace.open(space) as asked:
        assert (asked.neighbors("simvastatin", 1)[0].concept.name, asked.store.name, asked.note) == ("atorvastatin", "edge", "")
    assert len(opened) == 2 and opened[0] != opened[1]


@pytest.mark.slow
def test_a_load_that_is_killed_at_any_moment_leaves_what_was_there(space: Path) -> None:
    """kill -9 at three random moments: the space answers as before, the lock is free, and the next load leaves nothing over."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", LOAD, str(space)], check=True)
    whole, generator = time.monotonic() - began, random.Random(3)
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", LOAD, str(space)])
        time.sleep(generator.uniform(0, whole))
        child.kill()
        child.wait()
        with generel.EmbeddingSpace.open(space) as opened:
            assert opened.neighbors("simvastatin", 1)[0].concept.name == "atorvastatin"
    load_space(space, wait=False, force=True)
    assert sorted(path.name.partition("-")[0] for path in (space / "index").iterdir()) == [".lock", "current", "edge", "names.sqlite", "verified.json"]


@pytest.mark.parametrize(
    "ending",
    ["raise SystemExit('Service runtime error: IO Error: No space left on device (os error 28)')", "import os, signal; os.kill(os.getpid(), signal.SIGBUS)"],
)
def test_a_disk_that_is_full_keeps_the_old_index(space: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """The engine finds no room, in so many words or by the signal of a mapped page: a sentence, and nothing half-built is left."""
    before = sorted(path.name for path in (space / "index").iterdir())
    real_run = subprocess.run
    with monkeypatch.context() as patched, pytest.raises(DiskFull, match="no room left to build the Edge index"):
        patched.setattr(load_module.subprocess, "run", lambda command, **options: real_run([sys.executable, "-S", "-c", ending], **options))
        load_space(space, quantization="int8")
    assert sorted(path.name for path in (space / "index").iterdir()) == before
    with generel.EmbeddingSpace.open(space) as opened:
        assert (opened.neighbors("simvastatin", 1)[0].concept.name, opened.store.name) == ("atorvastatin", "edge")


def test_a_disk_that_is_full_while_names_are_written(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names before stay, and answer."""

    def no_room(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises((DiskFull, GenerelError), match="no room left to write"):
        patched.setattr("os.fsync", no_room)
        load_space(space, force=True)
    with generel.EmbeddingSpace.open(space) as opened:
        assert opened.neighbors("simvastatin", 1)[0].concept.name == "atorvastatin"


def test_quantization_is_kept_until_another_is_asked_for(space: Path) -> None:
    """As it is, then bytes, then what is there, then bits; the recall of each is measured and noted."""
    built = [load_space(space, quantization=wanted) for wanted in ("none", "int8", None, "binary")]
    assert [(each.quantization, each.built) for each in built] == [("none", ()), ("int8", ("edge",)), ("int8", ()), ("binary", ("edge",))]
    assert [each.recall.overall for each in built if each.recall] == [1.0] * 4
    with generel.EmbeddingSpace.open(space) as opened:
        assert (opened.neighbors("simvastatin", 1)[0].concept.name, opened.store.name) == ("atorvastatin", "edge")
