"""A space's map as a Parquet file that Embedding Atlas opens: `embedding-atlas FILE --x x --y y --text name --neighbors neighbors`.

`neighbors` is what that program reads as the nearest concepts of each point: a struct of their places in this very file and their
distances, 1 - cosine. Concepts that were added to the space are not on its map and not in the file.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from generel.apps.exports.credits import credits, credits_of, write_credits
from generel.apps.exports.files import count
from generel.concepts.atomic import write_beside
from generel.concepts.kinds import KINDS
from generel.concepts.progress import SILENT, Progress
from generel.index.map_file import read_map

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

ROWS_AT_ONCE = 1024


def export_atlas(space: "EmbeddingSpace", out: Path, *, kinds: Collection[str] | None = None, n_neighbors: int = 0, progress: Progress = SILENT) -> int:
    """Write the map to `out`, and its credits beside; gives back how many concepts are on it.

    Args:
        kinds: only these; None for all.
        n_neighbors: how many of the nearest concepts, among those in the file, stand with each; 0 for no such column.

    Raises:
        NotThere: the space has no map.
        BadInput: the space has no concept of these kinds.
    """
    count(space, kinds)
    frame = atlas_frame(space, kinds)
    if n_neighbors:
        frame = frame.with_columns(_neighbors(space, frame["row"].to_numpy(), n_neighbors, progress))
    write_credits(credits_of(out), space.manifest, n_added=0)
    with write_beside(out) as temporary:
        frame.drop("row").write_parquet(temporary, compression="zstd", metadata={"generel.space": space.manifest.name, "generel.credits": credits(space.manifest, n_added=0)})
    return frame.height


def atlas_frame(space: "EmbeddingSpace", kinds: Collection[str] | None = None) -> pl.DataFrame:
    """x, y, kind, name and curie by row, and `row` itself."""
    places = read_map(space.folder, space.manifest)
    named = pl.DataFrame([(each.kind, each.name, each.curie) for each in space.names.concepts(places["row"].to_list())], schema=["kind", "name", "curie"], orient="row")
    frame = pl.concat([places.select("row", "x", "y"), named], how="horizontal")
    return frame if kinds is None else frame.filter(pl.col("kind").is_in([kind for kind in KINDS if kind in kinds]))


def _neighbors(space: "EmbeddingSpace", rows: np.ndarray, n: int, progress: Progress) -> pl.Series:
    """Of each row the places among `rows` of its nearest others, nearest first, and their distances."""
    ids, distances = [], []
    with progress.task("finding neighbors", total=len(rows)) as advance:
        for found, cosines in _nearest_blocks(space.vectors_at(rows), min(n, len(rows) - 1)):
            ids += found.tolist()
            distances += (1 - cosines).tolist()
            advance(len(found))
    return pl.DataFrame({"ids": ids, "distances": distances}, schema={"ids": pl.List(pl.Int64), "distances": pl.List(pl.Float32)}).to_struct("neighbors")


def _nearest_blocks(vectors: np.ndarray, n: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows, n) places and cosines of the n nearest others, a block of rows at a time; by a scan, which misses none."""
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        cosines = vectors[start : start + ROWS_AT_ONCE] @ vectors.T
        here = np.arange(len(cosines))
        cosines[here, here + start] = -np.inf
        found = np.argpartition(-cosines, n - 1, axis=1)[:, :n] if n else np.empty((len(cosines), 0), dtype=np.int64)
        near = np.take_along_axis(cosines, found, axis=1)
        order = np.lexsort((found, -near), axis=1)
        yield np.take_along_axis(found, order, axis=1), np.take_along_axis(near, order, axis=1)
