"""Loading: verifying, building, swapping."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generel.concepts.errors import Busy, Corrupt, GenerelError, NotThere, NotWritable
from generel.index import load as load_module
from generel.index.edge_folder import current_edge, point_current_to
from generel.index.freshness import names_are_current
from generel.index.load import Loaded, load_space
from generel.index.lock import hold
from generel.index.names import NamesIndex
from generel.index.open_store import open_store
from generel.index.recall import PoorIndexError, Recall
from generel.index.space_folder import read_manifest
from generel.index.store import VectorStore
from generel.index.vectors_file import VectorsFile
from tests.worlds import unit, world_vectors, write_world

FILES = ("concepts.parquet", "aliases.parquet", "relations.parquet", "calibration.parquet", "vectors.safetensors", "encoder/note.txt", "manifest.json")


def store_of(space: Path) -> tuple[VectorStore, str]:
    """The store that a space would open."""
    names = NamesIndex(space / "index/names.sqlite")
    return open_store(space, read_manifest(space), file=VectorsFile.open(space / "vectors.safetensors"), kinds=names.kinds)


def edge_of(space: Path) -> Path:
    """The Edge folder that a space is served from."""
    edge = current_edge(space, read_manifest(space))
    assert edge is not None
    return edge


def names_in_index(space: Path) -> list[str]:
    """What lies in `index/`, sorted."""
    return sorted(path.name for path in (space / "index").iterdir())


def test_loading_builds_names_and_edge(tmp_path: Path) -> None:
    """The first load builds both, the second neither; `current` points to the folder of these very vectors."""
    space = write_world(tmp_path / "world", load=False)
    assert load_space(space) == Loaded(12, "edge", Recall(1.0, 1.0), ("names", "edge"))
    manifest = read_manifest(space)
    assert (space / "index/current").readlink().name.startswith(f"edge-rows-{manifest.digest_of('vectors.safetensors')[:16]}-none-")
    assert load_space(space) == Loaded(12, "edge", Recall(1.0, 1.0), ())
    assert load_space(space, force=True).built == ("names", "edge")
    assert names_in_index(space) == [".lock", "current", edge_of(space).name, "names.sqlite", "verified.json"]


def test_an_index_of_an_earlier_release_is_built_again(tmp_path: Path) -> None:
    """Its points have other ids; until then the scan answers, and says what to do."""
    space = write_world(tmp_path / "world")
    earlier = edge_of(space).rename(space / "index" / edge_of(space).name.replace("edge-rows-", "edge-"))
    point_current_to(earlier)
    assert "run: generel load" in store_of(space)[1]
    assert load_space(space).built == ("edge",) and not earlier.exists()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_flipped_bit_in_any_file_is_corrupt(space: Path, name: str, place: str) -> None:
    """One bit at the beginning, middle or end of any file of the space is noticed at load, and the file is named."""
    content = bytearray((space / name).read_bytes())
    content[{"first": 0, "middle": len(content) // 2, "last": len(content) - 2}[place]] ^= 1
    (space / name).write_bytes(content)
    with pytest.raises(Corrupt, match=name):
        load_space(space)


@pytest.mark.parametrize("name", FILES[:-1])
def test_a_missing_file_is_corrupt(space: Path, name: str) -> None:
    """A file that the manifest names and the folder lacks."""
    (space / name).unlink()
    with pytest.raises(Corrupt, match=f"{name} is missing"):
        load_space(space)


def test_cut_vectors_are_corrupt(space: Path) -> None:
    """Sizes before and after are said."""
    path = space / "vectors.safetensors"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(Corrupt, match=f"vectors.safetensors has {size - 4} bytes instead of {size}"):
        load_space(space)


def test_a_folder_that_is_no_space_stays_as_it_is(tmp_path: Path) -> None:
    """Loading something else makes no index in it."""
    with pytest.raises(NotThere):
        load_space(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_names_index_is_built_again(space: Path) -> None:
    """What cannot be opened counts as not there."""
    (space / "index/names.sqlite").write_bytes(b"SQLite format 3\0 and no more")
    assert load_space(space).built == ("names",)


def test_names_of_another_release_are_built_again(space: Path) -> None:
    """The names index knows the digests of its tables: copied from another space it is not current."""
    other = write_world(space.parent / "other", load=False, vectors=unit(np.eye(12, 3) + 0.1))
    shutil.copytree(space / "index", other / "index", symlinks=True)
    assert names_are_current(other, read_manifest(other))
    assert current_edge(other, read_manifest(other)) is None
    assert load_space(other).built == ("edge",)
    assert names_in_index(other) == [".lock", "current", edge_of(other).name, "names.sqlite", "verified.json"]


def test_what_a_crash_left_is_removed(space: Path) -> None:
    """A half-built folder of a dead process goes with the next build, one that is named right is not trusted without its link."""
    (space / "index/.edge-0123.99.part").mkdir()
    (space / "index/.names.sqlite.99.part").touch()
    (space / "index/current").unlink()
    assert load_space(space).built == ("edge",)
    assert names_in_index(space) == [".lock", "current", edge_of(space).name, "names.sqlite", "verified.json"]


def test_the_second_of_two_loads_is_told_who_is_first(space: Path) -> None:
    """While somebody holds the lock of the index, a load that does not wait is Busy and changes nothing."""
    with hold(space / "index/.lock", wait=False), pytest.raises(Busy, match="is being written by process"):
        load_space(space, wait=False, force=True)


@pytest.mark.slow
def test_two_loads_at_once_both_succeed(tmp_path: Path) -> None:
    """Two processes load one space: one builds, the other waits and finds it built."""
    space = write_world(tmp_path / "world", load=False)
    program = "import sys; from pathlib import Path; from generel.index.load import load_space; print(load_space(Path(sys.argv[1])).built)"
    command = [sys.executable, "-c", program, str(space)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate()[0].strip() for process in processes)
    assert said == ["('names', 'edge')", "()"]
    assert [process.returncode for process in processes] == [0, 0]
    assert store_of(space)[0].name == "edge"


def test_an_open_reader_survives_a_swap(space: Path) -> None:
    """A space is released anew with other vectors and loaded: who has it open goes on with the old, who opens it gets the new."""
    old, _ = store_of(space)
    assert old.nearest(world_vectors()[[5]], 1).rows.tolist() == [[5]]
    reversed_vectors = np.ascontiguousarray(world_vectors()[::-1])
    write_world(space, vectors=reversed_vectors)
    assert old.name == "edge"
    assert old.nearest(world_vectors()[[5]], 1).rows.tolist() == [[5]]
    assert old.fetch(np.array([5])).tolist() == world_vectors()[[5]].tolist()
    new, note = store_of(space)
    assert (new.name, note) == ("edge", "")
    assert new.nearest(world_vectors()[[5]], 1).rows.tolist() == [[6]]


def test_stale_edge_falls_back_to_the_scan_and_says_so(space: Path) -> None:
    """Without the link of these vectors the exact store answers."""
    (space / "index/current").unlink()
    store, note = store_of(space)
    assert store.name == "exact"
    assert "run: generel load" in note


def test_an_unreadable_edge_folder_falls_back_to_the_scan(space: Path) -> None:
    """A folder that the engine cannot open is answered by the exact store, with the engine's words."""
    (edge_of(space) / "edge_config.json").write_text("{")
    store, note = store_of(space)
    assert store.name == "exact"
    assert "Qdrant Edge cannot read" in note
    assert store.nearest(world_vectors()[[5]], 1).rows.tolist() == [[5]]


def test_without_the_wheel_the_scan_answers(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a platform without qdrant-edge-py both loading and answering work, and say what is missing."""
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    monkeypatch.delitem(sys.modules, "generel.index.edge", raising=False)
    store, note = store_of(space)
    assert store.name == "exact"
    assert "qdrant-edge-py cannot be imported" in note
    monkeypatch.setattr(load_module, "find_spec", lambda name: None)
    assert load_space(space, force=True) == Loaded(12, "exact", None, ("names",), note="the exact scan serves because qdrant-edge-py is not installed")


def test_a_poor_index_is_not_installed(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that misses neighbors is thrown away; the space is loaded all the same and says what serves."""
    shutil.rmtree(edge_of(space))
    (space / "index/current").unlink()

    def refuse(space: Path, into: Path, **options: object) -> Recall:
        raise PoorIndexError("the Edge index was refused: recall@10 against the exact search is 0.500, below 0.9")

    monkeypatch.setattr(load_module, "run_edge_build", refuse)
    result = load_space(space)
    assert (result.store, result.built) == ("exact", ())
    assert "0.500" in result.note
    assert names_in_index(space) == [".lock", "names.sqlite", "verified.json"]


def test_a_build_that_dies_is_an_error_and_keeps_the_old_index(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line of the process that built is in the message."""
    real_run = subprocess.run

    def die(command: list[str], **options: Any) -> subprocess.CompletedProcess:
        return real_run([sys.executable, "-c", "raise SystemExit('out of memory')"], **options)

    monkeypatch.setattr(subprocess, "run", die)
    with pytest.raises(GenerelError, match="could not be built: out of memory"):
        load_space(space, force=True)
    assert store_of(space)[0].name == "edge"


def test_ctrl_c_during_a_build_keeps_the_old_index(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-built is left, the lock is free, and the old index answers."""
    before = names_in_index(space)

    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(subprocess, "run", interrupt)
        load_space(space, force=True)
    assert names_in_index(space) == [name for name in before if name != "verified.json"] + ["verified.json"]
    assert store_of(space)[0].name == "edge"
    assert load_space(space, wait=False).built == ()


@pytest.mark.slow
def test_many_processes_can_read_one_index(space: Path) -> None:
    """Four processes open it five times each, at once, and ask; every one is answered by Edge.

    The engine's documentation does not promise this, so it is tried here.
    """
    program = (
        "import sys, generel\n"
        "for _ in range(5):\n"
        " with generel.EmbeddingSpace.open(sys.argv[1]) as space: print(space.store.name, space.neighbors('simvastatin', 1)[0].concept.name)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, str(space)], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.communicate()[0] == "edge atorvastatin\n" * 5
        assert process.returncode == 0


def test_a_space_copied_with_its_links_followed_is_loaded_again(space: Path, tmp_path: Path) -> None:
    """`cp -L`, an archive or an object store make a folder of the link `current`: it answers by the exact scan, and a load puts the link back."""
    copied = Path(shutil.copytree(space, tmp_path / "copied"))
    assert not (copied / "index/current").is_symlink()
    assert store_of(copied)[0].name == "exact"
    assert "edge" in load_space(copied).built[0]
    assert (copied / "index/current").is_symlink()
    assert store_of(copied)[0].name == "edge"
    assert not list((copied / "index").glob(".current.*"))


def test_a_folder_that_may_not_be_written_says_so(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only file system is one sentence with the way out."""

    def refuse(path: Path, **options: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(load_module, "hold", refuse)
    with pytest.raises(NotWritable, match="may not be written"):
        load_space(space)


def test_modules_of_the_working_directory_are_not_taken_for_libraries(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file called numpy.py where the command is run does not break the build."""
    trap = space.parent / "trap"
    trap.mkdir()
    (trap / "numpy.py").write_text("raise SystemExit('wrong numpy')")
    monkeypatch.chdir(trap)
    assert load_space(space, force=True).recall == Recall(1.0, 1.0)
