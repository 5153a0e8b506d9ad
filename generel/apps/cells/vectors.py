"""Vectors of cells from prepared expression, in whichever of WEIGHTS is asked for; pure."""

from collections.abc import Callable

from scipy.sparse import csr_array

from generel.apps.cells.deviations import Deviations
from generel.apps.cells.expression import (
    EQUAL,
    VARIABLE,
    Floats,
    GeneMoments,
    Weighing,
    above_mean,
    gene_moments,
    mean_vectors,
)


def cell_maker(vectors: Floats, *, weighing: Weighing, moments: GeneMoments | None, where: str) -> Callable[[csr_array], Floats]:
    """What makes (cells, dims) vectors of a block of prepared expression.

    Args:
        vectors: (genes, dims), zeros for genes that are not known.
        moments: of the prepared expression of all cells, where `weighing.compares` cells; else None.

    Raises:
        BadTable: see `Deviations.of`.
    """
    if weighing.weights == VARIABLE and moments is not None:
        return Deviations.of(moments, vectors, where=where).cells

    def average(expression: csr_array) -> Floats:
        weights = expression if moments is None else above_mean(expression, moments)
        return mean_vectors(weights, vectors, top=weighing.top, equal=weighing.weights == EQUAL)

    return average


def cells_of(expression: csr_array, vectors: Floats, *, weighing: Weighing, where: str = "the expression") -> Floats:
    """(cells, dims) vectors of prepared expression in memory; arguments as `cell_maker`."""
    moments = gene_moments([expression]) if weighing.compares else None
    return cell_maker(vectors, weighing=weighing, moments=moments, where=where)(expression)
