"""The map of a space at rest: written at release, or later beside the index by `generel map`.

A map is drawn from the vectors, so its file notes their digest: one that was drawn from others is no map of this space. A map of
`index/`, which somebody asked for, goes before the one that was released.
"""

from pathlib import Path

import polars as pl

from generel.concepts.errors import NotThere
from generel.concepts.tables import SPACE_MAP, read_table, write_table
from generel.index.space_folder import INDEX, MAP_FILE, VECTORS_FILE, Manifest

MADE_FROM = "generel.vectors"


def write_map(path: Path, map: pl.DataFrame, *, made_from: str) -> None:
    """Write SPACE_MAP to `path`, whole or not at all; `made_from` is the SHA-256 of the file of vectors."""
    write_table(map, SPACE_MAP, path, notes={MADE_FROM: made_from})


def find_map(folder: Path, manifest: Manifest) -> Path | None:
    """The file that holds the map of the space in `folder`; None where there is none."""
    return next((path for path in (folder / INDEX / MAP_FILE, folder / MAP_FILE) if _is_of(path, manifest)), None)


def read_map(folder: Path, manifest: Manifest) -> pl.DataFrame:
    """SPACE_MAP of the space in `folder`.

    Raises:
        NotThere: it has no map; says how to make one.
    """
    path = find_map(folder, manifest)
    if path is None:
        raise NotThere(f"the space '{manifest.name}' has no map; make one with: generel map {manifest.name}")
    return read_table(path, SPACE_MAP)


def _is_of(path: Path, manifest: Manifest) -> bool:
    try:
        return pl.read_parquet_metadata(path).get(MADE_FROM) == manifest.digest_of(VECTORS_FILE)
    except (pl.exceptions.PolarsError, OSError):
        return False
