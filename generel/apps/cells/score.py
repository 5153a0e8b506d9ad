"""Do cells of one label lie together? Embeddings of the same cells judged side by side.

The labels of a public file are mostly made from clusters of the principal components that stand beside, so these are hard to beat; vectors
drawn at random for the genes keep much of the expression too, and are the floor, not chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, silhouette_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from generel.apps.cells.expression import Floats, Weighing
from generel.apps.cells.vectors import cells_of
from generel.concepts.errors import BadTable
from generel.concepts.progress import SILENT, Progress

Labels = NDArray[np.int64]
COMPONENTS = 50
EXPRESSION, SPACE, TEXT, RANDOM = f"PCA-{COMPONENTS} of the expression", "generel", "text alone", "random gene vectors"
BOTH = f"PCA-{COMPONENTS} and generel"
NEIGHBORS, FOLDS = 15, 5
# The silhouette compares all pairs of cells; of more than this, a sample is judged.
SILHOUETTE_CELLS = 5000
# What the deviation of the cells' vectors is beside that of the principal components, which are the finer of the two.
SHARE_OF_SPACE = 0.5


@dataclass(frozen=True)
class CellScore:
    """How well an embedding tells labels apart.

    Attributes:
        method: which embedding.
        dims: its numbers a cell.
        knn_accuracy, knn_deviation: share of cells whose 15 nearest, in Euclidean distance, vote for their label: mean and standard deviation over repetitions of 5 folds.
        ari, ari_deviation: adjusted Rand index of k-means with as many clusters as labels, over repetitions.
        ami: adjusted mutual information of the same clusters.
        asw: average silhouette width of the labels, from -1 to 1.
    """

    method: str
    dims: int
    knn_accuracy: float
    knn_deviation: float
    ari: float
    ari_deviation: float
    ami: float
    asw: float


def compare_embeddings(expression: csr_array, vectors: Mapping[str, Floats], *, weighing: Weighing, seed: int) -> dict[str, Floats]:
    """(cells, dims) by method: cells by each set of gene vectors, by vectors drawn at random, by their expression, and by expression and space together.

    Args:
        expression: (cells, genes) log-normalized.
        vectors: (genes, dims) by method, zeros for unknown genes; that of SPACE is the one to be joined.
        weighing: how cells are made of them.
    """
    drawn = np.random.default_rng(seed).normal(size=vectors[SPACE].shape).astype(np.float32)
    methods = {name: cells_of(expression, rows, weighing=weighing) for name, rows in {**vectors, RANDOM: drawn}.items()}
    methods = {EXPRESSION: principal_components(expression, seed=seed), **methods}
    methods[BOTH] = np.hstack([_unit_variance(methods[EXPRESSION]), SHARE_OF_SPACE * _unit_variance(methods[SPACE])])
    return methods


def score_embeddings(methods: Mapping[str, Floats], labels: Labels, *, repetitions: int, seed: int, progress: Progress = SILENT) -> list[CellScore]:
    """One row a method, all on the same folds and with the same starts of k-means.

    Raises:
        BadTable: fewer than two labels have a cell for each fold.
    """
    sizes = np.bincount(labels)
    if (sizes >= FOLDS).sum() < 2:
        raise BadTable(f"fewer than two labels have {FOLDS} cells each (they have {', '.join(map(str, sizes.tolist()))}); join rare labels or take another column")
    with progress.task("Score the embeddings", total=len(methods)) as advance:
        scores = []
        for method, rows in methods.items():
            scores.append(score_embedding(method, rows, labels, repetitions=repetitions, seed=seed))
            advance(1)
    return scores


def score_embedding(method: str, rows: Floats, labels: Labels, *, repetitions: int, seed: int) -> CellScore:
    """Of one embedding; labels with fewer cells than there are folds count, but are missing from some."""
    n_labels = int(labels.max()) + 1
    accuracies, clusters = [], []
    for repetition in range(repetitions):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed + repetition)
        accuracies.append(float(cross_val_score(KNeighborsClassifier(min(NEIGHBORS, len(rows) // 2)), rows, labels, cv=list(folds.split(rows, labels))).mean()))
        clusters.append(KMeans(n_labels, n_init=10, random_state=seed + repetition).fit_predict(rows))
    agreements = [adjusted_rand_score(labels, each) for each in clusters]
    information = [adjusted_mutual_info_score(labels, each) for each in clusters]
    width = silhouette_score(rows, labels, sample_size=min(len(rows), SILHOUETTE_CELLS), random_state=seed)
    return CellScore(
        method, rows.shape[1], float(np.mean(accuracies)), float(np.std(accuracies)), float(np.mean(agreements)), float(np.std(agreements)),
        float(np.mean(information)), float(width),
    )


def principal_components(expression: csr_array, *, seed: int) -> Floats:
    """(cells, at most COMPONENTS) of the centered expression."""
    components = min(COMPONENTS, *(side - 1 for side in expression.shape))
    reduced: Floats = PCA(components, svd_solver="arpack", random_state=seed).fit_transform(expression)
    return reduced


def _unit_variance(rows: Floats) -> Floats:
    """(cells, dims) centered, with a mean squared length of 1."""
    centered = rows - rows.mean(axis=0)
    scaled: Floats = centered / max(float(np.sqrt((centered**2).sum(axis=1).mean())), 1e-12)
    return scaled
