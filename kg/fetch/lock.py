"""The lock file: what the bytes of every fetched place were, recorded at the first fetch and checked ever after.

`generel.lock.json` is for people too: sorted, one place an entry. It may be copied to another machine, which then accepts
only the same bytes. `size`, `n_files` and `mtime_ns` are the cheap test that a file in the cache is untouched; a changed
time alone makes it be hashed again, not fetched again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from generel.concepts.atomic import write_beside
from generel.concepts.errors import Corrupt
from kg.fetch.digest import Extent

FORMAT = 1
NAME = "generel.lock.json"


@dataclass(frozen=True)
class Entry:
    """What is recorded of one place.

    Attributes:
        path: where it lies, below the cache's folder (a local place: the whole path).
        sha256: of the file, or of the folder's list of files.
        size: bytes in all.
        n_files: one, or how many the folder holds.
        mtime_ns: newest change on this machine.
        fetched: when, UTC, ISO 8601.
        url: where the bytes came from in the end, without password and query; empty for what came out of an archive.
        etag, last_modified: the server's own marks of the version.
        archive: SHA-256 of the archive the file came out of; empty for others.
    """

    path: str
    sha256: str
    size: int
    n_files: int
    mtime_ns: int
    fetched: str
    url: str = ""
    etag: str = ""
    last_modified: str = ""
    archive: str = ""

    @property
    def extent(self) -> Extent:
        return Extent(self.n_files, self.size, self.mtime_ns)

    def at_time(self, mtime_ns: int) -> "Entry":
        """The same bytes, changed at another time."""
        return replace(self, mtime_ns=mtime_ns)


@dataclass
class LockFile:
    """The entries by place, and the path they are kept at."""

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "LockFile":
        """The lock file at `path`; without entries where there is none yet.

        Raises:
            Corrupt: if it cannot be read; nothing is guessed, since it is what bytes are checked against.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["format"] != FORMAT:
                raise ValueError(f"its format is {document['format']}, this version reads {FORMAT}")
            return cls(path, {place: Entry(**entry) for place, entry in document["places"].items()})
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Corrupt(f"the lock file {path} cannot be read ({error}); mend it, or remove it to have every file fetched anew") from error

    def record(self, place: str, entry: Entry) -> None:
        """Add or replace one entry, on the disk as well; call it only while holding the cache's lock."""
        self.entries = {**LockFile.read(self.path).entries, place: entry}
        with write_beside(self.path) as temporary:
            temporary.write_text(_format(self.entries), encoding="utf-8")


def now() -> str:
    """The time, UTC, to the second, as the lock file writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _format(entries: Mapping[str, Entry]) -> str:
    places = {place: {name: value for name, value in asdict(entries[place]).items() if value != ""} for place in sorted(entries)}
    return json.dumps({"format": FORMAT, "places": places}, indent=2, ensure_ascii=False) + "\n"
