"""One writer at a time in an index folder: a lock that the system drops when its holder dies.

The file says who holds it. A space may be released anew while somebody waits, so the lock is taken on the file
that has the name *now*, not on the one that had it when waiting began.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path

from generel.concepts.errors import Busy
from generel.concepts.progress import SILENT, Progress


@contextmanager
def hold(path: Path, *, wait: bool, progress: Progress = SILENT) -> Iterator[None]:
    """A context in which this process alone holds the lock at `path`.

    Args:
        wait: whether to wait while somebody else holds it; who that is, is said.

    Raises:
        Busy: somebody else holds it and `wait` is false.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = _take(path, wait=wait, progress=progress)
    try:
        yield
    finally:
        stream.truncate(0)
        stream.close()


def _take(path: Path, *, wait: bool, progress: Progress) -> FileIO:
    while True:
        stream = FileIO(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = describe(stream.readall())
            if not wait:
                stream.close()
                raise Busy(f"{path.parent} is being written by {holder}; wait for it, or end it") from None
            progress.say(f"waiting for {holder}, who is writing {path.parent}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        if _is_named(stream, path):
            stream.truncate(0)
            stream.seek(0)
            stream.write(_who())
            return stream
        stream.close()


def _is_named(stream: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _who() -> bytes:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}).encode()


def describe(content: bytes) -> str:
    """The holder that a lock file names, for a sentence; 'another process' where it does not say."""
    try:
        holder = json.loads(content)
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
