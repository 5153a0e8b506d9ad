"""Notes beside the caches: small JSON files that say what was verified and how, and that hold a digest of themselves.

The SHA-256 of a gigabyte takes a second, so a file is taken for unchanged while its size and time of change are those noted when it
was last read whole; where they differ (it was copied, or damaged) it is read again.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from generel.concepts.atomic import write_beside
from generel.concepts.errors import Corrupt
from generel.index.space_folder import digest_file, digest_of_manifest

Stamp = Mapping[str, Any]


def write_note(path: Path, content: Mapping[str, Any]) -> None:
    """Write a note, whole or not at all."""
    with write_beside(path) as temporary:
        temporary.write_text(json.dumps({**content, "digest": digest_of_manifest(content)}, indent=1) + "\n", encoding="utf-8")


def read_note(path: Path) -> dict[str, Any] | None:
    """What a note says; None where there is none.

    Raises:
        Corrupt: it is not what was written.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Corrupt(f"{path} is not JSON ({error}); run: generel load") from error
    if not isinstance(content, dict) or digest_of_manifest(content) != content.get("digest"):
        raise Corrupt(f"{path} is not what was written: its digest does not match; run: generel load")
    return content


def stamp_files(folder: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """SHA-256, size and time of change of each file, by its path relative to `folder`."""
    return {name: {**digest_file(folder / name), "changed": (folder / name).stat().st_mtime_ns} for name in sorted(names)}


def stamp_known(folder: Path, files: Mapping[str, Stamp]) -> dict[str, Stamp]:
    """The same for files whose digests were compared just now."""
    return {name: {**recorded, "changed": (folder / name).stat().st_mtime_ns} for name, recorded in files.items()}


def find_changed(folder: Path, stamps: Mapping[str, Stamp], *, read: Callable[[str], bool] = lambda name: False) -> list[str]:
    """The files that are missing or no longer what was stamped, sorted.

    Args:
        read: which files are read whole though they look unchanged.
    """
    return [name for name, stamp in sorted(stamps.items()) if not _is_same(folder / name, stamp, read=read(name))]


def _is_same(path: Path, stamp: Stamp, *, read: bool) -> bool:
    try:
        status = path.stat()
        if status.st_size != stamp["bytes"]:
            return False
        if status.st_mtime_ns == stamp["changed"] and not read:
            return True
        return bool(digest_file(path)["sha256"] == stamp["sha256"])
    except FileNotFoundError:
        return False
