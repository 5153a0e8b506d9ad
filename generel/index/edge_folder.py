"""Which Edge folder of a space answers: its name, the link `current`, and the note inside that says what it is.

Every build gets a folder of a name of its own, so a reader finds either the one before or the one after, and no moment between.
"""

import os
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from generel.concepts.atomic import sync_file
from generel.concepts.errors import Corrupt
from generel.index.notes import find_changed, read_note, stamp_files, write_note
from generel.index.quantization import NONE, QUANTIZATIONS
from generel.index.recall import Recall
from generel.index.space_folder import CURRENT, INDEX, VECTORS_FILE, Manifest

NOTE = "generel.json"
# The engine writes this file at every opening, so only what is in it is compared, by the engine.
REWRITTEN = "edge_config.json"


@dataclass(frozen=True)
class EdgeNote:
    """What was built: the quantization, and the recall measured then; None in a folder that an earlier generel built."""

    quantization: str
    recall: Recall | None


def new_edge_folder(folder: Path, manifest: Manifest, quantization: str) -> Path:
    """A place for a build of these vectors that no other build has."""
    return folder / INDEX / f"{_prefix(manifest)}-{quantization}-{secrets.token_hex(4)}"


def _prefix(manifest: Manifest) -> str:
    # Folders of earlier releases of generel are named edge-DIGEST: their points have other ids.
    return f"edge-rows-{manifest.digest_of(VECTORS_FILE)[:16]}"


def current_edge(folder: Path, manifest: Manifest) -> Path | None:
    """The Edge folder of exactly these vectors that `current` points to; None where there is none."""
    try:
        name = (folder / INDEX / CURRENT).readlink().name
    except OSError:
        return None
    target = folder / INDEX / name
    return target if name.startswith(_prefix(manifest)) and target.is_dir() else None


def write_edge_note(edge: Path, *, quantization: str, recall: Recall) -> None:
    """Note what lies in `edge`, and the digests of its files."""
    names = [path.relative_to(edge).as_posix() for path in edge.rglob("*") if path.is_file()]
    stamps = stamp_files(edge, (name for name in names if name not in (NOTE, REWRITTEN)))
    write_note(edge / NOTE, {"quantization": quantization, "recall": asdict(recall), "files": stamps})


def read_edge_note(edge: Path, *, read_all: bool = False) -> EdgeNote:
    """What lies in `edge`, once its files are seen to be what was built.

    Args:
        read_all: compare every digest, also of files that look unchanged.

    Raises:
        Corrupt: a file has changed, or the note is damaged.
    """
    note = read_note(edge / NOTE)
    if note is None:
        return EdgeNote(NONE, None)
    if changed := find_changed(edge, note["files"], read=lambda name: read_all):
        raise Corrupt(f"{len(changed):,} of its files are damaged, such as {changed[0]}")
    if note["quantization"] not in QUANTIZATIONS:
        raise Corrupt(f"its quantization '{note['quantization']}' is none of {', '.join(QUANTIZATIONS)}")
    return EdgeNote(note["quantization"], Recall(**note["recall"]))


def point_current_to(target: Path) -> None:
    """Move the link `current` beside `target` to it, in one step."""
    link = target.with_name(CURRENT)
    temporary = link.with_name(f".{CURRENT}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target.name)
    if link.is_dir() and not link.is_symlink():
        # Whatever copied the space followed its links; nobody reads a `current` that points to nothing.
        shutil.rmtree(link)
    temporary.replace(link)
    sync_file(target.parent)


def remove_others(index: Path, *, keep: Path | None) -> None:
    """Remove every Edge folder in `index` but one, and what crashed builds left; open readers keep their files."""
    for pattern in ("edge-*", ".edge-*", f".{CURRENT}.*"):
        for other in index.glob(pattern):
            if other.is_symlink():
                other.unlink(missing_ok=True)
            elif other != keep:
                shutil.rmtree(other, ignore_errors=True)
