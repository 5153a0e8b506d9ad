"""One writer at a time."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generel.concepts.errors import Busy
from generel.concepts.progress import Silent
from generel.index.lock import describe, hold

HOLD = "import sys; from pathlib import Path; from generel.index.lock import hold\nwith hold(Path(sys.argv[1]), wait=True):\n print('held', flush=True); sys.stdin.read()"


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen]:
    """Another process holds the lock until its stdin is closed."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        end(process)


def end(process: subprocess.Popen) -> None:
    """Let the holder go."""
    assert process.stdin is not None
    process.stdin.close()


class Listener(Silent):
    """A progress that keeps what is said and tells when something is."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.heard = threading.Event()

    def say(self, message: str) -> None:
        """Keep it."""
        self.said.append(message)
        self.heard.set()


def test_the_lock_says_who_holds_it(tmp_path: Path) -> None:
    """While it is held the file names this process; afterwards nobody."""
    with hold(tmp_path / "index/.lock", wait=False):
        assert json.loads((tmp_path / "index/.lock").read_text())["pid"] == os.getpid()
    assert (tmp_path / "index/.lock").read_text() == ""


def test_without_waiting_the_second_is_told_who_is_first(tmp_path: Path) -> None:
    """Busy names the process and the folder."""
    path = tmp_path / ".lock"
    with held_elsewhere(path) as process, pytest.raises(Busy, match=f"{tmp_path} is being written by process {process.pid} on"), hold(path, wait=False):
        pass


def test_waiting_ends_when_the_first_is_done(tmp_path: Path) -> None:
    """The second says whom it waits for and gets the lock after them."""
    path, listener = tmp_path / ".lock", Listener()
    with held_elsewhere(path) as process:

        def release_when_heard() -> None:
            listener.heard.wait()
            end(process)

        release = threading.Thread(target=release_when_heard)
        release.start()
        with hold(path, wait=True, progress=listener):
            assert json.loads(path.read_text())["pid"] == os.getpid()
        release.join()
    assert listener.said == [f"waiting for process {process.pid} on {describe_host(listener.said[0])}, who is writing {tmp_path}"]


def describe_host(said: str) -> str:
    """What stands between 'on' and the comma: host and time."""
    return said.partition(" on ")[2].rpartition(", who")[0]


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """After kill -9 the lock is free, though the file still names the dead."""
    path = tmp_path / ".lock"
    with held_elsewhere(path) as process:
        process.kill()
        process.wait()
    assert json.loads(path.read_text())["pid"] == process.pid
    with hold(path, wait=False):
        pass


def test_a_lock_on_a_file_that_was_replaced_is_taken_again(tmp_path: Path) -> None:
    """A space released anew while somebody waits has a new lock file: the waiting one ends up with that."""
    path, listener = tmp_path / "index/.lock", Listener()
    with held_elsewhere(path) as process:

        def release_anew() -> None:
            listener.heard.wait()
            (tmp_path / "index").rename(tmp_path / "old")
            (tmp_path / "index").mkdir()
            end(process)

        thread = threading.Thread(target=release_anew)
        thread.start()
        with hold(path, wait=True, progress=listener):
            assert json.loads(path.read_text())["pid"] == os.getpid()
        thread.join()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}'])
def test_an_unreadable_lock_is_held_by_another_process(content: bytes) -> None:
    """Between taking the lock and writing into it the file says nothing."""
    assert describe(content) == "another process"
