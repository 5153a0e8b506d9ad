"""Writing that never leaves half a file: beside, fsync, rename.

The one thing to get wrong: the rename is durable only once the *folder* is synced too.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generel.concepts.errors import DiskFull


@contextmanager
def say_when_full(path: Path) -> Iterator[None]:
    """A context in which a full disk, or a used up quota, is a `DiskFull` that names `path` and the way out."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise DiskFull(f"no room left to write {path}; free some space in {path.parent} and run the command again") from error


@contextmanager
def write_beside(path: Path) -> Iterator[Path]:
    """A temporary path in the folder of `path`; on leaving it is synced and renamed to `path`.

    If the body raises (Ctrl-C and a full disk included) the temporary file is removed and `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with say_when_full(path):
            yield temporary
            sync_file(temporary)
        os.replace(temporary, path)
        sync_file(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def build_beside(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`; on leaving every file in it is synced and it takes the name `folder`.

    What was at `folder` before stays whole until the new one is complete, and is then removed. If the body raises,
    the temporary folder is removed and `folder` is as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover(folder)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        with say_when_full(folder):
            yield temporary
            sync_tree(temporary)
        swap_in(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def swap_in(new: Path, folder: Path) -> None:
    """Give `new` the name `folder`; the folder of that name, if any, is removed after the switch."""
    previous = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        os.rename(folder, previous)
    os.rename(new, folder)
    sync_file(folder.parent)
    shutil.rmtree(previous, ignore_errors=True)


def recover(folder: Path) -> None:
    """Undo a switch that a crash cut in two: where `folder` is gone and its predecessor is there, name it back."""
    if folder.exists():
        return
    left = sorted(folder.parent.glob(f".{folder.name}.*.old"))
    if left:
        os.rename(left[-1], folder)
        sync_file(folder.parent)


def sync_tree(folder: Path) -> None:
    """Every file and folder below `folder`, and `folder`, flushed to the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.is_symlink():
            sync_file(path)
    sync_file(folder)


def sync_file(path: Path) -> None:
    """The file or folder at `path` flushed to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
