"""A map of cells as a picture: UMAP of their vectors, colored by label."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.apps.cells.expression import Floats
from generel.concepts.atomic import write_beside
from generel.concepts.errors import MissingExtra

FORMATS = (".png", ".svg", ".pdf")
DOTS = 120_000
LABELS_A_COLUMN = 20


def lay_out(rows: Floats, *, seed: int) -> NDArray[np.float32]:
    """(cells, 2) float32 by UMAP of the cosine; the same every time.

    Raises:
        MissingExtra: umap-learn is not installed.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise MissingExtra("umap-learn", "cells", "a map of cells") from error
    placed: NDArray[np.float32] = UMAP(n_components=2, metric="cosine", n_neighbors=min(15, len(rows) - 1), n_jobs=1, random_state=seed).fit_transform(rows)
    return placed


def draw_cells(places: NDArray[np.float32], labels: NDArray[np.int64], names: Sequence[str], path: Path, *, title: str) -> None:
    """Write the picture to `path`, in the format of its ending (FORMATS)."""
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colors = colormaps["tab20" if len(names) > 10 else "tab10"]
    for number, name in enumerate(names):
        own = places[labels == number]
        axes.scatter(own[:, 0], own[:, 1], s=min(20.0, DOTS / len(places) / 10), color=colors(number % colors.N), label=name, linewidths=0)
    axes.set(title=title, xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", markerscale=2, ncols=1 + len(names) // LABELS_A_COLUMN, frameon=False)
    with write_beside(path) as temporary:
        # The format is told by name, for the temporary file ends otherwise.
        figure.savefig(temporary, format=path.suffix.removeprefix("."), dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
