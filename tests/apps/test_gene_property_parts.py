"""Labels, folds, heads, gate and vectors of the properties of genes: by hand, by law, and with bad input."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.apps.gene_names import GeneNames
from generel.apps.gene_properties.folds import plan_folds, split_genes
from generel.apps.gene_properties.gate import Gate, learn_gate
from generel.apps.gene_properties.gene_vectors import read_gene_vectors
from generel.apps.gene_properties.heads import HEADS, LOGISTIC, choose_head, fit_head, log_loss, predict_shares
from generel.apps.gene_properties.intervals import corrected_error
from generel.apps.gene_properties.labels import LabeledGenes, read_genes, read_labeled_genes
from generel.apps.gene_ranking import auroc
from generel.concepts.errors import BadInput, BadTable, NotThere
from tests.apps.gene_world import ROWS, gene_aliases, gene_concepts


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_are_read_whatever_the_order_of_columns(tmp_path: Path) -> None:
    """Quotes and commas in texts; rows cut short, and rows without a class, are counted and left out."""
    path = write(tmp_path / "dosage.csv", 'Label,Summary,Gene name,StrLabel\n1,"Binds DNA, and ""more""",ZEB2,Sensitive\n0,,TTN,Insensitive\n1,x,MUC1,\n1,cut\n')
    labels = read_labeled_genes(path)
    assert (labels.task, labels.genes, labels.names, labels.classes.tolist()) == ("dosage", ["ZEB2", "TTN"], ["Insensitive", "Sensitive"], [1, 0])
    assert (labels.texts, labels.n_malformed) == (['Binds DNA, and "more"', ""], 2)
    assert read_labeled_genes(path, column="Label").names == ["0", "1"]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_cells_are_separated_by_what_the_header_has_most_of(tmp_path: Path, separator: str) -> None:
    """Other separators in texts, a blank line first and a byte-order mark change nothing; also gzipped."""
    lines = ("\ufeff", separator.join(("gene", "StrLabel", "Summary")), separator.join(("TTN", "a", "'binds, cuts; and\tties'".replace("'", '"'))), separator.join(("MUC1", "b", "")))
    for path in (tmp_path / "labels.tsv", tmp_path / "labels.csv.gz"):
        text = "\n".join(lines).encode()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
        labels = read_labeled_genes(path)
        assert (labels.genes, labels.names, labels.texts) == (["TTN", "MUC1"], ["a", "b"], ["binds, cuts; and\tties", ""])
        assert read_genes(path)[0] == ["TTN", "MUC1"]


@pytest.mark.parametrize("text, message", [
    ("", "is empty; it should hold a header and a gene a line"),
    ("gene,StrLabel\n", "has no row in the column 'StrLabel'"),
    ("gene,StrLabel\nTTN,a\nMUC1,a\n", "has one class only, a, in the column 'StrLabel'; telling genes apart needs two"),
    ("name\tStrLabel\nTTN\ta\n", "read as tab-separated, lacks a column of genes"),
    ("name,StrLabel\nTTN,a\n", "read as comma-separated, lacks a column of genes, called Gene name or gene"),
    ("gene,sort\nTTN,a\n", r"lacks a column with the class \(name it with --column\); it has gene, sort"),
    ("gene,StrLabel\n1-Mar,a\nTTN,b\n", r"1 genes that a spreadsheet turned into dates: 1-Mar \(MARCHF1 or MTARC1\?\); write the symbols anew"),
])
def test_bad_labels_are_told(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong, and the way out."""
    with pytest.raises(BadTable, match=message):
        read_labeled_genes(write(tmp_path / "labels.csv", text))


def test_files_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    """Two more."""
    with pytest.raises(NotThere, match="should hold genes with a property"):
        read_labeled_genes(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_bytes(b"gene,StrLabel\n\xff\xfe,a\n")
    with pytest.raises(BadTable, match="cannot be read as a table of text in UTF-8"):
        read_labeled_genes(tmp_path / "x.csv")


def test_genes_to_tell_are_a_column_or_lines(tmp_path: Path) -> None:
    """With a header that names a column of genes, or without any header."""
    assert read_genes(write(tmp_path / "a.csv", "Summary,gene\nbinds,TTN\n,MUC1\n")) == (["TTN", "MUC1"], ["binds", ""])
    assert read_genes(write(tmp_path / "b.txt", "TTN\nMUC1\n")) == (["TTN", "MUC1"], ["", ""])


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_no_gene_is_on_both_sides_and_every_row_is_asked_once(seed: int, folds: int) -> None:
    """For genes that occur several times, with several classes."""
    rng = np.random.default_rng(seed)
    genes, classes = rng.integers(0, 30, 60), rng.integers(0, 3, 60)
    parts = split_genes(genes, classes, folds=folds, seed=0)
    assert sorted(np.concatenate([test for _, test in parts]).tolist()) == list(range(60))
    assert all(not set(genes[train]) & set(genes[test]) for train, test in parts)


def test_inner_folds_lie_inside_the_training_rows() -> None:
    """Places in `train`, each once, no gene on both sides; too few genes of a class are refused with their numbers."""
    labels = LabeledGenes("x", [f"G{place // 2}" for place in range(60)], [""] * 60, np.arange(60) // 2 % 2, ["a", "b"])
    for fold in plan_folds(labels, folds=5, repetitions=2, seed=0):
        assert sorted(np.concatenate([test for _, test in fold.inner]).tolist()) == list(range(len(fold.train)))
        assert not set(fold.train) & set(fold.test)
    few = LabeledGenes("x", ["A", "B", "C"], [""] * 3, np.array([0, 0, 1]), ["a", "b"])
    with pytest.raises(BadTable, match=r"too few genes for 5 folds \(2 of a, 1 of b\)"):
        list(plan_folds(few, folds=5, repetitions=1, seed=0))


@pytest.mark.parametrize("head", HEADS)
def test_every_head_learns_what_is_there(head: str) -> None:
    """Two clouds apart: the classes come back, and left-out shares are better than chance."""
    rng = np.random.default_rng(0)
    classes = np.arange(120) % 2
    features = (rng.normal(size=(120, 40)) + 2 * classes[:, None] * (np.arange(40) < 5)).astype(np.float32)
    inner = split_genes(np.arange(120), classes, folds=3, seed=0)
    chosen = choose_head(features, classes, inner, n_classes=2, heads=[head])
    assert (chosen.head, chosen.strength in HEADS[head].strengths) == (head, True)
    assert chosen.loss < 0.5 * np.log(2)
    shares = predict_shares(fit_head(chosen, features, classes), features, n_classes=2)
    assert (shares.argmax(axis=1) == classes).mean() > 0.95
    assert shares.sum(axis=1) == pytest.approx(np.ones(120))


def test_a_class_that_was_never_seen_has_next_to_nothing() -> None:
    """And large tasks try no SVM."""
    features, classes = np.eye(6, dtype=np.float32), np.array([0, 2, 0, 2, 0, 2])
    chosen = choose_head(features, classes, split_genes(np.arange(6), classes, folds=3, seed=0), n_classes=3, heads=[LOGISTIC])
    assert predict_shares(fit_head(chosen, features, classes), features, n_classes=3)[:, 1].max() < 1e-3


def test_the_gate_worked_by_hand() -> None:
    """Powers 1 and 2 of (.5, .5) and (.8, .2): (.5 * .64, .5 * .04) at sum 1; a view that knows nothing has no say."""
    gate = Gate(np.log([1.0, 2.0]), np.zeros(2))
    shares = np.array([[[0.5, 0.5], [0.9, 0.1]], [[0.8, 0.2], [0.1, 0.9]]])
    known = np.array([[True, True], [True, False]])
    mixed = gate.mix(shares, known, np.zeros(2))
    assert mixed == pytest.approx(np.array([[0.64 / 0.68, 0.04 / 0.68], [0.9, 0.1]]))
    assert gate.mix(shares, np.zeros((2, 2), dtype=bool), np.zeros(2)) == pytest.approx(np.full((2, 2), 0.5))


def test_the_gate_learns_whom_to_trust_and_for_whom() -> None:
    """One view knows well-studied genes, the other less-studied ones: the gate is better than either, and than equal powers."""
    rng = np.random.default_rng(0)
    study = np.sign(rng.normal(size=400))
    classes = rng.integers(0, 2, 400)
    truth, guess = np.eye(2)[classes] * 0.9 + 0.05, rng.dirichlet((5, 5), 400)
    shares = np.array([np.where((study > 0)[:, None], truth, guess), np.where((study < 0)[:, None], truth, guess)])
    known = np.ones((2, 400), dtype=bool)
    gate = learn_gate(shares, known, study, classes)
    assert gate.of_study[0] > 0.1 and gate.of_study[1] < -0.1
    equal = Gate(np.log([0.5, 0.5]), np.zeros(2)).mix(shares, known, study)
    assert log_loss(gate.mix(shares, known, study), classes) < log_loss(equal, classes)


def test_the_error_of_repeated_folds_worked_by_hand() -> None:
    """Ten figures of variance 0.01 from 5 folds: sqrt((0.1 + 0.25) * 0.01)."""
    figures = np.array([0.5, 0.7] * 5)
    assert corrected_error(figures, folds=5) == pytest.approx(np.sqrt(0.35 * figures.var(ddof=1)))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=12))
def test_auroc_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]) -> None:
    """Ties count half; None where either side is missing."""
    inside = [score for score, member in rows if member]
    outside = [score for score, member in rows if not member]
    found = auroc(np.array([score for score, _ in rows], dtype=np.float64), np.array([member for _, member in rows]))
    if not inside or not outside:
        assert found is None
    else:
        assert found == pytest.approx(np.mean([(a > b) + 0.5 * (a == b) for a in inside for b in outside]))


def test_vectors_of_the_user_in_both_formats(tmp_path: Path) -> None:
    """Gene2Vec's text with its first line, and Parquet with lists or with columns: the same unit vectors; unknown genes have zeros."""
    names = GeneNames(gene_concepts(), gene_aliases())
    text = write(tmp_path / "gene2vec.txt", "2 2\nTTN 3 4\nCD3D\t0\t2\n")
    lists, columns = tmp_path / "lists.parquet", tmp_path / "columns.parquet"
    pl.DataFrame({"gene": ["ENSG00000167286", "TTN"], "vector": [[0.0, 2.0], [3.0, 4.0]]}).write_parquet(lists)
    pl.DataFrame({"gene": ["TTN", "CD3D", "TTN"], "a": [3.0, 0.0, 9.0], "b": [4.0, 2.0, 9.0]}).write_parquet(columns)
    for path in (text, lists, columns):
        given = read_gene_vectors(path, names)
        assert given.rows.tolist() == [ROWS["CD3D"], ROWS["TTN"]]
        assert given.of(names.find(["TTN", "DES", "NOGENE", "CD3D"])) == pytest.approx(np.array([[0.6, 0.8], [0, 0], [0, 0], [0, 1]]))


@pytest.mark.parametrize("text, error, message", [
    ("TTN 1 2\nDES 1\n", BadTable, "equally many on each; it has lines of 2 or 3 words"),
    ("TTN 1 x\n", BadTable, "a word where a number should be"),
    ("TTN 1 nan\n", BadTable, "the first of TTN; leave these genes out"),
    ("A1 1 2\n", BadInput, "none of the 1 genes"),
    ("", BadTable, "it has lines of no words"),
])
def test_bad_vectors_are_told(tmp_path: Path, text: str, error: type[Exception], message: str) -> None:
    """Each with the way out."""
    with pytest.raises(error, match=message):
        read_gene_vectors(write(tmp_path / "vectors.txt", text), GeneNames(gene_concepts(), gene_aliases()))
