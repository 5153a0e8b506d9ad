"""Opening a space for the service, and telling from its files whether there is another one to open.

A worker opens its space itself, after it has started: the engine's threads do not survive a fork.
"""

import os
from pathlib import Path

import numpy as np

from generel.apps.gene_sets.model_folder import MANIFEST as MODEL
from generel.apps.gene_sets.model_folder import find_model
from generel.concepts.errors import Corrupt, MissingExtra, NotThere
from generel.index.added_file import ADDED_FILE, added_folder
from generel.index.freshness import VERIFIED
from generel.index.space_folder import CURRENT, INDEX, MANIFEST, NAMES_FILE
from generel.query.embedder import Embedder
from generel.query.find_space import find_space
from generel.service.served_space import ServedSpace
from generel.service.settings import Settings

Fingerprint = tuple[object, ...]
# The first questions pay for every page of the index that they are the first to touch; after so many, most are touched.
WARMING = 200


def open_served(settings: Settings, *, embedder: Embedder | None = None) -> ServedSpace:
    """The space of the settings, open and warm: what the first requests would wait for is done.

    Raises:
        NotThere, Corrupt, BuildMismatch: as `EmbeddingSpace.open`.
    """
    space = ServedSpace.open(settings.space, exact=settings.exact, embedder=embedder, qdrant=settings.qdrant)
    space.gene_set_folder = find_gene_sets(settings)
    _warm(space)
    return space


def find_gene_sets(settings: Settings) -> Path | None:
    """The folder of the gene-set model; None where none is named and there is not just one.

    Raises:
        NotThere: one is named and is not there.
    """
    try:
        folder = find_model(settings.gene_sets)
    except NotThere:
        if settings.gene_sets:
            raise
        return None
    if settings.gene_sets and not (folder / MODEL).is_file():
        raise NotThere(f"there is no gene-set model at {folder}")
    return folder if (folder / MODEL).is_file() else None


def _warm(space: ServedSpace) -> None:
    """Touch what questions need: the index, the relations by concept, the encoder, the gene-set model."""
    for concept in space.names.concepts(np.linspace(0, len(space.names.kinds) - 1, WARMING, dtype=np.int64)):
        space.neighbors(concept.curie, 1)
    _ = space.of_concepts
    if space.gene_set_folder is not None:
        _ = space.gene_sets
    if space.can_embed:
        try:
            space.embed([space.manifest.name])
            _ = space.text_floor
        except (MissingExtra, NotThere, Corrupt):
            # Everything but free text can be asked; whoever asks for that is told.
            return


def read_fingerprint(settings: Settings) -> Fingerprint:
    """Equal as long as there is nothing new to open: sizes, times and numbers of the files that say so."""
    try:
        folder = find_space(settings.space).resolve()
        model = find_gene_sets(settings)
    except (NotThere, OSError):
        return ()
    index = folder / INDEX
    files = (folder / MANIFEST, index / NAMES_FILE, index / VERIFIED, added_folder(folder) / ADDED_FILE, *([model / MODEL] if model else []))
    return (str(folder), _read_link(index / CURRENT), *map(_stamp, files))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read_link(path: Path) -> str | None:
    try:
        return os.readlink(path)  # noqa: PTH115 (the text of the link, whatever it leads to)
    except OSError:
        return None
