"""The style, scripts and pictures of the page, read into memory when the service starts.

What is asked for is looked up by name among them: no path of a request reaches the file system. Their address holds a digest of them
all, so a browser keeps them for ever and asks for the new ones after an upgrade; the scripts import one another by relative address.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8"}


@dataclass(frozen=True)
class StaticFile:
    """One file, as it is and packed."""

    media_type: str
    content: bytes
    gzipped: bytes


@dataclass(frozen=True)
class StaticFiles:
    """All of them by name; those of folders with a slash."""

    version: str
    by_name: Mapping[str, StaticFile]


@cache
def read_static_files() -> StaticFiles:
    """The files of `static/` that a browser may ask for, and a short digest of them."""
    found = dict(sorted(_walk(files("generel.service.page") / "static", "")))
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + file.content + b"\0" for name, file in found.items()))
    return StaticFiles(digest.hexdigest()[:12], found)


def _walk(folder: Traversable, before: str) -> list[tuple[str, StaticFile]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _walk(each, f"{before}{each.name}/")
        elif media_type := MEDIA_TYPES.get(each.name.rpartition(".")[2]):
            content = each.read_bytes()
            found.append((f"{before}{each.name}", StaticFile(media_type, content, gzip.compress(content, mtime=0))))
    return found
