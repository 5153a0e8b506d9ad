"""What a cluster of cells is like: concepts and labels ranked by the genes that mark it.

The one thing to get wrong: the mean cell of one tissue is much like that of another, for all express the same thousand genes, so the mean
cell is nearest to whatever suits all cells. Clusters are read by the genes they express *more* than the other cells, and a concept counts by how
much nearer these are to it than the other genes of the file, which takes the concepts that are near everything down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.cells.expression import Floats, gene_moments

MARKERS = 50
# Added to a gene's deviation, in units of log expression: a gene that hardly any cell expresses marks nothing.
LEAST_DEVIATION = 0.1
CONCEPTS_AT_ONCE = 2048
# Of cosines; a concept to which all genes are equally near would have its rounding errors blown up.
LEAST_SPREAD = 1e-3
MARKERS_NAMED = 8
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Markers:
    """The genes that mark a cluster, best first.

    Attributes:
        genes: (at most MARKERS,) columns of the expression.
        weights: how much more they are expressed there, in deviations; above 0.
    """

    genes: NDArray[np.int64]
    weights: NDArray[np.float64]


def find_markers(expression: csr_array, clusters: Labels, *, n_clusters: int) -> list[Markers]:
    """Of each cluster: the genes with the largest (mean inside - mean outside) / (deviation + LEAST_DEVIATION), above 0 only.

    Args:
        expression: (cells, genes) log-normalized.
        clusters: (cells,) numbers below `n_clusters`; each has a cell.
    """
    moments = gene_moments([expression])
    sizes = np.bincount(clusters, minlength=n_clusters)
    member = csr_array((np.ones(len(clusters), dtype=np.float32), (clusters, np.arange(len(clusters)))), shape=(n_clusters, len(clusters)))
    sums = np.asarray((member @ expression).todense(), dtype=np.float64)
    inside = sums / sizes[:, None]
    outside = (moments.total - sums) / np.maximum(len(clusters) - sizes, 1)[:, None]
    scores = (inside - outside) / (moments.deviation + LEAST_DEVIATION)
    return [_best(row) for row in scores]


def rank_for_clusters(markers: Sequence[Markers], vectors: Floats, concepts: Floats) -> NDArray[np.float64]:
    """(clusters, concepts) how much nearer a cluster's markers are to each concept than genes of the file are, in standard errors.

    For every concept the cosines of all known genes are standardized; the score is sum(weight * standardized) / sqrt(sum(weight**2)), which
    for genes drawn at random has mean 0 and deviation 1. A cluster without a known marker scores 0.

    Args:
        vectors: (genes, dims), zeros for unknown genes.
        concepts: (concepts, dims) unit norm.
    """
    known = np.asarray(vectors.any(axis=1))
    weights = np.zeros((len(markers), len(vectors)), dtype=np.float64)
    for row, each in zip(weights, markers, strict=True):
        row[each.genes] = np.where(known[each.genes], each.weights, 0)
    weights /= np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)
    parts = [concepts[start : start + CONCEPTS_AT_ONCE] for start in range(0, len(concepts), CONCEPTS_AT_ONCE)]
    return np.hstack([weights[:, known] @ _standardized(vectors[known] @ part.T) for part in parts])


def _standardized(cosines: Floats) -> Floats:
    """(genes, concepts) with mean 0 and deviation 1 over the genes."""
    standardized: Floats = (cosines - cosines.mean(axis=0)) / np.maximum(cosines.std(axis=0), LEAST_SPREAD)
    return standardized


def _best(scores: NDArray[np.float64]) -> Markers:
    order = np.argsort(-scores, kind="stable")[:MARKERS]
    order = order[scores[order] > 0]
    return Markers(order, scores[order])
