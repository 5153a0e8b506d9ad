"""What of a source is on this disk, for the listing; nothing is fetched, and nothing read but sizes and times."""

from dataclasses import dataclass
from pathlib import Path

from kg.fetch.cache import Cache
from kg.fetch.digest import measure
from kg.fetch.fetch import find_file
from kg.sources.record import Source


@dataclass(frozen=True)
class FileState:
    """One file: `path` is None where it is not on this disk, `size` its bytes, 0 where it is not."""

    name: str
    place: str
    optional: bool
    path: Path | None
    size: int


@dataclass(frozen=True)
class SourceState:
    """All files of a source, in the record's order."""

    source: Source
    files: tuple[FileState, ...]

    @property
    def n_on_disk(self) -> int:
        return sum(file.path is not None for file in self.files)

    @property
    def size(self) -> int:
        """Bytes on this disk."""
        return sum(file.size for file in self.files)

    @property
    def is_complete(self) -> bool:
        """Whether a build could read it without a network; optional files do not count."""
        return all(file.path is not None or file.optional for file in self.files)


def source_state(source: Source, *, cache: Path, data: Path | None = None) -> SourceState:
    """Which files of a source are on this disk and how large they are; a file that was changed since counts as missing.

    Raises:
        Corrupt: if the cache's lock file cannot be read.
    """
    opened = Cache.open(cache)
    states = []
    for file in source.files:
        path = find_file(file, cache=opened, data=data)
        extent = measure(path) if path else None
        states.append(FileState(file.name, file.place, file.optional, path, extent.size if extent else 0))
    return SourceState(source, tuple(states))
