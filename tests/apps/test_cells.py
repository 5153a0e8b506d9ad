"""Cells as means of the vectors of their genes: by a plain loop, by hand, through files, and read by scanpy."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_array, csr_matrix

anndata = pytest.importorskip("anndata")
pandas = pytest.importorskip("pandas")

from generel.apps.cells.embed import KEY, GeneVectors, embed_anndata, embed_expression, embed_file  # noqa: E402
from generel.apps.cells.expression import Weighing, above_mean, gene_moments, keep_top, mean_vectors, prepare  # noqa: E402
from generel.apps.cells.files import labels_of, open_cells  # noqa: E402
from generel.apps.gene_names import GeneNames  # noqa: E402
from generel.concepts.errors import BadInput, BadTable, NotThere  # noqa: E402
from tests.apps.gene_world import CONCEPTS, gene_aliases, gene_concepts, gene_vectors  # noqa: E402
from tests.training.evaluate_oracles import cell_by_loop  # noqa: E402
from tests.training.evaluate_world import random_unit  # noqa: E402
from tests.worlds import unit  # noqa: E402

GENES = ["CD3D", "MS4A1", "TTN", "NOGENE"]
BY_EXPRESSION, BEST = Weighing(weights="expression"), Weighing(top=1, weights="expression")
# Log-normalized expression of four cells.
EXPRESSION = np.array([[2.5, 0, 0.5, 9.5], [0, 1.5, 0.5, 0], [0, 0, 0, 3.5], [1.25, 1.25, 0, 0]], dtype=np.float32)


@pytest.fixture(scope="module")
def world() -> GeneVectors:
    """Names and vectors of the world."""
    return GeneVectors(GeneNames(gene_concepts(), gene_aliases()), unit([vector for *_, vector in CONCEPTS]), "world")


def write_cells(path: Path, matrix: object, *, genes: list[str] = GENES, **parts: object) -> Path:
    """A file of cells with labels of which one is missing."""
    obs = pandas.DataFrame({"cell_type": pandas.Categorical(["T", "B", None, "T"]), "batch": "one"}, index=list("abcd"))
    data = anndata.AnnData(X=matrix, obs=obs, var=pandas.DataFrame({"ensembl": ["ENSG00000167286.2", "x", "y", None]}, index=genes))
    for name, layer in parts.items():
        data.layers[name] = layer
    data.write_h5ad(path)
    return path


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_cells_are_those_of_a_plain_loop(seed: int, top: int) -> None:
    """Whatever the ties, unknown genes and empty cells."""
    rng = np.random.default_rng(seed)
    expression = rng.integers(0, 4, (5, 8)).astype(np.float32)
    expression[rng.random(5) < 0.2] = 0
    vectors = random_unit(8, dims=3, seed=seed)
    vectors[rng.random(8) < 0.3] = 0
    expected = [cell_by_loop(row.tolist(), vectors.tolist(), top=top) for row in expression]
    assert mean_vectors(csr_array(expression), vectors, top=top) == pytest.approx(np.array(expected), abs=1e-5)


def test_a_cell_is_the_mean_of_its_genes_worked_by_hand() -> None:
    """2.5 of (1, 0, 0) and 0.5 of (0, 0, 1), an unknown gene aside: (2.5, 0, 0.5) at unit norm; equal weights give (1, 0, 1)."""
    vectors = gene_vectors(GENES)
    weighted = embed_expression(csr_array(EXPRESSION), vectors, weighing=BY_EXPRESSION, where="x")
    assert weighted[0] == pytest.approx(unit([[5, 0, 1]])[0])
    assert weighted[2].tolist() == [0, 0, 0]
    assert embed_expression(csr_array(EXPRESSION), vectors, weighing=Weighing(weights="equal"), where="x")[0] == pytest.approx(unit([[1, 0, 1]])[0])
    assert embed_expression(csr_array(EXPRESSION), vectors, weighing=BEST, where="x")[0] == pytest.approx(np.array([1, 0, 0]))


def test_z_scores_are_of_the_cells_and_never_below_zero() -> None:
    """TTN is 0.5, 0.5, 0, 0: mean 0.25, deviation 0.25, so its z-score is 1 where it is expressed."""
    blocks = [csr_array(EXPRESSION[:3]), csr_array(EXPRESSION[3:])]
    moments = gene_moments(blocks)
    assert moments.mean == pytest.approx(EXPRESSION.mean(axis=0))
    assert moments.deviation == pytest.approx(EXPRESSION.std(axis=0))
    scores = above_mean(csr_array(EXPRESSION), moments).toarray()
    assert scores[:, 2].tolist() == pytest.approx([1, 1, 0, 0])
    assert (scores >= 0).all()


def test_the_top_are_kept_and_what_ties_with_the_last() -> None:
    """Of 5, 2, 2 and 1 the top two are three."""
    kept = keep_top(csr_array(np.array([[2, 5, 1, 2], [0, 0, 0, 0], [0, 3, 0, 0]], dtype=np.float32)), top=2)
    assert kept.toarray().tolist() == [[2, 5, 0, 2], [0, 0, 0, 0], [0, 3, 0, 0]]


@pytest.mark.parametrize("value, weighing, message", [
    (-1.5, Weighing(), r"1 values that are below 0, the first being cell 7, gene 1 is -1\.5; scaled values are no weights"),
    (float("nan"), Weighing(), r"1 values that are no numbers \(NaN or infinite\), the first being cell 7, gene 1 is nan; remove"),
    (float("inf"), Weighing(), "no numbers"),
    (412.0, Weighing(), r"raw counts \(whole numbers up to 412\); add --normalize"),
    (812.5, Weighing(), "expression up to 812, which is no logarithm; add --log"),
    (0.5, Weighing(normalize=True), r"does not hold counts: 0\.5 is not whole; leave --normalize out"),
])
def test_what_is_no_log_normalized_expression_is_refused(value: float, weighing: Weighing, message: str) -> None:
    """With what is wrong, where, and the option that mends it."""
    values = csr_array(np.array([[0, 0], [1, value]], dtype=np.float64))
    with pytest.raises(BadTable, match=message):
        prepare(values, weighing, where="x.h5ad (X)", first_cell=6)


def test_counts_and_normalized_values_become_logarithms() -> None:
    """Counts 1 and 3 are log(1 + 2500) and log(1 + 7500); --log takes log(1 + x) alone."""
    counts = prepare(csr_array(np.array([[1, 3], [0, 0]])), Weighing(normalize=True), where="x").toarray()
    assert counts == pytest.approx(np.log1p([[2500, 7500], [0, 0]]))
    assert prepare(csr_array(np.array([[0.5, 900.0]])), Weighing(log=True), where="x").toarray() == pytest.approx(np.log1p([[0.5, 900]]))


@pytest.mark.parametrize("matrix", [csr_matrix(EXPRESSION), csc_matrix(EXPRESSION), EXPRESSION], ids=["rows", "columns", "dense"])
def test_a_file_gets_its_vectors_and_keeps_the_rest(tmp_path: Path, world: GeneVectors, matrix: object) -> None:
    """Whatever way the matrix is stored; the file itself is left alone, and what could not be found is said."""
    path = write_cells(tmp_path / "in.h5ad", matrix, twice=csr_matrix(2 * EXPRESSION))
    before = path.read_bytes()
    done = embed_file(path, tmp_path / "out.h5ad", world, weighing=BY_EXPRESSION)
    written = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert written.obsm[KEY] == pytest.approx(embed_expression(csr_array(EXPRESSION), gene_vectors(GENES), weighing=BY_EXPRESSION, where="x"))
    assert written.uns[KEY] == {"space": "world", "top": "200", "weights": "expression", "layer": "X"}
    assert written.obs["batch"].tolist() == ["one"] * 4
    assert (done.n_cells, done.n_empty, done.genes.unknown) == (4, 1, ("NOGENE",))
    assert path.read_bytes() == before
    embed_file(tmp_path / "out.h5ad", tmp_path / "out.h5ad", world, weighing=BEST, layer="twice")
    assert anndata.read_h5ad(tmp_path / "out.h5ad").obsm[KEY][0] == pytest.approx(np.array([1, 0, 0]))


def test_blocks_in_threads_are_the_whole_in_order(world: GeneVectors, tmp_path: Path) -> None:
    """A file read two cells at a time gives what it gives at once, in the same order."""
    with open_cells(write_cells(tmp_path / "in.h5ad", csr_matrix(EXPRESSION))) as cells:
        blocks = list(cells.blocks(cells=3))
        assert [start for start, _ in blocks] == [0, 3]
        assert np.vstack([block.toarray() for _, block in blocks]) == pytest.approx(EXPRESSION)


def test_cells_in_memory_are_those_of_the_file(tmp_path: Path, world: GeneVectors) -> None:
    """`embed_anndata` sets obsm."""
    data = anndata.read_h5ad(write_cells(tmp_path / "in.h5ad", csr_matrix(EXPRESSION)))
    embed_anndata(data, world, weighing=BY_EXPRESSION)
    assert data.obsm[KEY][1] == pytest.approx(unit([[0, 3, 1]])[0])


def test_genes_may_stand_in_a_column(tmp_path: Path, world: GeneVectors) -> None:
    """Ensembl identifiers with their version; a column that is not there is told."""
    path = write_cells(tmp_path / "in.h5ad", csr_matrix(EXPRESSION), genes=list("wxyz"))
    embed_file(path, tmp_path / "out.h5ad", world, weighing=BY_EXPRESSION, gene_column="ensembl")
    assert anndata.read_h5ad(tmp_path / "out.h5ad").obsm[KEY][0].tolist() == [1, 0, 0]
    with pytest.raises(BadTable, match="no column 'symbols' in var; it has ensembl"):
        embed_file(path, tmp_path / "out2.h5ad", world, weighing=BY_EXPRESSION, gene_column="symbols")
    with pytest.raises(BadInput, match="none of the 4 genes of"):
        embed_file(path, tmp_path / "out2.h5ad", world, weighing=BY_EXPRESSION)
    assert not (tmp_path / "out2.h5ad").exists()


def test_raw_expression_is_a_layer(tmp_path: Path, world: GeneVectors) -> None:
    """Scaled values stand in X, as scanpy leaves them, and the logarithms in raw."""
    data = anndata.AnnData(X=EXPRESSION, var=pandas.DataFrame(index=GENES))
    data.raw = data
    data.X = EXPRESSION - 1
    data.write_h5ad(tmp_path / "in.h5ad")
    with pytest.raises(BadTable, match="below 0"):
        embed_file(tmp_path / "in.h5ad", tmp_path / "out.h5ad", world, weighing=BY_EXPRESSION)
    embed_file(tmp_path / "in.h5ad", tmp_path / "out.h5ad", world, weighing=BY_EXPRESSION, layer="raw")
    assert anndata.read_h5ad(tmp_path / "out.h5ad").obsm[KEY][0] == pytest.approx(unit([[5, 0, 1]])[0])
    with pytest.raises(BadTable, match="has no counts; its other layers are: raw"), open_cells(tmp_path / "in.h5ad", layer="counts"):
        pass


def test_bad_files_are_told(tmp_path: Path) -> None:
    """None there, none of HDF5, cut short, without cells."""
    with pytest.raises(NotThere, match="cells as AnnData"), open_cells(tmp_path / "none.h5ad"):
        pass
    (tmp_path / "text.h5ad").write_text("CD3D 1\n")
    with pytest.raises(BadTable, match="cannot be read as AnnData"), open_cells(tmp_path / "text.h5ad"):
        pass
    whole = write_cells(tmp_path / "in.h5ad", csr_matrix(EXPRESSION)).read_bytes()
    (tmp_path / "cut.h5ad").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadTable, match="cannot be read as AnnData"), open_cells(tmp_path / "cut.h5ad"):
        pass
    anndata.AnnData(X=np.zeros((0, 2), dtype=np.float32)).write_h5ad(tmp_path / "empty.h5ad")
    with pytest.raises(BadTable, match="is empty: it has 0 cells and 2 genes"), open_cells(tmp_path / "empty.h5ad"):
        pass


def test_labels_are_those_of_a_column(tmp_path: Path) -> None:
    """By default the first usual one; cells without a label are left out; a single label tells nothing."""
    with open_cells(write_cells(tmp_path / "in.h5ad", csr_matrix(EXPRESSION))) as cells:
        numbers, names, known = labels_of(cells, "", usual=("leiden", "cell_type"))
        assert (numbers.tolist(), names, known.tolist()) == ([1, 0, 1], ["B", "T"], [True, True, False, True])
        with pytest.raises(BadTable, match=r"one label in 'batch' \(one\); there is nothing to tell apart"):
            labels_of(cells, "batch")
        with pytest.raises(BadTable, match="no column 'sort' that says what a cell is; obs has cell_type, batch"):
            labels_of(cells, "sort")


@pytest.mark.slow
def test_scanpy_reads_the_vectors(tmp_path: Path, world: GeneVectors) -> None:
    """`sc.pp.neighbors(adata, use_rep="X_generel")` finds the cells of the same sort."""
    scanpy = pytest.importorskip("scanpy")
    sorts = np.array([[3.5, 0.25, 0.25], [0.25, 3.5, 0.25]])
    noise = np.random.default_rng(0).random((40, 3))
    matrix = (sorts[np.arange(40) % 2] + noise).astype(np.float32)
    data = anndata.AnnData(X=csr_matrix(matrix), var=pandas.DataFrame(index=GENES[:3]))
    data.write_h5ad(tmp_path / "in.h5ad")
    embed_file(tmp_path / "in.h5ad", tmp_path / "out.h5ad", world, weighing=Weighing())
    read = scanpy.read_h5ad(tmp_path / "out.h5ad")
    scanpy.pp.neighbors(read, use_rep=KEY, n_neighbors=5)
    left, right = read.obsp["distances"].nonzero()
    assert len(left) == 40 * 4
    assert all(a % 2 == b % 2 for a, b in itertools.islice(zip(left, right, strict=True), None))
