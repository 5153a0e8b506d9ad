"""A folder for TensorBoard's embedding projector: vectors, what they belong to, and the configuration that ties the two."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from generel.apps.exports.credits import write_credits
from generel.apps.exports.files import count, numbers
from generel.concepts.atomic import build_beside
from generel.concepts.errors import BadInput
from generel.concepts.progress import SILENT, Progress
from generel.query.frames import read_frames

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

VECTORS, METADATA, CONFIG, CREDITS = "vectors.tsv", "metadata.tsv", "projector_config.pbtxt", "README.md"
FILES = {VECTORS, METADATA, CONFIG, CREDITS}
COLUMNS = ("curie", "kind", "name")


def export_projector(space: "EmbeddingSpace", folder: Path, *, kinds: Collection[str] | None = None, progress: Progress = SILENT) -> int:
    """Write the files to `folder`, whole or not at all; an earlier export there is replaced. Gives back how many vectors there are.

    Raises:
        BadInput: the folder holds something else, or the space has no concept of these kinds.
    """
    n = count(space, kinds)
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - FILES):
        raise BadInput(f"{folder} is there and is no earlier export; give another folder, or empty it")
    with build_beside(folder) as temporary:
        write_credits(temporary / CREDITS, space.manifest, n_added=len(space.added))
        with (temporary / VECTORS).open("wb") as vectors, (temporary / METADATA).open("wb") as metadata:
            metadata.write(("\t".join(COLUMNS) + "\n").encode())
            for frame in read_frames(space, kinds, progress=progress):
                frame.select(numbers(space)).write_csv(vectors, include_header=False, separator="\t")
                # The projector knows no quotes: a name must not hold what ends a cell or a line.
                plain = frame.select(pl.col(COLUMNS).str.replace_all(r"\s+", " "))
                plain.write_csv(metadata, include_header=False, separator="\t", quote_style="never")
        (temporary / CONFIG).write_text(f'embeddings {{\n  tensor_path: "{VECTORS}"\n  metadata_path: "{METADATA}"\n}}\n')
    return n
