"""Fetching: the files of a source on this disk, each checked, and their paths by name.

A file is looked for below `--data` first, then where it lies if its place is a path, then in the cache, then on the network.
What lies below `--data` is the user's and is taken as it is; all else is checked against the hash of the record, or of the
lock file. Where everything is there, nothing is read but sizes and times.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from generel.concepts.errors import NotThere, SourceUnavailable
from generel.concepts.progress import SILENT, Progress
from generel.index.lock import hold
from kg.fetch.cache import Cache, archive_key, key_of
from kg.fetch.connection import Connection
from kg.fetch.digest import check_hash, digest
from kg.fetch.https import download
from kg.fetch.index_settings import IndexSettings
from kg.fetch.lock import Entry
from kg.fetch.place import HttpsPlace, LocalPlace, PypiPlace, parse_place
from kg.fetch.pypi import fetch_archive
from kg.fetch.unpack import unpack
from kg.sources.record import File, Source

PINNED = "its provider has changed it, and this version of generel was made for the recorded one; give that with --data, or update generel"
RECORDED = "if its provider has published a new one and you want it, run `generel fetch --update` for this source"


def fetch_source(
    source: Source,
    *,
    cache: Path,
    data: Path | None = None,
    offline: bool = False,
    verify: bool = False,
    update: bool = False,
    progress: Progress = SILENT,
    connection: Connection | None = None,
    settings: Callable[[], IndexSettings] = IndexSettings.of_user,
) -> dict[str, Path]:
    """The paths of a source's files by name, in the record's order; optional files that cannot be had are left out.

    Args:
        cache: folder of the fetched files and their lock file; made if needed.
        data: a folder with files that the user has, found by their `local` name.
        offline: whether the network is forbidden.
        verify: whether every byte in the cache is read and checked; what does not match is fetched again.
        update: whether files without a pinned hash are fetched anew and recorded anew.
        connection: how patient to be.
        settings: gives the package indexes to ask; called only if one is asked.

    Raises:
        NotThere: if a local file, an archive's member or a package is missing.
        SourceUnavailable: if the network fails or is forbidden; run again, it goes on where it stopped.
        HashMismatch: if other bytes come than were recorded; what was in the cache stays.
        Busy: if another process fetches into the same cache.
    """
    how = _How(offline, verify, update, progress, connection or Connection(), settings, again=f"`generel fetch {source.name}`")
    return _fetch(source.files, name=source.name, cache=cache, data=data, how=how)


def fetch_file(
    file: File,
    *,
    cache: Path,
    offline: bool = False,
    progress: Progress = SILENT,
    connection: Connection | None = None,
    settings: Callable[[], IndexSettings] = IndexSettings.of_user,
) -> Path:
    """The path of one file, or folder, that belongs to no source, as the weights of an encoder; as `fetch_source` otherwise.

    Raises:
        NotThere: if it cannot be found, even where the record calls it optional.
    """
    how = _How(offline, False, False, progress, connection or Connection(), settings, again="this command")
    return _fetch((replace(file, optional=False),), name=file.name, cache=cache, data=None, how=how)[file.name]


@dataclass(frozen=True)
class _How:
    """The options of a fetch; `again` is the command to advise."""

    offline: bool
    verify: bool
    update: bool
    progress: Progress
    connection: Connection
    settings: Callable[[], IndexSettings]
    again: str


def _fetch(files: Sequence[File], *, name: str, cache: Path, data: Path | None, how: _How) -> dict[str, Path]:
    opened, anew = Cache.open(cache), how.verify or how.update
    found = {file.name: path for file in files if (path := find_file(file, cache=opened, data=data, anew=anew))}
    missing = [file for file in files if file.name not in found]
    if missing:
        with hold(cache / ".fetch.lock", wait=False):
            # Whoever held the lock before us may have fetched what we miss, so the lock file is read again.
            found |= _Task(name, len(files), Cache.open(cache), how).bring_all(missing)
    return {file.name: found[file.name] for file in files if file.name in found}


def find_file(file: File, *, cache: Cache, data: Path | None = None, anew: bool = False) -> Path | None:
    """Where a file lies if it is there and looks untouched; nothing is read but its size and time.

    Args:
        anew: whether what lies in the cache does not count.
    """
    if data and file.local and (data / file.local).exists():
        return data / file.local
    place = parse_place(file.place)
    path = cache.path_of(place)
    if isinstance(place, LocalPlace) and not file.sha256:
        return path if path.exists() else None
    entry = None if anew else cache.entry_of(place, pinned=file.sha256)
    return path if entry and cache.is_untouched(path, entry=entry) else None


@dataclass
class _Task:
    """The fetching of missing files, under the cache's lock; `name` is whose they are, for messages."""

    name: str
    n_files: int
    cache: Cache
    how: _How
    renewed: set[str] = field(default_factory=set)

    @cached_property
    def settings(self) -> IndexSettings:
        return self.how.settings()

    def bring_all(self, files: list[File]) -> dict[str, Path]:
        """The paths of the files by name; offline, all that are missing are named at once."""
        brought: dict[str, Path] = {}
        missing: list[str] = []
        for file in files:
            try:
                brought[file.name] = self.bring(file)
            except (SourceUnavailable, NotThere) as error:
                if file.optional:
                    self.how.progress.say(f"{self.name}: going on without {file.name}: {error}")
                elif isinstance(error, _Offline):
                    missing.append(file.name)
                else:
                    raise
        if missing:
            raise SourceUnavailable(
                f"{self.name}: {len(missing)} of {self.n_files} files are not on this disk and --offline forbids fetching them "
                f"({', '.join(missing[:5])}); run {self.how.again} once with a network, or give them with --data"
            )
        return brought

    def bring(self, file: File) -> Path:
        """The path of one file, after checking or fetching it."""
        place = parse_place(file.place)
        path = self.cache.path_of(place)
        if isinstance(place, LocalPlace):
            return self._check_local(file, path)
        entry = self.cache.entry_of(place, pinned=file.sha256)
        if entry and path.exists() and not self._renews(file):
            if self.cache.is_same(path, entry=entry):
                self.cache.touch(key_of(place), path, entry=entry)
                return path
            self.how.progress.say(f"{path} is not what was fetched; fetching it again")
        if isinstance(place, HttpsPlace):
            self._bring_download(file, place, path=path)
        else:
            self._bring_member(file, place, path=path)
        return path

    def _renews(self, file: File) -> bool:
        """Whether `--update` means this file: a pinned hash has nothing to record anew."""
        return self.how.update and not file.sha256

    def _check_local(self, file: File, path: Path) -> Path:
        if not path.exists():
            raise NotThere(f"{self.name}: '{file.name}' should lie at {path}, and nothing does; put it there, or give its folder with --data")
        if file.sha256:
            check_hash(str(path), expected=file.sha256, got=digest(path), way_out="get the release that the record names")
            self.cache.record(key_of(parse_place(file.place)), path)
        return path

    def _bring_download(self, file: File, place: HttpsPlace, *, path: Path) -> None:
        if self.how.offline:
            raise _Offline(f"{place.url} is not on this disk, and --offline forbids fetching it")
        entry = None if self._renews(file) else self.cache.entry_of(place)
        expected = file.sha256 or (entry.sha256 if entry else "")
        way_out = PINNED if file.sha256 else RECORDED
        fetched = download(place.url, path, expected=expected, way_out=way_out, connection=self.how.connection, progress=self.how.progress)
        self.cache.record(key_of(place), path, fetched=fetched)

    def _bring_member(self, file: File, place: PypiPlace, *, path: Path) -> None:
        archive, entry = self._archive(file, place)
        unpack(archive, place.inside, target=path)
        self.cache.record(key_of(place), path, archive=entry.sha256)

    def _archive(self, file: File, place: PypiPlace) -> tuple[Path, Entry]:
        """The archive in the cache and its entry, fetched if it is not there, is damaged, or is to be renewed."""
        key = archive_key(place)
        recorded = self.cache.archive_of(place, pinned=file.sha256)
        if recorded and (key in self.renewed or (not self._renews(file) and self.cache.is_same(recorded[0], entry=recorded[1]))):
            return recorded
        if self.how.offline:
            raise _Offline(f"the archive {place.requirement} is not on this disk, and --offline forbids fetching it")
        expected = file.sha256 or (recorded[1].sha256 if recorded and not self._renews(file) else "")
        path, fetched = fetch_archive(
            place,
            self.cache.archives,
            settings=self.settings,
            expected=expected,
            way_out=PINNED if file.sha256 else RECORDED,
            connection=self.how.connection,
            progress=self.how.progress,
        )
        self.renewed.add(key)
        return path, self.cache.record(key, path, fetched=fetched)


class _Offline(SourceUnavailable):
    """A file that only the network could give, which is forbidden."""
