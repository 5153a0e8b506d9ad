"""The regression on terms: numpy, scipy and a plain solution agree, and a trained model completes by it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from generel.apps.gene_sets import GeneSetModel
from generel.apps.gene_sets.model_folder import NETWORK_FILE, read_model, write_model
from generel.apps.gene_sets.ridge import Ridge
from generel.concepts.errors import Corrupt
from tests.apps.gene_set_worlds import TINY, identities, write_libraries
from training.gene_sets.libraries import GmtLibrary
from training.gene_sets.pipeline import train_model
from training.gene_sets.ridge import RidgeScorer, make_ridge


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on the made-up libraries."""
    home = tmp_path_factory.mktemp("models")
    return train_model([GmtLibrary(path) for path in write_libraries(home)], identities(), out=home / "tiny", settings=TINY, measure=False)


def test_scores_are_those_of_the_written_formula() -> None:
    """K (K + penalty I)^-1 y by a dense solution, of 30 genes with 12 terms; one has no term, and lists are of 1, 3 and 8 genes."""
    ridge, dense = _ridge(n_genes=30, n_terms=12)
    centered = dense - dense.mean(axis=0)
    kernel = centered @ centered.T
    for size in (1, 3, 8):
        rows = np.arange(size, dtype=np.int32) * 3
        wanted = np.zeros(30)
        wanted[rows] = size**-0.5
        expected = kernel @ np.linalg.solve(kernel + ridge.penalty[0] * np.eye(30), wanted)
        assert ridge.score(rows) == pytest.approx(expected, abs=1e-5)


def test_many_lists_at_once_score_as_one_by_one() -> None:
    """The method of the benchmark is what the model computes; a scale multiplies both."""
    ridge, _ = _ridge(n_genes=30, n_terms=12)
    ridge = replace(ridge, scale=np.full(1, 2.5, np.float32))
    lists = [np.array([0, 4, 9], np.int32), np.array([7], np.int32)]
    shown = csr_array((np.ones(4, np.float32), np.concatenate(lists), [0, 3, 4]), shape=(2, 30))
    assert RidgeScorer(ridge)(shown) == pytest.approx(np.vstack([ridge.score(rows) for rows in lists]), abs=1e-5)


def test_term_of_the_list_alone_tells_more_than_one_that_most_genes_have() -> None:
    """Genes 0 to 2 share the rare term with the list's gene 3; all but 0 have the common one."""
    rare, common = np.zeros(20, np.float32), np.ones(20, np.float32)
    rare[:4], common[0] = 1, 0
    ridge = replace(make_ridge([csr_array(np.stack([rare, common], axis=1))]), scale=np.ones(1, np.float32))
    scores = ridge.score(np.array([3], np.int32))
    assert scores[1] == pytest.approx(scores[2])
    assert scores[1] > 0 > scores[4]
    assert scores[0] > scores[4]


def test_list_is_completed_by_network_and_regression(folder: Path) -> None:
    """The model's order is that of the two scores' sum."""
    model = GeneSetModel.open(folder)
    assert model.ridge is not None
    rows = np.array([0, 1, 2], np.int32)
    total = model.network.score(model.network.encode([rows]))[0] + model.ridge.score(rows)
    expected = [row for row in np.argsort(-total, kind="stable") if row not in rows]
    found = [model.find([each.gene.curie]).rows[0] for each in model.complete(["A0", "A1", "A2"], 5)]
    assert found == expected[:5]
    assert {each.gene.symbol[0] for each in model.complete(["A0", "A1", "A2"], 5)} == {"A"}


def test_model_of_before_the_regression_still_opens(folder: Path, tmp_path: Path) -> None:
    """It completes by the network alone; one that has a part of the regression is refused."""
    parts = read_model(folder)
    network = {name: tensor for name, tensor in parts.network.items() if not name.startswith("ridge_")}
    write_model(tmp_path / "old", replace(parts, network=network))
    model = GeneSetModel.open(tmp_path / "old")
    assert model.ridge is None
    assert {each.gene.symbol[0] for each in model.complete(["A0", "A1", "A2"], 5)} == {"A"}
    write_model(tmp_path / "cut", replace(parts, network={**network, "ridge_scale": parts.network["ridge_scale"]}))
    with pytest.raises(Corrupt, match="ridge_values"):
        GeneSetModel.open(tmp_path / "cut")
    assert (tmp_path / "old" / NETWORK_FILE).stat().st_size < (folder / NETWORK_FILE).stat().st_size


def _ridge(*, n_genes: int, n_terms: int) -> tuple[Ridge, np.ndarray]:
    """A regression of weight one, and its (n_genes, n_terms) terms."""
    rng = np.random.default_rng(3)
    terms = np.where(rng.random((n_genes, n_terms)) < 0.3, rng.random((n_genes, n_terms)), 0).astype(np.float32)
    terms[5] = 0
    ridge = make_ridge([csr_array(terms)])
    dense = csr_array((ridge.values, ridge.terms, ridge.offsets), shape=terms.shape).toarray()
    return replace(ridge, scale=np.ones(1, np.float32)), dense.astype(np.float64)
