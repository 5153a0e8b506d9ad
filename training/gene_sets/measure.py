"""How well each library is completed by a model that has not seen it: the GSFM protocol, a library left out at a time.

Half of each set is hidden, some shuffles over, and all genes that are not shown are ranked. A set's figures are means over the shuffles.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.concepts.atomic import write_beside
from generel.concepts.progress import SILENT, Progress
from training.evaluate.gene_set_halves import METRICS, Method, cut_in_halves, rank_hidden
from training.gene_sets.collection import Collection, Numbers
from training.gene_sets.fit import fit
from training.gene_sets.identities import Identities
from training.gene_sets.left_out import sets_without
from training.gene_sets.scorer import Scorer
from training.gene_sets.settings import Settings

Reals = NDArray[np.float64]
# From fewer sets nothing is learned that could be measured.
FEWEST = 20


def measure_library(
    collection: Collection, library: str, genes: Identities, settings: Settings, *, folder: Path, identity: str, resume: bool, progress: Progress = SILENT
) -> Reals | None:
    """(sets of the library, 2) AUROC and average precision of each set; None where hardly anything is left to learn without it.

    Args:
        folder: of this library's checkpoint and result; a result that is there is taken, where `resume` says so.
    """
    done = folder / "figures.json"
    if resume and done.is_file():
        return np.array(json.loads(done.read_text()), dtype=np.float64)
    numbers = sets_without(collection, library)
    if len(numbers) < FEWEST:
        return None
    fitted = fit(
        collection, numbers, genes, settings, folder=folder / "checkpoint", identity=f"{identity} without {library}", resume=resume, progress=progress,
        description=f"Measure {library}",
    )
    figures = measure_sets(Scorer(fitted.network), collection, collection.numbers_of(library), settings)
    with write_beside(done) as temporary:
        temporary.write_text(json.dumps(figures.tolist()))
    return figures


def measure_sets(method: Method, collection: Collection, numbers: Numbers, settings: Settings) -> Reals:
    """(len(numbers), 2) AUROC and average precision of each set's hidden half, mean over the shuffles."""
    members = collection.matrix(numbers)
    figures = np.zeros((len(numbers), len(METRICS)))
    for shuffle in range(settings.shuffles):
        figures += rank_hidden(method, cut_in_halves(members, seed=settings.seed + shuffle)) / settings.shuffles
    return figures
