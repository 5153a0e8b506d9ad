"""What is written is there whole or not at all: after an exception, a full disk, and a kill in the middle."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from generel.concepts.atomic import build_beside, recover, say_when_full, write_beside
from generel.concepts.errors import DiskFull

FAILURES = [ValueError("a fault"), KeyboardInterrupt(), SystemExit(1)]
# A child that stops in the middle of writing, as the signal's victim.
KILLED_IN_FILE = """
import os, signal, sys
from pathlib import Path
from generel.concepts.atomic import write_beside
with write_beside(Path(sys.argv[1])) as beside:
    beside.write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_IN_FOLDER = """
import os, signal, sys
from pathlib import Path
from generel.concepts.atomic import build_beside
with build_beside(Path(sys.argv[1])) as beside:
    (beside / "a.txt").write_text("half of the n")
    os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_BETWEEN_RENAMES = """
import os, signal, sys
from pathlib import Path
from generel.concepts.atomic import build_beside
rename = Path.rename
def rename_or_die(self, target):
    if self.name.endswith(".part"):
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.rename = rename_or_die
with build_beside(Path(sys.argv[1])) as beside:
    (beside / "a.txt").write_text("new")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `space` with one file of old content, alone in its parent."""
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "a.txt").write_text("old")
    return tmp_path / "space"


def names(folder: Path) -> list[str]:
    """What lies in the folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


def run_until_killed(script: str, path: Path) -> None:
    """Run the script in a process of its own; it has to die of SIGKILL."""
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=60, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL


def test_a_written_file_takes_its_name_and_leaves_nothing_else(tmp_path: Path) -> None:
    """Folders above it are made; the file that was there is replaced."""
    for content in ("one", "two"):
        with write_beside(tmp_path / "a" / "b.txt") as beside:
            beside.write_text(content)
        assert (tmp_path / "a" / "b.txt").read_text() == content
    assert names(tmp_path / "a") == ["b.txt"]


def test_until_the_end_the_old_file_is_there(tmp_path: Path) -> None:
    """A reader in the meantime sees the old content, whole."""
    path = tmp_path / "b.txt"
    path.write_text("old")
    with write_beside(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_body_that_raises_leaves_the_old_file_and_no_leftovers(tmp_path: Path, failure: BaseException) -> None:
    """Whatever is raised, Ctrl-C included, passes on unchanged."""
    path = tmp_path / "b.txt"
    path.write_text("old")
    with pytest.raises(type(failure)) as caught, write_beside(path) as beside:
        beside.write_text("half")
        raise failure
    assert caught.value is failure
    assert path.read_text() == "old"
    assert names(tmp_path) == ["b.txt"]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_body_that_raises_leaves_the_old_folder_and_no_leftovers(folder: Path, failure: BaseException) -> None:
    """The same for folders."""
    with pytest.raises(type(failure)), build_beside(folder) as beside:
        (beside / "a.txt").write_text("half")
        raise failure
    assert (folder / "a.txt").read_text() == "old"
    assert names(folder.parent) == ["space"]


def test_a_built_folder_takes_the_place_of_the_old_one_as_a_whole(folder: Path) -> None:
    """No file of the old folder is left in the new one, and nothing beside it."""
    with build_beside(folder) as beside:
        (beside / "sub").mkdir()
        (beside / "sub" / "b.txt").write_text("new")
        assert (folder / "a.txt").read_text() == "old"
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) == ["sub", "sub/b.txt"]
    assert names(folder.parent) == ["space"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_or_quota_is_said_in_a_sentence(tmp_path: Path, code: int) -> None:
    """The message names what could not be written and where to make room."""
    path = tmp_path / "b.txt"
    path.write_text("old")
    with pytest.raises(DiskFull, match=rf"^no room left to write {path}; free some space in {tmp_path} and run the command again$"), write_beside(path):
        raise OSError(code, os.strerror(code))
    assert path.read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
def test_a_full_disk_is_noticed_though_polars_says_so_in_text_only(tmp_path: Path) -> None:
    """polars raises no OSError where a Parquet file finds no room."""
    with pytest.raises(DiskFull, match="no room left"), write_beside(tmp_path / "a.parquet") as beside:
        beside.symlink_to("/dev/full")
        pl.DataFrame({"n": range(1000)}).write_parquet(beside)
    assert names(tmp_path) == []


def test_another_failure_of_the_system_passes_unchanged(tmp_path: Path) -> None:
    """Only a lack of room is renamed."""
    with pytest.raises(PermissionError), say_when_full(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(("script", "write"), [(KILLED_IN_FILE, lambda path: path.write_text("old")), (KILLED_IN_FOLDER, None)], ids=["file", "folder"])
def test_a_kill_in_the_middle_leaves_the_old(tmp_path: Path, script: str, write: Callable[[Path], object] | None) -> None:
    """SIGKILL gives no chance to clean up: the half-written one lies beside under a hidden name, the old one is whole."""
    path = tmp_path / "thing"
    if write:
        write(path)
    else:
        path.mkdir()
        (path / "a.txt").write_text("old")
    run_until_killed(script, path)
    assert (path if write else path / "a.txt").read_text() == "old"
    assert all(name == "thing" or name.startswith(".thing.") for name in names(tmp_path))


def test_a_kill_between_the_two_renames_is_undone(folder: Path) -> None:
    """For that moment nothing has the name; `recover` gives it back to the old folder, and the next writer does so by itself."""
    run_until_killed(KILLED_BETWEEN_RENAMES, folder)
    assert not folder.exists()
    recover(folder)
    assert (folder / "a.txt").read_text() == "old"
    run_until_killed(KILLED_BETWEEN_RENAMES, folder)
    with pytest.raises(ValueError, match="a fault"), build_beside(folder):
        raise ValueError("a fault")
    assert (folder / "a.txt").read_text() == "old"


def test_a_failure_between_the_two_renames_is_undone_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of the switch leaves the old folder under its name, not under a hidden one."""
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if path.name.endswith(".part"):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt), build_beside(folder) as beside:
        (beside / "a.txt").write_text("new")
    assert (folder / "a.txt").read_text() == "old"
    assert names(folder.parent) == ["space"]


def test_the_newest_predecessor_is_named_back(tmp_path: Path) -> None:
    """Process numbers do not grow with time, so the older of two leftovers may have the larger one."""
    for pid, content, time in ((77, "older", 1000), (9, "newer", 2000)):
        left = tmp_path / f".space.{pid}.old"
        left.mkdir()
        (left / "a.txt").write_text(content)
        os.utime(left, (time, time))
    recover(tmp_path / "space")
    assert (tmp_path / "space" / "a.txt").read_text() == "newer"


def test_a_predecessor_of_a_folder_with_a_longer_name_is_left_alone(tmp_path: Path) -> None:
    """`.space.v2.9.old` belongs to `space.v2`, and brackets in a name mean themselves."""
    for name in (".space.v2.9.old", ".space[1].9.old", ".space.9.old.txt"):
        (tmp_path / name).mkdir()
    recover(tmp_path / "space")
    assert not (tmp_path / "space").exists()
    recover(tmp_path / "space[1]")
    recover(tmp_path / "space.v2")
    assert names(tmp_path) == [".space.9.old.txt", "space.v2", "space[1]"]


def test_what_a_crash_after_the_switch_left_is_removed_by_the_next_writer(folder: Path) -> None:
    """The predecessor of a switch that was completed is of no use to anybody."""
    (folder.parent / ".space.9.old").mkdir()
    recover(folder)
    assert (folder / "a.txt").read_text() == "old"
    with build_beside(folder) as beside:
        (beside / "a.txt").write_text("new")
    assert names(folder.parent) == ["space"]


def test_recovering_what_never_was_does_nothing(tmp_path: Path) -> None:
    """Neither a missing folder nor a missing parent is made."""
    recover(tmp_path / "no" / "space")
    assert names(tmp_path) == []
