"""Writing that never leaves half a file: beside, fsync, rename.

The one thing to get wrong: the rename is durable only once the *folder* is synced too.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generel.concepts.errors import DiskFull

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def say_when_full(path: Path) -> Iterator[None]:
    """A context in which a full disk, or a used up quota, is a `DiskFull` that names `path` and the way out."""
    try:
        yield
    except Exception as error:
        # polars and safetensors pass the system's error on as text only, in an exception of their own.
        if getattr(error, "errno", None) not in FULL and not any(f"(os error {code})" in str(error) for code in FULL):
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
        temporary.replace(path)
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
    for path in predecessors(folder):
        shutil.rmtree(path, ignore_errors=True)
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
    """Give `new` the name `folder`; the folder of that name, if any, is removed after the switch.

    Where the switch fails in the middle (Ctrl-C included) the folder that was there has its name back.
    """
    previous = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        if folder.exists():
            folder.rename(previous)
        new.rename(folder)
    except BaseException:
        recover(folder)
        raise
    sync_file(folder.parent)
    shutil.rmtree(previous, ignore_errors=True)


def recover(folder: Path) -> None:
    """Undo a switch that a crash cut in two: where `folder` is gone and a predecessor is there, name the newest back."""
    if folder.exists():
        return
    left = predecessors(folder)
    if left:
        max(left, key=lambda path: path.stat().st_mtime_ns).rename(folder)
        sync_file(folder.parent)


def predecessors(folder: Path) -> list[Path]:
    """The folders that `swap_in` moved out of the way of `folder` and a crash kept it from removing."""
    if not folder.parent.is_dir():
        return []
    # Not a glob: it would take `.a.b.7.old`, which belongs to the folder `a.b`, for one of `a`.
    moved = re.compile(rf"\.{re.escape(folder.name)}\.\d+\.old", re.ASCII)
    return [path for path in folder.parent.iterdir() if moved.fullmatch(path.name)]


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
