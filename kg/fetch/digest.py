"""What lies at a path: how much of it, and the SHA-256 of its bytes.

A folder's digest is that of the list of its files, `SHA-256  path`, a line each, sorted by path: the same for the same files
whatever the order they were written in. Names beginning with a dot are ours (half-written files) and do not count.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generel.concepts.errors import HashMismatch


@dataclass(frozen=True)
class Extent:
    """How much lies at a path: number of files, bytes, and the newest change, in nanoseconds since 1970."""

    n_files: int
    size: int
    mtime_ns: int


def measure(path: Path) -> Extent | None:
    """The extent of the file or folder at `path`, without reading it; None if nothing is there."""
    if not path.exists():
        return None
    stats = [file.stat() for file in _files(path)]
    return Extent(len(stats), sum(each.st_size for each in stats), max((each.st_mtime_ns for each in stats), default=0))


def digest(path: Path) -> str:
    """SHA-256, in hex, of the file at `path`, or of the list of files of the folder there."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    lines = sorted((file.relative_to(path).as_posix(), digest(file)) for file in _files(path))
    return hashlib.sha256("".join(f"{sha256}  {name}\n" for name, sha256 in lines).encode()).hexdigest()


def check_hash(what: str, *, expected: str, got: str, way_out: str) -> None:
    """Nothing where the hashes agree, or where none is expected.

    Raises:
        HashMismatch: where they do not; it names both.
    """
    if expected and expected.lower() != got:
        raise HashMismatch(f"{what} is not the file that was recorded: SHA-256 {expected} was expected, {got} came; {way_out}")


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    yield from (file for file in path.rglob("*") if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts))
