"""Cells from the vectors of their genes: beside plain loops and scikit-learn, with planted labels, random ones, and a real file."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from generel.apps.cells.expression import Weighing
from generel.apps.cells.score import principal_components
from generel.concepts.errors import BadTable, Corrupt, MissingExtra, NotThere
from tests.training.evaluate_world import random_unit
from training.evaluate.cells import (
    EXPRESSION,
    MAJORITY,
    RANDOM,
    Cells,
    as_expression,
    measure_cells,
    read_cells,
)
from training.evaluate.measures import Measure
from training.evaluate.partitions import adjusted_rand, normalized_mutual_information, pair_up

REAL = Path(__file__).parents[3] / "shared" / "data" / "cells" / "pbmc3k.h5ad"
ACCURACY = "accuracy of 15 nearest"


def sorts_of_cells(*, cells: int = 90, genes: int = 60, sorts: int = 3, seed: int = 0) -> Cells:
    """Cells of each sort in turn; each sort expresses its own third of the genes more often."""
    rng = np.random.default_rng(seed)
    labels = np.arange(cells) % sorts
    rate = np.where(labels[:, None] == np.arange(genes)[None, :] % sorts, 3.0, 0.5)
    expression = csr_array(np.log1p(rng.poisson(rate)).astype(np.float32))
    return Cells("made up", expression, [f"GENE{gene}" for gene in range(genes)], labels, [f"sort {label}" for label in range(sorts)])


def figures(measures: Sequence[Measure], method: str) -> dict[str, Measure]:
    """The measures of a method by metric."""
    return {each.metric: each for each in measures if each.method == method}


def test_counts_are_normalized_and_logarithms_are_taken_as_they_are(tmp_path: Path) -> None:
    """Counts 1 and 3 become log(1 + 2500) and log(1 + 7500); scaled values are refused."""
    counts = as_expression(csr_matrix([[1, 3], [0, 0]]), path=tmp_path)
    assert counts.toarray() == pytest.approx(np.array([[np.log1p(2500), np.log1p(7500)], [0, 0]]))
    assert as_expression(np.array([[0.5, 0.0]]), path=tmp_path).toarray().tolist() == [[0.5, 0.0]]
    for value in (-1.5, float("nan")):
        with pytest.raises(BadTable, match=r"1 values that are (below 0|no numbers)"):
            as_expression(np.array([[value, 1.0]]), path=tmp_path)


def test_a_file_is_read_through_anndata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells without a label are left out; a missing column and a damaged file are told."""
    pandas = pytest.importorskip("pandas")
    data = SimpleNamespace(
        obs=pandas.DataFrame({"sort": pandas.Categorical(["B", None, "A"])}), X=csr_matrix([[1, 0], [0, 1], [2, 2]]), var_names=["TTN", "MUC1"],
    )
    library = ModuleType("anndata")
    library.read_h5ad = lambda path: data
    monkeypatch.setitem(sys.modules, "anndata", library)
    path = tmp_path / "blood.h5ad"
    path.touch()
    cells = read_cells(path, label="sort")
    assert (cells.name, cells.symbols, cells.labels.tolist(), cells.names) == ("blood", ["TTN", "MUC1"], [1, 0], ["A", "B"])
    assert cells.expression.toarray() == pytest.approx(np.log1p([[10_000, 0], [5000, 5000]]))
    with pytest.raises(BadTable, match="has no column 'kind' that says what a cell is; it has sort"):
        read_cells(path, label="kind")

    def refuse(path: Path) -> None:
        raise OSError("no HDF5")

    library.read_h5ad = refuse
    with pytest.raises(Corrupt, match="cannot be read as AnnData \\(no HDF5\\)"):
        read_cells(path, label="sort")


def test_without_anndata_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install; a missing file is told first."""
    monkeypatch.setitem(sys.modules, "anndata", None)
    path = tmp_path / "blood.h5ad"
    with pytest.raises(NotThere, match=r"blood\.h5ad is not there"):
        read_cells(path, label="sort")
    path.touch()
    with pytest.raises(MissingExtra, match=r"reading cells needs anndata; install it with: pip install 'generel\[cells\]'"):
        read_cells(path, label="sort")


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 5))
def test_agreement_of_partitions_is_that_of_scikit_learn(seed: int, n_labels: int, n_clusters: int) -> None:
    """Adjusted Rand index and normalized mutual information, of the items and of a resample of them."""
    rng = np.random.default_rng(seed)
    labels, clusters = rng.integers(0, n_labels, 30), rng.integers(0, n_clusters, 30)
    drawn = rng.integers(0, 30, 30)
    times = np.stack((np.ones(30), np.bincount(drawn, minlength=30)))
    tables = (times @ pair_up(labels, clusters)).reshape(2, int(labels.max()) + 1, -1)
    for ours, theirs in ((adjusted_rand, adjusted_rand_score), (normalized_mutual_information, normalized_mutual_info_score)):
        assert ours(tables) == pytest.approx([theirs(labels, clusters), theirs(labels[drawn], clusters[drawn])], abs=1e-9)


def test_vectors_that_know_the_sorts_tell_them() -> None:
    """Genes of a sort share a direction: accuracy and agreement near 1; PCA of the expression is there, and the majority."""
    cells = sorts_of_cells()
    known = np.eye(3, dtype=np.float32)[np.arange(60) % 3]
    found = measure_cells(cells, {"known": known}, weighing=Weighing(), folds=3, repetitions=2, resamples=50, seed=0)
    assert list(dict.fromkeys(each.method for each in found)) == ["known", RANDOM, EXPRESSION, MAJORITY]
    for metric in (ACCURACY, "accuracy of logistic regression", "ARI", "NMI"):
        assert figures(found, "known")[metric].interval.value > 0.95
        assert figures(found, EXPRESSION)[metric].interval.value > 0.9
    assert figures(found, MAJORITY)["accuracy"].interval.value == pytest.approx(1 / 3)
    assert found[0].note == "3 labels; variable genes; accuracy over 3 folds x 2 repetitions, agreement over cells"


def test_labels_that_mean_nothing_are_at_chance() -> None:
    """Shuffled labels: a third of the cells are right by chance, and clusters agree with them no more than chance has it."""
    cells = sorts_of_cells(cells=90)
    inside, agreements = 0, []
    for seed in range(4):
        shuffled = replace(cells, labels=np.random.default_rng(seed).permutation(cells.labels))
        found = measure_cells(shuffled, {"random": random_unit(60, dims=8, seed=seed)}, weighing=Weighing(), folds=3, repetitions=1, resamples=20, seed=seed)
        interval = figures(found, "random")[ACCURACY].interval
        inside += interval.low <= 1 / 3 <= interval.high
        agreements.append(figures(found, "random")["ARI"].interval.value)
    assert inside >= 3
    assert np.mean(agreements) == pytest.approx(0, abs=0.03)


def test_labels_of_too_few_cells_are_refused() -> None:
    """A fold would have none."""
    cells = sorts_of_cells(cells=90)
    rare = replace(cells, labels=np.where(np.arange(90) < 2, 3, cells.labels), names=[*cells.names, "rare"])
    with pytest.raises(BadTable, match=r"labels of fewer than 3 cells: rare \(2\)"):
        measure_cells(rare, {}, weighing=Weighing(), folds=3, repetitions=1, resamples=9, seed=0)


def test_principal_components_are_of_the_centered_expression() -> None:
    """Their variances are the squares of the singular values, over n - 1."""
    cells = sorts_of_cells()
    dense = cells.expression.toarray()
    expected = np.linalg.svd(dense - dense.mean(axis=0), compute_uv=False)[:50]
    assert principal_components(cells.expression, seed=0).std(axis=0, ddof=1) == pytest.approx(expected / 89**0.5, rel=1e-3)


@pytest.mark.slow
def test_the_real_cells_are_told_by_their_expression() -> None:
    """2,638 blood cells of nine sorts; PCA tells nine in ten, random gene vectors fewer."""
    pytest.importorskip("anndata", reason="anndata is not installed (extra 'cells')")
    if not REAL.is_file():
        pytest.skip("../shared/data has no pbmc3k.h5ad")
    cells = read_cells(REAL, label="classified")
    assert (cells.expression.shape, len(cells.names)) == ((2638, 13714), 9)
    found = measure_cells(cells, {}, weighing=Weighing(), folds=5, repetitions=1, resamples=50, seed=0)
    assert figures(found, EXPRESSION)[ACCURACY].interval.value > 0.9
    assert 0.75 < figures(found, RANDOM)[ACCURACY].interval.value < 0.88
