"""Cells read through the vectors of their genes: is what people call the cells still to be told, as it is from the expression itself?

A cell is how far its variable genes are from the mean cell, in directions of their vectors. Vectors that know nothing of genes keep much of the
expression too, as any random projection does: "random gene vectors" is the floor here, not chance. Labels are mostly made from clusters of
the very PCA that stands beside, so it is hard to beat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from generel.apps.cells.expression import Floats, Weighing, check_expression, normalize_counts
from generel.apps.cells.score import COMPONENTS, principal_components
from generel.apps.cells.vectors import cells_of
from generel.concepts.errors import BadTable, Corrupt, MissingExtra, NotThere
from training.evaluate.bootstrap import bootstrap
from training.evaluate.measures import Measure
from training.evaluate.metrics import Interval, Reals
from training.evaluate.partitions import adjusted_rand, normalized_mutual_information, pair_up
from training.evaluate.repeated_folds import corrected_interval
from training.evaluate.split import Numbers

PROTOCOL = "cells"
# Columns of `obs` under which cells are commonly labeled.
LABELS = ("cell_type", "celltype", "louvain", "bulk_labels", "classified", "label")
EXPRESSION, RANDOM, MAJORITY = f"PCA-{COMPONENTS} of the expression", "random gene vectors", "majority"
AGREEMENTS = {"ARI": adjusted_rand, "NMI": normalized_mutual_information}
NEIGHBORS = 15
ITERATIONS = 1000


@dataclass(frozen=True)
class Cells:
    """Expression and labels.

    Attributes:
        name: of the file.
        expression: (cells, genes) logarithm of 1 + counts normalized to the same sum, not negative.
        symbols: of the genes.
        labels: (cells,) as numbers of `names`.
        names: of the labels.
    """

    name: str
    expression: csr_array
    symbols: list[str]
    labels: Numbers
    names: list[str]


def read_cells(path: Path, *, label: str) -> Cells:
    """The cells of an AnnData file that have a label, by default the first of LABELS that there is; counts are normalized, expression that is logarithmic already is taken as it is.

    Args:
        label: the column of `obs` that says what a cell is; empty for the default.

    Raises:
        NotThere: no file at `path`.
        MissingExtra: anndata is not installed.
        Corrupt: not an AnnData file.
        BadTable: no such column, or expression below 0 (scaled), which is no weight.
    """
    if not path.is_file():
        raise NotThere(f"{path} is not there; it should hold cells as AnnData (.h5ad)")
    try:
        import anndata
    except ImportError as error:
        raise MissingExtra("anndata", "cells", "reading cells") from error
    try:
        data = anndata.read_h5ad(path)
    except (OSError, KeyError, ValueError) as error:
        raise Corrupt(f"{path} cannot be read as AnnData ({error})") from error
    label = label or next((name for name in LABELS if name in data.obs), LABELS[0])
    if label not in data.obs:
        raise BadTable(f"{path} has no column '{label}' that says what a cell is; it has {', '.join(map(str, data.obs))}")
    known = np.flatnonzero(data.obs[label].notna())
    texts = data.obs[label].to_numpy()[known].astype(str)
    names, numbers = np.unique(texts, return_inverse=True)
    return Cells(path.name.partition(".")[0], as_expression(data.X[known], path=path), list(map(str, data.var_names)), numbers, names.tolist())


def as_expression(matrix: Any, *, path: Path) -> csr_array:
    """(cells, genes) float32, whole numbers taken for counts and normalized.

    Raises:
        BadTable: values that are negative or no numbers.
    """
    values = csr_array(matrix).astype(np.float32)
    check_expression(values, where=str(path))
    return values if (values.data % 1).any() else normalize_counts(values)


def measure_cells(
    cells: Cells, vectors: Mapping[str, Floats], *, weighing: Weighing, folds: int, repetitions: int, resamples: int, seed: int
) -> list[Measure]:
    """Label accuracy (nearest neighbors, logistic regression) and agreement of k-means clusters with the labels, for each method.

    Accuracy is a mean over folds and repetitions with its corrected interval; agreement is a mean over `repetitions` runs of k-means, with
    as many clusters as labels and intervals over cells. Beside the methods stand PCA of the expression, vectors drawn at random for the
    genes, and for accuracy the majority.

    Args:
        vectors: by the name of the method, (genes, dims) in the order of `cells.symbols`, zeros for genes it does not know.
        weighing: how cells are made of them.

    Raises:
        BadTable: a label has fewer cells than there are folds.
    """
    _refuse_rare(cells, folds=folds)
    drawn = np.random.default_rng(seed).normal(size=(len(cells.symbols), _dims(vectors))).astype(np.float32)
    methods = {method: cells_of(cells.expression, rows, weighing=weighing, where=cells.name) for method, rows in {**vectors, RANDOM: drawn}.items()}
    methods[EXPRESSION] = principal_components(cells.expression, seed=seed)
    parts = [
        part for repetition in range(repetitions)
        for part in StratifiedKFold(folds, shuffle=True, random_state=seed + repetition).split(cells.labels, cells.labels)
    ]
    found = {(method, metric): interval for method, rows in methods.items() for metric, interval in _judge(rows, cells.labels, parts, folds=folds).items()}
    for method, rows in methods.items():
        agreement = _agreements(rows, cells.labels, repetitions=repetitions, resamples=resamples, seed=seed)
        found |= {(method, metric): interval for metric, interval in agreement.items()}
    share = np.array([(cells.labels[test] == np.bincount(cells.labels[train]).argmax()).mean() for train, test in parts])
    found[MAJORITY, "accuracy"] = corrected_interval(share, folds=folds)
    note = f"{len(cells.names)} labels; {weighing.say()}; accuracy over {folds} folds x {repetitions} repetitions, agreement over cells"
    return [Measure(PROTOCOL, cells.name, method, metric, len(cells.labels), interval, note=note) for (method, metric), interval in found.items()]


def _judge(rows: Floats, labels: Numbers, parts: Sequence[tuple[Numbers, Numbers]], *, folds: int) -> dict[str, Interval]:
    """Accuracy of each classifier on the folds."""
    classifiers = {
        f"accuracy of {NEIGHBORS} nearest": KNeighborsClassifier(NEIGHBORS),
        "accuracy of logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=ITERATIONS)),
    }
    right = {
        metric: [(classifier.fit(rows[train], labels[train]).predict(rows[test]) == labels[test]).mean() for train, test in parts]
        for metric, classifier in classifiers.items()
    }
    return {metric: corrected_interval(np.array(shares), folds=folds) for metric, shares in right.items()}


def _agreements(rows: Floats, labels: Numbers, *, repetitions: int, resamples: int, seed: int) -> dict[str, Interval]:
    n_labels = int(labels.max()) + 1
    runs = [KMeans(n_labels, n_init=10, random_state=seed + run).fit_predict(rows).astype(np.int64) for run in range(repetitions)]
    paired = [pair_up(labels, clusters) for clusters in runs]

    def agree(metric: str, times: Reals) -> Reals:
        return np.mean([AGREEMENTS[metric]((times @ ones).reshape(len(times), n_labels, -1)) for ones in paired], axis=0)

    return {metric: bootstrap(partial(agree, metric), len(labels), resamples=resamples, seed=seed) for metric in AGREEMENTS}


def _dims(vectors: Mapping[str, Floats]) -> int:
    """As many as the methods' own have, the most of them."""
    return max((rows.shape[1] for rows in vectors.values()), default=COMPONENTS)


def _refuse_rare(cells: Cells, *, folds: int) -> None:
    sizes = np.bincount(cells.labels)
    rare = [f"{cells.names[label]} ({sizes[label]:,})" for label in np.flatnonzero(sizes < folds).tolist()]
    if rare:
        raise BadTable(f"{cells.name} has labels of fewer than {folds} cells: {', '.join(rare)}; leave those cells out or take fewer folds")
