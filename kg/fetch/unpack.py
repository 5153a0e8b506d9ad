"""Unpacking one file or folder from an archive that we do not trust.

Refused: paths that leave the archive's folder, links, devices, two members of one name, and bombs. Sizes are counted while
bytes are copied, never read from a header. An sdist's members lie below a folder `NAME-VERSION/` and a wheel's do not;
that folder is taken off, so the same path means the same file in both.
"""

import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from generel.concepts.atomic import build_beside, write_beside
from generel.concepts.errors import BadInput, NotThere, UnsafeArchive
from kg.fetch.place import is_inside

CHUNK_BYTES = 1 << 20
ZIPS, TARS = (".whl", ".zip"), (".tar.gz", ".tgz")
Unreadable = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Limits:
    """How much may come out of an archive.

    Attributes:
        member_bytes: from one member.
        ratio: as a multiple of the archive's own size, from all that is read.
        allowance_bytes: on top of the ratio's, so that a tiny archive may hold a page of blanks.
    """

    member_bytes: int = 8 << 30
    ratio: int = 200
    allowance_bytes: int = 1 << 20

    def total_bytes(self, archive: Path) -> int:
        return self.allowance_bytes + self.ratio * archive.stat().st_size


@dataclass(frozen=True)
class Member:
    """One member: its path without an sdist's top folder, its path as written, whether it is a plain file, a folder."""

    path: str
    written: str
    is_file: bool
    is_folder: bool


class Budget:
    """Counts bytes and refuses those beyond the limit."""

    def __init__(self, limit: int, *, message: str) -> None:
        self.left, self.message = limit, message

    def take(self, n_bytes: int) -> None:
        self.left -= n_bytes
        if self.left < 0:
            raise UnsafeArchive(self.message)


class Metered(io.RawIOBase):
    """A stream whose bytes are counted as they are read; it cannot be turned back."""

    def __init__(self, stream: IO[bytes], *, budget: Budget) -> None:
        self.stream, self.budget = stream, budget

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        chunk = self.stream.read(size)
        self.budget.take(len(chunk))
        return chunk

    def close(self) -> None:
        self.stream.close()
        super().close()


def unpack(archive: Path, inside: str, *, target: Path, limits: Limits | None = None) -> None:
    """Put the member `inside`, or all that lies below it where it ends with '/', at `target`, replaced in one step.

    Args:
        archive: a wheel, or an sdist (.tar.gz, .tgz, .zip).
        inside: path as in a wheel.
        target: the file, or the folder, to become.
        limits: the default ones if None.

    Raises:
        NotThere: if the archive has no such member.
        UnsafeArchive: if it has members that no honest archive has, or unpacks to far more than its size.
        BadInput: if it is no archive of a known kind, or is damaged.
    """
    limits = limits or Limits()
    with _named(archive), _members(archive, limits=limits) as members:
        if inside.endswith("/"):
            with build_beside(target) as folder:
                _unpack_folder(members, inside, folder=folder, archive=archive, limits=limits)
        else:
            with write_beside(target) as temporary:
                _unpack_file(members, inside, target=temporary, archive=archive, limits=limits)


Opener = Callable[[], IO[bytes]]
Members = Iterable[tuple[Member, Opener]]


def _unpack_file(members: Members, inside: str, *, target: Path, archive: Path, limits: Limits) -> None:
    for member, opener in _checked(members, archive=archive):
        if member.path == inside and not member.is_folder:
            _copy(member, opener, target=target, archive=archive, limits=limits)
    if not target.exists():
        raise NotThere(f"{archive.name} has no file '{inside}'; look whether the path is right for this version")


def _unpack_folder(members: Members, inside: str, *, folder: Path, archive: Path, limits: Limits) -> None:
    for member, opener in _checked(members, archive=archive):
        if member.path.startswith(inside) and not member.is_folder:
            target = folder / member.path.removeprefix(inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(member, opener, target=target, archive=archive, limits=limits)
    if not any(folder.iterdir()):
        raise NotThere(f"{archive.name} has no folder '{inside}' with files in it; look whether the path is right for this version")


def _checked(members: Members, *, archive: Path) -> Iterator[tuple[Member, Opener]]:
    """The members, each with a path that stays inside; one wrong path condemns the whole archive."""
    for member, opener in members:
        if not is_inside(member.written):
            raise UnsafeArchive(f"{archive.name} has a member '{member.written}' that would land outside its folder; it is not used")
        yield member, opener


def _copy(member: Member, opener: Opener, *, target: Path, archive: Path, limits: Limits) -> None:
    if not member.is_file:
        raise UnsafeArchive(f"'{member.written}' in {archive.name} is a link or a device, not a file; it is not used")
    if target.exists():
        raise UnsafeArchive(f"{archive.name} has two members '{member.written}', of which only one would be seen; it is not used")
    budget = Budget(
        limits.member_bytes, message=f"'{member.written}' in {archive.name} unpacks to over {limits.member_bytes:,} bytes; it is not used"
    )
    with opener() as source, target.open("wb") as out:
        while chunk := source.read(CHUNK_BYTES):
            budget.take(len(chunk))
            out.write(chunk)


@contextmanager
def _named(archive: Path) -> Iterator[None]:
    """A context in which a damaged archive is a `BadInput` that names it."""
    try:
        yield
    except Unreadable as error:
        raise BadInput(f"{archive} cannot be unpacked ({error}); remove it and fetch it again") from error


@contextmanager
def _members(archive: Path, *, limits: Limits) -> Iterator[Members]:
    """The members of an archive in its order; a tar's must be copied when they come, for the stream is not turned back."""
    total = limits.total_bytes(archive)
    budget = Budget(total, message=f"{archive.name} unpacks to over {total:,} bytes, far more than its size allows; it is not used")
    name = archive.name.lower()
    if name.endswith(ZIPS):
        with zipfile.ZipFile(archive) as opened:
            yield _zip_members(opened, top=not name.endswith(".whl"), budget=budget)
    elif name.endswith(TARS):
        metered = cast(IO[bytes], Metered(cast(IO[bytes], gzip.GzipFile(archive)), budget=budget))
        with metered, tarfile.open(fileobj=metered, mode="r|") as tar:
            yield _tar_members(tar)
    else:
        raise BadInput(f"{archive.name} is not an archive that we unpack: {', '.join((*ZIPS, *TARS))}")


def _zip_members(opened: zipfile.ZipFile, *, top: bool, budget: Budget) -> Iterator[tuple[Member, Opener]]:
    for info in opened.infolist():
        if info.flag_bits & 1:
            raise BadInput(f"'{info.filename}' in {opened.filename} is encrypted; give the file with --data")
        kind = stat.S_IFMT(info.external_attr >> 16)
        path = info.filename.partition("/")[2] if top else info.filename
        member = Member(path, info.filename, not info.is_dir() and kind in {0, stat.S_IFREG}, info.is_dir())
        yield member, partial(_open_metered, opened, info, budget)


def _open_metered(opened: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> IO[bytes]:
    return cast(IO[bytes], Metered(opened.open(info), budget=budget))


def _tar_members(tar: tarfile.TarFile) -> Iterator[tuple[Member, Opener]]:
    for info in tar:
        member = Member(info.name.partition("/")[2], info.name, info.isreg(), info.isdir())
        yield member, partial(_open_member, tar, info)


def _open_member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(info)
    if stream is None:
        raise UnsafeArchive(f"'{info.name}' is not a plain file; the archive is not used")
    return stream
