"""Whether the caches in `index/` were made from the files that the manifest names.

Apart from `load`, because opening a space asks this and must not pay for what building needs.
"""

from pathlib import Path

from generel.concepts.errors import Corrupt, NotThere
from generel.index.names import NamesIndex
from generel.index.space_folder import (
    ALIASES_FILE,
    CALIBRATION_FILE,
    CONCEPTS_FILE,
    CURRENT,
    INDEX,
    NAMES_FILE,
    VECTORS_FILE,
    Manifest,
)

NAMED_FILES = (CONCEPTS_FILE, ALIASES_FILE, CALIBRATION_FILE)


def names_are_current(folder: Path, manifest: Manifest) -> bool:
    """Whether `names.sqlite` is there, can be read and was made from the tables the manifest names."""
    try:
        names = NamesIndex(folder / INDEX / NAMES_FILE)
    except (NotThere, Corrupt):
        return False
    names.close()
    return names_are_made_from(names, manifest)


def names_are_made_from(names: NamesIndex, manifest: Manifest) -> bool:
    """Whether an open names index was made from the tables the manifest names."""
    return names.made_from == {file: manifest.digest_of(file) for file in NAMED_FILES}


def edge_folder(folder: Path, manifest: Manifest) -> Path:
    """Where the Edge folder of exactly these vectors lies, or would lie."""
    return folder / INDEX / f"edge-{manifest.digest_of(VECTORS_FILE)[:16]}"


def edge_is_current(folder: Path, manifest: Manifest) -> bool:
    """Whether `current` points to the Edge folder of exactly these vectors."""
    wanted, current = edge_folder(folder, manifest), folder / INDEX / CURRENT
    return wanted.is_dir() and current.is_symlink() and current.readlink().name == wanted.name
