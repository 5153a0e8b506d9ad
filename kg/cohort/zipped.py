"""Zip files that users were given: the members asked for, put into a folder, or a refusal.

Refused: members whose path leaves the archive, links, encrypted ones, two of one path, and bombs; sizes are counted while bytes are
copied, never read from a header. Folders at the top that hold all else are not taken over: `export/PERSON.csv` becomes `PERSON.csv`.
"""

import errno
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from generel.concepts.atomic import say_when_full
from generel.concepts.errors import BadInput, UnsafeArchive

MARK = b"PK\x03\x04"
CHUNK_BYTES = 1 << 20
# How much may come out: a multiple of the archive's size, and something on top so that a tiny one may hold a page of blanks.
RATIO, ALLOWANCE_BYTES = 200, 1 << 20
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


def is_zipped(path: Path) -> bool:
    """Whether the file begins as a zip file does; False where there is none."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK


def unzip(archive: Path, folder: Path, *, wanted: Callable[[PurePosixPath], bool]) -> None:
    """Put the members wanted into `folder`, each at its path below the folder that is shared by all of them.

    Raises:
        UnsafeArchive: members that no honest archive has, or far more in it than its size allows.
        BadInput: a damaged or encrypted archive, or none of the members is wanted.
        DiskFull: no room.
    """
    left = ALLOWANCE_BYTES + RATIO * archive.stat().st_size
    try:
        with zipfile.ZipFile(archive) as opened, say_when_full(folder):
            members = [info for info in _checked(opened, archive) if wanted(PurePosixPath(info.filename))]
            if not members:
                raise BadInput(f"{archive} holds none of the tables that it should; look whether it is the right archive")
            for info, target in zip(members, _targets(members, folder, archive), strict=True):
                left = _copy(opened, info, target, left=left, archive=archive)
    except UNREADABLE as error:
        raise BadInput(f"{archive} cannot be unpacked ({error}); get it anew") from error
    except OSError as error:
        # A damaged directory of members points before the beginning of the file.
        if error.errno != errno.EINVAL:
            raise
        raise BadInput(f"{archive} cannot be unpacked ({error}); get it anew") from error


def _checked(opened: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """The members that are files; one wrong path condemns the whole archive."""
    for info in opened.infolist():
        parts = info.filename.removesuffix("/").split("/")
        if "\\" in info.filename or "\0" in info.filename or ":" in parts[0] or {"", ".", ".."} & set(parts):
            raise UnsafeArchive(f"{archive} has a member '{info.filename}' that would land outside its folder; it is not used")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UnsafeArchive(f"'{info.filename}' in {archive} is a link or a device, not a file; it is not used")
        if info.flag_bits & 1:
            raise BadInput(f"'{info.filename}' in {archive} is encrypted; unpack it, and give the folder")
    return [info for info in opened.infolist() if not info.is_dir()]


def _targets(members: list[zipfile.ZipInfo], folder: Path, archive: Path) -> list[Path]:
    paths = [PurePosixPath(info.filename) for info in members]
    if twice := sorted({str(path) for path in paths if paths.count(path) > 1}):
        raise UnsafeArchive(f"{archive} has two members '{twice[0]}', of which only one would be seen; it is not used")
    shared = min((path.parent.parts for path in paths), key=len)
    while any(path.parts[: len(shared)] != shared for path in paths):
        shared = shared[:-1]
    return [folder.joinpath(*path.parts[len(shared) :]) for path in paths]


def _copy(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, *, left: int, archive: Path) -> int:
    """The bytes that may still come out of the archive, after this member."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(info) as source, target.open("wb") as out:
        while chunk := source.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise UnsafeArchive(f"{archive} unpacks to far more than its size allows; it is not used")
            out.write(chunk)
    return left
