"""From expression to cells: which genes of a cell count, how much, and the mean of their vectors.

Pure: sparse blocks of cells in, arrays out. The one thing to get wrong is what the numbers are: counts are no weights (a cell sequenced
twice as deep is not another cell) and scaled values are none either (what is below the mean would count against a gene).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from generel.concepts.errors import BadTable

Floats = NDArray[np.float32]
VARIABLE, EXPRESSION, EQUAL, Z_SCORE = "variable", "expression", "equal", "z-score"
WEIGHTS = (VARIABLE, EXPRESSION, EQUAL, Z_SCORE)
# Counts are brought to so many a cell, as Seurat and Scanpy do.
COUNTS_A_CELL = 10_000
# Logarithms of counts brought to 10,000 a cell end at log(1 + 10,000) = 9.2.
LARGEST_LOGARITHM = 25.0


@dataclass(frozen=True)
class Weighing:
    """How expression becomes weights.

    Attributes:
        weights: 'variable' for how far all variable genes are from their means among the cells (see `Deviations`); or of the top genes alone their
            'expression' as it is, 'equal' weights, or the 'z-score' among the cells, what is below the mean counting 0.
        top: how many genes make a cell where they are not all variable ones: those with the largest weights; more where several tie for the last place.
        normalize: the expression is raw counts: bring them to COUNTS_A_CELL a cell and take log(1 + x).
        log: the expression is normalized but not logarithmic: take log(1 + x).
    """

    top: int = 200
    weights: str = VARIABLE
    normalize: bool = False
    log: bool = False

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise ValueError(f"weights are {' or '.join(WEIGHTS)}, not {self.weights!r}")
        if self.top < 1:
            raise ValueError(f"a cell needs at least one gene, not {self.top}")

    @property
    def compares(self) -> bool:
        """Whether a cell's vector depends on the other cells, whose genes' moments are counted first."""
        return self.weights in (VARIABLE, Z_SCORE)

    def say(self) -> str:
        """Which genes make a cell, in words."""
        return "variable genes" if self.weights == VARIABLE else f"top {self.top:,} genes by {self.weights}"


def check_expression(values: csr_array, *, where: str, first_cell: int = 0) -> None:
    """Nothing, if every value is a number and none is negative.

    Raises:
        BadTable: naming how many are not, and cell and gene (both from 0) of the first.
    """
    for wrong, what, remedy in (
        (~np.isfinite(values.data), "no numbers (NaN or infinite)", "remove those cells or genes, or set the values to 0 where nothing was measured"),
        (values.data < 0, "below 0", "scaled values are no weights: give counts with --normalize, or the layer that holds log-normalized values"),
    ):
        if places := np.flatnonzero(wrong).tolist():
            cell = int(np.searchsorted(values.indptr, places[0], side="right")) - 1
            at = f"cell {first_cell + cell:,}, gene {int(values.indices[places[0]]):,} is {values.data[places[0]]:g}"
            raise BadTable(f"{where} has {len(places):,} values that are {what}, the first being {at}; {remedy}")


def is_counts(values: csr_array) -> bool:
    """Whether all values are whole and one is above 1: 0 and 1 alone may be anything."""
    return bool(len(values.data)) and not (values.data % 1).any() and float(values.data.max()) > 1


def prepare(values: csr_array, weighing: Weighing, *, where: str, first_cell: int = 0) -> csr_array:
    """(cells, genes) float32 log-normalized expression, from a block as the file holds it.

    Raises:
        BadTable: values that are negative or no numbers; raw counts without `normalize`; with it, values that are not.
    """
    check_expression(values, where=where, first_cell=first_cell)
    if weighing.normalize:
        if values.data.size and (values.data % 1).any():
            raise BadTable(f"{where} does not hold counts: {values.data[np.flatnonzero(values.data % 1)[0]]:g} is not whole; leave --normalize out")
        return normalize_counts(values)
    if is_counts(values):
        raise BadTable(f"{where} holds raw counts (whole numbers up to {values.data.max():,.0f}); add --normalize ({COUNTS_A_CELL:,} a cell, then log(1 + x)), or point --layer at normalized values")
    if weighing.log:
        values = values.astype(np.float32)
        values.data = np.log1p(values.data)
    elif len(values.data) and values.data.max() > LARGEST_LOGARITHM:
        raise BadTable(f"{where} has expression up to {values.data.max():,.0f}, which is no logarithm; add --log to take log(1 + x)")
    return values.astype(np.float32)


def normalize_counts(values: csr_array) -> csr_array:
    """(cells, genes) float32 log(1 + counts brought to COUNTS_A_CELL a cell); an empty cell stays empty."""
    sums = np.maximum(np.asarray(values.sum(axis=1), dtype=np.float64), 1)
    normalized = csr_array(diags_array((COUNTS_A_CELL / sums).astype(np.float32), dtype=np.float32) @ values.astype(np.float32))
    normalized.data = np.log1p(normalized.data)
    return normalized


@dataclass
class GeneMoments:
    """Mean and standard deviation of each gene, added up block by block.

    Attributes:
        n_cells: added so far.
        total, squares: (genes,) float64 sums of values and of their squares.
    """

    n_cells: int = 0
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def add(self, values: csr_array) -> None:
        """Count the cells of a block."""
        squared = values.copy()
        squared.data = values.data.astype(np.float64) ** 2
        total, squares = np.asarray(values.sum(axis=0, dtype=np.float64)), np.asarray(squared.sum(axis=0))
        self.n_cells += values.shape[0]
        self.total = self.total + total if len(self.total) else total
        self.squares = self.squares + squares if len(self.squares) else squares

    @property
    def mean(self) -> NDArray[np.float64]:
        """(genes,)"""
        return self.total / max(self.n_cells, 1)

    @property
    def deviation(self) -> NDArray[np.float64]:
        """(genes,) of the population; 1 where a gene never varies."""
        variance = np.maximum(self.squares / max(self.n_cells, 1) - self.mean**2, 0)
        return np.where(variance > 0, np.sqrt(variance), 1.0)


def gene_moments(blocks: Iterable[csr_array]) -> GeneMoments:
    """Of all cells of the blocks."""
    moments = GeneMoments()
    for block in blocks:
        moments.add(block)
    return moments


def above_mean(values: csr_array, moments: GeneMoments) -> csr_array:
    """(cells, genes) float32 z-scores; those below the mean are 0, unexpressed genes among them."""
    scored = values.copy()
    scores = (values.data - moments.mean[values.indices]) / moments.deviation[values.indices]
    scored.data = np.maximum(scores, 0).astype(np.float32)
    scored.eliminate_zeros()
    return scored


def keep_top(expression: csr_array, *, top: int) -> csr_array:
    """The expression with each cell's `top` highest values, and those tied with the last; others are left out."""
    least = np.zeros(expression.shape[0], dtype=expression.data.dtype)
    bounds, data = expression.indptr.tolist(), expression.data
    for cell in np.flatnonzero(np.diff(expression.indptr) > top).tolist():
        own = data[bounds[cell] : bounds[cell + 1]]
        least[cell] = np.partition(own, len(own) - top)[len(own) - top]
    kept = expression.copy()
    kept.data[data < np.repeat(least, np.diff(expression.indptr))] = 0
    kept.eliminate_zeros()
    return kept


def mean_vectors(expression: csr_array, vectors: Floats, *, top: int, equal: bool = False) -> Floats:
    """(cells, dims) unit norm: the weighted mean of the vectors of the `top` genes, zeros where a cell expresses no known one.

    Genes tied with the last of the top ones are in as well: which of many genes of one count come first would be chance.

    Args:
        vectors: (genes, dims); genes with zeros are unknown and not among the top ones.
        equal: every top gene counts the same.
    """
    known = np.flatnonzero(vectors.any(axis=1))
    weights = keep_top(csr_array(expression[:, known]), top=top)
    if equal:
        weights.data = np.ones_like(weights.data)
    means: Any = weights @ vectors[known]
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    unit: Floats = np.divide(means, norms, out=np.zeros_like(means), where=norms > 0)
    return unit
