"""Clusters read by their markers, embeddings scored side by side, and the commands that do it."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix

anndata = pytest.importorskip("anndata")
pandas = pytest.importorskip("pandas")

from generel.apps.cells.annotate import Markers, find_markers, rank_for_clusters  # noqa: E402
from generel.apps.cells.embed import KEY  # noqa: E402
from generel.apps.cells.expression import Weighing  # noqa: E402
from generel.apps.cells.score import BOTH, EXPRESSION, RANDOM, SPACE, compare_embeddings, score_embeddings  # noqa: E402
from generel.concepts.errors import BadTable  # noqa: E402
from tests.apps.conftest import Run  # noqa: E402
from tests.apps.gene_world import gene_vectors  # noqa: E402

GENES = ["CD3D", "CD3E", "MS4A1", "CD79A", "TTN", "DES"]
SORTS = ["T", "B", "heart"]


def sorted_cells(*, cells: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(cells, genes) logarithms and (cells,) sorts in turn; each sort expresses its own two genes most."""
    rng = np.random.default_rng(seed)
    sorts = np.arange(cells) % 3
    own = sorts[:, None] == np.arange(6)[None, :] // 2
    return (np.where(own, 3.5, 0.25) + 0.5 * rng.random((cells, 6))).astype(np.float32), sorts


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells of three sorts."""
    expression, sorts = sorted_cells()
    path: Path = tmp_path_factory.mktemp("cells") / "cells.h5ad"
    obs = pandas.DataFrame({"cell_type": pandas.Categorical([SORTS[sort] for sort in sorts])}, index=[f"cell {place}" for place in range(len(sorts))])
    anndata.AnnData(X=csr_matrix(expression), obs=obs, var=pandas.DataFrame(index=GENES)).write_h5ad(path)
    return path


def test_markers_are_what_a_cluster_expresses_more() -> None:
    """Worked by hand: gene 0 is 2 inside and 0 outside with deviation 1, so 2 / (1 + 0.1); gene 1 is the other cluster's."""
    expression = csr_array(np.array([[2, 0], [2, 0], [0, 2], [0, 2]], dtype=np.float32))
    markers = find_markers(expression, np.array([0, 0, 1, 1]), n_clusters=2)
    assert [each.genes.tolist() for each in markers] == [[0], [1]]
    assert markers[0].weights.tolist() == pytest.approx([2 / 1.1])


def test_concepts_are_ranked_by_standardized_cosines() -> None:
    """By a plain loop; unknown genes have no say, and a concept near everything gains nothing by it."""
    vectors = gene_vectors([*GENES, "NOGENE"])
    concepts = gene_vectors(["T cell", "B cell", "cardiomyopathy"])
    marker = Markers(np.array([0, 1, 6]), np.array([2.0, 1.0, 9.0]))
    cosines = vectors[:6] @ concepts.T
    standard = (cosines - cosines.mean(axis=0)) / cosines.std(axis=0)
    expected = (2 * standard[0] + 1 * standard[1]) / np.sqrt(5)
    assert rank_for_clusters([marker], vectors, concepts)[0] == pytest.approx(expected, rel=1e-4)
    near_all = np.ones((1, 3), dtype=np.float32) / np.sqrt(3)
    flat = rank_for_clusters([Markers(np.array([0, 1]), np.array([2.0, 1.0]))], np.eye(3, dtype=np.float32).repeat(2, axis=0), near_all.astype(np.float32))
    assert abs(flat[0, 0]) < 1e-2


@pytest.mark.parametrize("weighing", [Weighing(), Weighing(top=2, weights="expression")], ids=Weighing.say)
def test_sorts_of_cells_are_told_by_every_embedding_that_keeps_them(weighing: Weighing) -> None:
    """Three clean sorts: all of them 1; methods in a fixed order, on the same folds every time."""
    expression, sorts = sorted_cells()
    methods = compare_embeddings(csr_array(expression), {SPACE: gene_vectors(GENES)}, weighing=weighing, seed=0)
    assert list(methods) == [EXPRESSION, SPACE, RANDOM, BOTH]
    assert methods[BOTH].shape[1] == methods[EXPRESSION].shape[1] + methods[SPACE].shape[1]
    scores = score_embeddings(methods, sorts, repetitions=2, seed=0)
    assert {each.method: (each.knn_accuracy, each.ari, each.ami) for each in scores if each.method != RANDOM} == {
        method: pytest.approx((1, 1, 1)) for method in methods if method != RANDOM
    }
    assert all(each.asw > 0.5 for each in scores if each.method == SPACE)
    assert score_embeddings(methods, sorts, repetitions=2, seed=0) == scores


def test_labels_without_meaning_are_not_told() -> None:
    """Shuffled labels: agreement about 0, accuracy about a third."""
    expression, sorts = sorted_cells(cells=120)
    shuffled = np.random.default_rng(3).permutation(sorts)
    (score,) = score_embeddings({SPACE: expression}, shuffled, repetitions=2, seed=0)
    assert abs(score.ari) < 0.05
    assert score.knn_accuracy < 0.5


def test_rare_labels_are_refused() -> None:
    """With their sizes."""
    with pytest.raises(BadTable, match=r"fewer than two labels have 5 cells each \(they have 9, 1\)"):
        score_embeddings({SPACE: np.eye(10, dtype=np.float32)}, np.array([0] * 9 + [1]), repetitions=1, seed=0)


def test_annotate_names_concepts_of_each_cluster(run: Run, file: Path) -> None:
    """Cell types and diseases apart, the markers beside them; or the texts that were given."""
    result = run("cells", "annotate", file, "-k", 1, "--format", "tsv")
    assert result.exit_code == 0, result.output
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert rows[0] == ["cluster", "rank", "score", "curie", "kind", "name", "markers"]
    assert [(row[0], row[4], row[5]) for row in rows[1:5]] == [
        ("B", "anatomy", "B cell"), ("B", "disease", "lymphoma of B cells"), ("T", "anatomy", "T cell"), ("T", "disease", "T cell leukemia"),
    ]
    assert rows[6][5] == "cardiomyopathy"
    assert set(rows[1][6].split(",")[:2]) == {"MS4A1", "CD79A"}
    refused = run("cells", "annotate", file, "--kind", "pathway")
    assert refused.exit_code == 65
    assert "has no concepts of kind pathway; give texts with --label" in refused.stderr


def test_embed_and_score_as_commands(run: Run, file: Path, tmp_path: Path) -> None:
    """Vectors are written, then scored beside PCA and random vectors in one table."""
    embedded = run("cells", "embed", file, tmp_path / "out.h5ad")
    assert embedded.exit_code == 0, embedded.output
    assert anndata.read_h5ad(tmp_path / "out.h5ad").obsm[KEY].shape == (60, 3)
    assert "wrote 60 cells" in embedded.stderr
    assert run("cells", "embed", file, tmp_path / "top.h5ad", "--top", 2).exit_code == 0
    said = [anndata.read_h5ad(tmp_path / name).uns[KEY]["weights"] for name in ("out.h5ad", "top.h5ad")]
    assert said == ["variable", "expression"]
    scored = run("cells", "score", file, "--weights", "expression", "--top", 2, "--repetitions", 1, "--format", "tsv")
    assert scored.exit_code == 0, scored.output
    assert [line.split("\t")[0] for line in scored.stdout.splitlines()] == ["method", EXPRESSION, SPACE, RANDOM, BOTH]


@pytest.mark.slow
def test_a_picture_is_drawn(run: Run, file: Path, tmp_path: Path) -> None:
    """UMAP of the vectors; another ending is refused before anything is computed."""
    pytest.importorskip("umap")
    drawn = run("cells", "score", file, "--top", 2, "--repetitions", 1, "--umap", tmp_path / "cells.png")
    assert drawn.exit_code == 0, drawn.output
    assert (tmp_path / "cells.png").read_bytes().startswith(b"\x89PNG")
    assert run("cells", "score", file, "--umap", tmp_path / "cells.doc").exit_code == 2
