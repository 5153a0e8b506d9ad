"""Cells by their variable genes: by hand, beside a plain loop, in blocks, and where nothing varies."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from generel.apps.cells.deviations import Deviations, excess_variation, spread_evenly
from generel.apps.cells.embed import embed_blocks, embed_expression
from generel.apps.cells.expression import Weighing, gene_moments
from generel.concepts.errors import BadTable
from tests.training.evaluate_world import random_unit

# Axes that are equally spread already: centered and whitened they stay what they are.
CROSS = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=np.float32)


def test_a_cell_is_how_far_it_is_from_the_mean_worked_by_hand() -> None:
    """Genes of means 0.5 and 1 in two cells: the first has +0.5 of (1, 0) and -1 of (0, 1), the second the opposite; the others never vary."""
    expression = csr_array(np.array([[1, 1.5, 0, 0], [0, 1.5, 2, 0]], dtype=np.float32))
    cells = embed_expression(expression, CROSS, weighing=Weighing(), where="x")
    assert cells == pytest.approx(np.array([[0.5, -1], [-0.5, 1]]), rel=1e-3)


def test_cells_are_those_of_a_plain_loop_whatever_the_blocks() -> None:
    """Over known genes weight * (expression - mean) * vector; a cell that expresses none of them is zero."""
    rng = np.random.default_rng(0)
    dense = np.log1p(rng.poisson(1.0, (30, 120))).astype(np.float32)
    dense[3] = 0
    dense[3, 5] = 2
    vectors = random_unit(120, dims=4, seed=1)
    vectors[5] = 0
    moments = gene_moments([csr_array(dense)])
    weights, spread = excess_variation(moments), spread_evenly(vectors)
    expected = [[sum(weights[gene] * (row[gene] - dense[:, gene].mean()) * spread[gene, dim] for gene in range(120)) for dim in range(4)] for row in dense]
    expected[3] = [0] * 4
    whole = embed_expression(csr_array(dense), vectors, weighing=Weighing(), where="x")
    assert whole == pytest.approx(np.array(expected), abs=1e-4)
    blocks = [(start, csr_array(dense[start : start + 7])) for start in range(0, 30, 7)]
    assert np.vstack([rows for _, rows in embed_blocks(blocks, vectors, weighing=Weighing(), moments=moments)]) == pytest.approx(whole, abs=1e-5)


def test_genes_count_by_what_they_vary_more_than_others_of_their_mean() -> None:
    """Of 200 genes with Poisson noise one is on in half of the cells alone: it weighs most, and by the logarithm of its share; few genes weigh alike."""
    rng = np.random.default_rng(0)
    dense = rng.poisson(np.linspace(0.5, 4, 200), (2000, 200)).astype(np.float32)
    dense[:, 100] = np.where(np.arange(2000) % 2, 4.5, 0)
    dense[:, 7] = 0
    weights = excess_variation(gene_moments([csr_array(dense)]))
    assert weights.argmax() == 100
    assert weights[100] == pytest.approx(np.log(4.5**2 / 4 / 2.25), abs=0.15)
    assert np.delete(weights, 100).max() < 0.2
    assert weights[7] == 0
    assert excess_variation(gene_moments([csr_array(dense[:, 5:9])])).tolist() == [1, 1, 0, 1]


def test_vectors_are_spread_evenly() -> None:
    """A loud direction is as quiet as the rest, at unit norm; unknown genes stay zero, and equally spread ones as they are."""
    vectors = random_unit(400, dims=5, seed=0)
    vectors[:, 0] *= 9
    vectors[:10] = 0
    spread = spread_evenly(vectors)
    assert spread[10:].std(axis=0) == pytest.approx(np.full(5, 5**-0.5), rel=0.05)
    assert np.linalg.norm(spread[10:], axis=1) == pytest.approx(np.ones(390))
    assert not spread[:10].any()
    assert spread_evenly(CROSS) == pytest.approx(CROSS)


@pytest.mark.parametrize("dense, vectors", [(np.ones((3, 4)), CROSS), (np.eye(4), CROSS * [[1], [0], [0], [0]])], ids=["alike", "one gene"])
def test_cells_that_cannot_be_told_apart_are_refused(dense: np.ndarray, vectors: np.ndarray) -> None:
    """Where no gene varies, or a single one is known; with the way out."""
    with pytest.raises(BadTable, match=r"no two genes of the space vary among the \d cells of x, so nothing tells them apart; take --weights expression"):
        Deviations.of(gene_moments([csr_array(dense.astype(np.float32))]), vectors.astype(np.float32), where="x")
