"""Cells by the genes that vary: how far, and in which direction of the space, a cell is from the mean cell.

The one thing to get wrong: the mean of the vectors of what a cell expresses most is that of its ribosomes and mitochondria, which all cells
share. Here a gene counts by how far its expression is from the gene's mean among the cells, times how much more it varies than genes of its mean do;
and the vectors of the genes are brought to equal spread in all directions, for families of genes (ribosomal proteins, olfactory receptors) else
make one direction the loudest. The length of a vector is part of what it says: near 0 is the mean cell, whose direction is chance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.cells.expression import Floats, GeneMoments
from generel.concepts.errors import BadTable

# Fewer varying genes show no trend of variance by mean; they all count the same.
LEAST_GENES = 100
# Logarithm of variance by logarithm of mean, a parabola as for `seurat_v3`.
TREND_DEGREE = 2
# Directions with less than this share of the largest deviation are not blown up to it.
LEAST_SPREAD = 0.03


@dataclass(frozen=True)
class Deviations:
    """What turns expression into vectors of cells; use `of`.

    Attributes:
        vectors: (genes, dims) each gene's vector times its weight, zeros for genes that are not known or do not count.
        mean: (dims,) that of the mean cell.
        known: (genes,) 1 for known genes, else 0.
    """

    vectors: Floats
    mean: Floats
    known: Floats

    @classmethod
    def of(cls, moments: GeneMoments, vectors: Floats, *, where: str) -> "Deviations":
        """Of the cells that were counted.

        Args:
            vectors: (genes, dims), zeros for genes that are not known.

        Raises:
            BadTable: no two known genes vary among the cells.
        """
        known = np.asarray(vectors.any(axis=1))
        weights = np.where(known, excess_variation(moments), 0)
        weighed: Floats = (weights[:, None] * spread_evenly(vectors)).astype(np.float32)
        if not weighed.any():
            raise BadTable(f"no two genes of the space vary among the {moments.n_cells:,} cells of {where}, so nothing tells them apart; take --weights expression")
        return cls(weighed, (moments.mean @ weighed).astype(np.float32), known.astype(np.float32))

    def cells(self, expression: csr_array) -> Floats:
        """(cells, dims) sum over genes of weight * (expression - mean) * vector; zeros for a cell that expresses no known gene."""
        rows: Floats = expression @ self.vectors - self.mean
        rows[(expression != 0) @ self.known == 0] = 0
        return rows


def excess_variation(moments: GeneMoments) -> NDArray[np.float64]:
    """(genes,) logarithm of a gene's variance over that usual for its mean, 0 where it varies no more than that.

    Usual is the parabola fitted to log variance by log mean over the genes that vary; where fewer than LEAST_GENES do, each of them is 1.

    Source: Stuart et al., Cell 2019, who fit a local regression instead.
    """
    mean, variance = moments.mean, moments.deviation**2
    varying = moments.squares > moments.n_cells * mean**2 * (1 + 1e-9)
    excess = np.zeros(len(mean))
    if varying.sum() < LEAST_GENES:
        excess[varying] = 1
        return excess
    log_mean, log_variance = np.log(mean[varying]), np.log(variance[varying])
    usual = np.polyval(np.polyfit(log_mean, log_variance, TREND_DEGREE), log_mean)
    excess[varying] = np.maximum(log_variance - usual, 0)
    return excess


def spread_evenly(vectors: Floats) -> Floats:
    """(genes, dims) unit norm: centered, and of about equal spread in every direction; unknown genes stay zero.

    The axes stay those of the space (zero-phase whitening), so that a gene keeps its place among the others as far as equal spread lets it.
    """
    known = vectors.any(axis=1)
    centered = vectors[known].astype(np.float64)
    centered -= centered.mean(axis=0)
    squares, axes = np.linalg.eigh(centered.T @ centered / max(len(centered), 1))
    squares = np.maximum(squares, 0)
    floor = max(LEAST_SPREAD**2 * float(squares.max(initial=0)), 1e-12)
    spread = (centered @ axes / np.sqrt(squares + floor)) @ axes.T
    found = np.zeros_like(vectors)
    found[known] = spread / np.maximum(np.linalg.norm(spread, axis=1, keepdims=True), 1e-12)
    return found
