"""The map of a space: its vectors laid out in the plane, so that what is near in the space is near on the map.

t-SNE, started from the first two principal components, so that the large shape is that of the space and two runs give the same map. Of UMAP,
PaCMAP and t-SNE it keeps by far the most of each concept's nearest ones and takes the fewest libraries along; see
`tests/benchmarks/space_map.py`. Distances between clusters mean little on any such map.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import MissingExtra
from generel.concepts.progress import SILENT, Progress
from generel.concepts.tables import SPACE_CONCEPTS, read_table
from generel.index.load import verified_space
from generel.index.map_file import write_map
from generel.index.space_folder import CONCEPTS_FILE, INDEX, MAP_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile

Floats = NDArray[np.float32]
Places = NDArray[np.float64]
PERPLEXITY = 15
# So few concepts have no neighborhoods to keep; their first two components are the map.
FEWEST = 4 * PERPLEXITY
SWEEPS_EXAGGERATED, SWEEPS = 150, 450
# A start so small that the first sweeps are free to tear it apart.
SPREAD_AT_START = 1e-4
# The share of concepts, at each end of each axis, that may not stretch the map: they are put on its edge.
OUTLIERS = 0.0005
# Names appear in so many rows and columns of cells, one a cell, as one zooms in.
CELLS = (4, 8, 16, 32)
ROWS_AT_ONCE = 8192


def draw_map(vectors: Floats, n_relations: Sequence[int], *, seed: int = 0, progress: Progress = SILENT) -> pl.DataFrame:
    """SPACE_MAP of the vectors, whose rows are the concepts'.

    Args:
        vectors: (n, dims) float32, unit norm.
        n_relations: (n,) how many concepts each is tied to; the most tied of a region give it their names.
        seed: of the layout; one seed gives one map.

    Raises:
        MissingExtra: openTSNE is not installed.
    """
    with progress.task("drawing the map"):
        start = principal_plane(vectors)
        places = start if len(vectors) < FEWEST else lay_out(vectors, start, seed=seed)
    places = into_square(places)
    levels = label_levels(places, np.asarray(n_relations, dtype=np.int64))
    return pl.DataFrame({"row": np.arange(len(vectors)), "x": places[:, 0], "y": places[:, 1], "level": levels})


def draw_map_of(folder: Path, *, seed: int = 0, progress: Progress = SILENT) -> int:
    """Draw the map of the space in `folder` and write it beside its index; gives back how many concepts are on it.

    Raises:
        NotThere: no space in `folder`.
        Corrupt: a file of the space is not what was released.
        MissingExtra: openTSNE is not installed.
    """
    with verified_space(folder, progress=progress) as (manifest, _):
        concepts = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS)
        drawn = draw_map(VectorsFile.open(folder / VECTORS_FILE).vectors, concepts["n_relations"].to_list(), seed=seed, progress=progress)
        write_map(folder / INDEX / MAP_FILE, drawn, made_from=manifest.digest_of(VECTORS_FILE))
    return drawn.height


def principal_plane(vectors: Floats) -> Places:
    """(n, 2) float64: the vectors along the two directions in which they differ most, the first of them first.

    Signs are such that each direction's largest coefficient is positive: an eigenvector's own sign is nobody's choice.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    covariance = sum((block - mean).T @ (block - mean) for block in _blocks(vectors))
    directions = np.linalg.eigh(covariance)[1][:, ::-1][:, :2]
    directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    plane = np.zeros((len(vectors), 2))
    plane[:, : directions.shape[1]] = np.concatenate([(block - mean) @ directions for block in _blocks(vectors)])
    return plane


def _blocks(vectors: Floats) -> Iterator[Floats]:
    return (vectors[start : start + ROWS_AT_ONCE] for start in range(0, len(vectors), ROWS_AT_ONCE))


def lay_out(vectors: Floats, start: Places, *, seed: int) -> Places:
    """(n, 2): where t-SNE puts the vectors that begin at `start`. One thread, as the order of sums in several changes from run to run.

    Sources: van der Maaten and Hinton, JMLR 2008; by interpolation: Linderman et al., Nature Methods 2019; started from principal
    components: Kobak and Berens, Nature Communications 2019.

    Raises:
        MissingExtra: openTSNE is not installed.
    """
    try:
        from openTSNE import TSNE
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "openTSNE", "map", "drawing the map of a space") from error
    layout = TSNE(
        perplexity=PERPLEXITY, initialization=start / (start[:, 0].std() or 1.0) * SPREAD_AT_START, neighbors="annoy", negative_gradient_method="auto",
        early_exaggeration_iter=SWEEPS_EXAGGERATED, n_iter=SWEEPS, n_jobs=1, random_state=seed,
    )
    return np.asarray(layout.fit(vectors), dtype=np.float64)


def into_square(places: Places) -> Places:
    """The places moved and scaled, both axes alike, into the unit square, in its middle; outliers are put on the edge."""
    low, high = np.quantile(places, [OUTLIERS, 1 - OUTLIERS], axis=0)
    side = float((high - low).max()) or 1.0
    return np.clip((places - (low + high) / 2) / side + 0.5, 0, 1)


def label_levels(places: Places, n_relations: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) from which level a concept is named, 0 for never: at each level the most tied of each cell that is not named yet.

    Ties in number go to the smaller row.
    """
    levels = np.zeros(len(places), dtype=np.int64)
    order = np.lexsort((np.arange(len(places)), -n_relations))
    for level, cells in enumerate(CELLS, start=1):
        free = order[levels[order] == 0]
        column, row = np.minimum((places[free] * cells).astype(np.int64), cells - 1).T
        _, first = np.unique(column * cells + row, return_index=True)
        levels[free[first]] = level
    return levels
