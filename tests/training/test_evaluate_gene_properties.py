"""Gene properties: files, folds that never split a gene, figures beside scikit-learn, planted and random vectors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from generel.apps.gene_properties.folds import plan_folds, split_genes
from generel.apps.gene_properties.labels import LabeledGenes
from generel.concepts.errors import BadTable, NotThere
from tests.training.evaluate_world import random_unit
from training.evaluate import gene_properties
from training.evaluate.gene_properties import (
    MAJORITY,
    gene_rows,
    measure_gene_properties,
    read_gene_labels,
    text_terms,
)
from training.evaluate.measures import Measure

SHARED = Path(__file__).parents[3] / "shared" / "data" / "gene_properties"


def task(classes: Sequence[int], genes: Sequence[str] | None = None, names: Sequence[str] = ("no", "yes")) -> LabeledGenes:
    """Genes of these classes, every row its own gene unless they are given."""
    own = [f"GENE{place}" for place in range(len(classes))] if genes is None else list(genes)
    return LabeledGenes("made up", own, [f"text of {gene}" for gene in own], np.array(classes), list(names))


def figures(measures: Sequence[Measure], method: str) -> dict[str, Measure]:
    """The measures of a method by metric."""
    return {each.metric: each for each in measures if each.method == method}


@pytest.mark.parametrize("header", ["Gene name,StrLabel,Summary,Label", "Gene name,Solubility,Summary,Label"])
def test_the_class_is_read_by_name(tmp_path: Path, header: str) -> None:
    """Columns in any order, quoted text with commas; the class has its name, not its number."""
    path = tmp_path / "Property.v2.csv"
    path.write_text(header + '\nTTN,Soluble," A protein, large",1\nMUC1,Insoluble,Short,0\n"TTN",Soluble,Other,1\n')
    labels = read_gene_labels(path)
    assert (labels.task, labels.genes, labels.texts) == ("Property", ["TTN", "MUC1", "TTN"], ["A protein, large", "Short", "Other"])
    assert (labels.classes.tolist(), labels.names) == ([1, 0, 1], ["Insoluble", "Soluble"])


def test_rows_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    """An open quotation mark, a field too many, no gene; the note tells."""
    path = tmp_path / "Property.csv"
    rows = "".join(f"GENE{place},{place % 2},text\n" for place in range(12))
    path.write_text("Gene name,Label,Summary\n" + rows + 'TTN,1,"open\nTTN,1,one,two\n,1,text\n')
    labels = read_gene_labels(path)
    assert (len(labels.genes), labels.n_malformed, labels.names) == (12, 3, ["0", "1"])
    assert measure_gene_properties(labels, {}, folds=2, repetitions=1, seed=0)[0].note.endswith("; 3 rows cannot be read")


def test_a_file_without_classes_is_refused(tmp_path: Path) -> None:
    """A missing column, one class, no file, or classes too rare for the folds."""
    path = tmp_path / "Property.csv"
    path.write_text("Gene name,Summary\nTTN,text\n")
    with pytest.raises(BadTable, match="lacks the columns StrLabel"):
        read_gene_labels(path)
    path.write_text("Gene name,Summary,StrLabel\nTTN,text,yes\n")
    with pytest.raises(BadTable, match="has 1 classes in the column 'StrLabel'"):
        read_gene_labels(path)
    with pytest.raises(NotThere, match=r"none\.csv is not there"):
        read_gene_labels(tmp_path / "none.csv")
    with pytest.raises(BadTable, match=r"too few genes for 5 folds \(9 of no, 4 of yes\); two classes need 5 each"):
        measure_gene_properties(task([0] * 9 + [1] * 4), {}, folds=5, repetitions=1, seed=0)


def test_no_gene_is_on_both_sides_of_a_fold() -> None:
    """Nor inside, where the strength is chosen; every row is asked about once in a repetition."""
    rng = np.random.default_rng(0)
    labels = task(rng.integers(0, 2, 90), [f"GENE{number}" for number in rng.integers(0, 40, 90)])
    genes = np.array(labels.genes)
    plan = list(plan_folds(labels, folds=5, repetitions=2, seed=0))
    assert len(plan) == 10
    for fold in plan:
        assert not set(genes[fold.train]) & set(genes[fold.test])
        for train, test in fold.inner:
            assert not set(genes[fold.train[train]]) & set(genes[fold.train[test]])
    for repetition in (plan[:5], plan[5:]):
        assert sorted(np.concatenate([fold.test for fold in repetition]).tolist()) == list(range(90))
    assert plan[0].test.tolist() != plan[5].test.tolist()


def test_every_fold_has_about_the_same_share_of_each_class() -> None:
    """Of 38 genes, 2 rare ones and 20 more, each of 5 folds asks about 8 of the first two and 4 of the last."""
    classes = np.repeat([0, 1, 2], [38, 20, 2])
    parts = split_genes(np.arange(60), classes, folds=5, seed=1)
    assert [(int((classes[test] != 1).sum()), int((classes[test] == 1).sum())) for _, test in parts] == [(8, 4)] * 5


def test_figures_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one strength: mean accuracy, weighted F1 and one-against-rest AUROC of plain logistic regressions on the same folds; three classes."""
    monkeypatch.setattr(gene_properties, "STRENGTHS", (1.0,))
    rng = np.random.default_rng(2)
    classes = np.repeat([0, 1, 2], 20)
    vectors = (rng.normal(size=(60, 5)) + classes[:, None] / 2).astype(np.float32)
    labels = task(classes, names=("a", "b", "c"))
    found = figures(measure_gene_properties(labels, {"any": vectors}, folds=4, repetitions=2, seed=3), "any")
    expected = []
    for fold in plan_folds(labels, folds=4, repetitions=2, seed=3):
        model = LogisticRegression(C=1.0, max_iter=2000).fit(vectors[fold.train], classes[fold.train])
        true, shares = classes[fold.test], model.predict_proba(vectors[fold.test])
        predicted = model.predict(vectors[fold.test])
        expected.append((accuracy_score(true, predicted), f1_score(true, predicted, average="weighted"), roc_auc_score(true, shares, multi_class="ovr")))
    for metric, value in zip(("accuracy", "weighted F1", "AUROC"), np.mean(expected, axis=0), strict=True):
        assert found[metric].interval.value == pytest.approx(value)
        assert found[metric].interval.low < value < found[metric].interval.high


def test_the_majority_is_the_floor() -> None:
    """75 of 100 genes are of one class: accuracy .75, F1 .75 * 2 * .75 / 1.75, AUROC .5, and no p-value."""
    found = figures(measure_gene_properties(task([0] * 75 + [1] * 25), {}, folds=5, repetitions=2, seed=0), MAJORITY)
    assert [found[metric].interval.value for metric in ("accuracy", "weighted F1", "AUROC")] == pytest.approx([0.75, 0.75 * 1.5 / 1.75, 0.5])
    assert found["accuracy"].p_value is None


def test_a_planted_property_is_found() -> None:
    """The class is in one of 20 coordinates, dense or sparse: AUROC near 1, p small; the strength follows from the folds inside."""
    labels = task([0, 1] * 50)
    vectors = random_unit(100, dims=20, seed=0)
    vectors[:, 7] = np.where(labels.classes, 0.5, -0.5)
    measures = measure_gene_properties(labels, {"dense": vectors, "sparse": csr_array(vectors)}, folds=5, repetitions=1, seed=0)
    for method in ("dense", "sparse"):
        found = figures(measures, method)
        assert found["AUROC"].interval.value > 0.99
        assert found["accuracy"].p_value is not None and found["accuracy"].p_value < 0.001
    assert figures(measures, "dense")["accuracy"].interval == pytest.approx(figures(measures, "sparse")["accuracy"].interval)


def test_a_gene_met_before_is_no_help() -> None:
    """Each gene has two rows with the same vector and its own random class: whoever lets a gene be on both sides has an AUROC of 1."""
    rng = np.random.default_rng(5)
    genes = np.repeat(np.arange(50), 2)
    classes = np.repeat(rng.permutation(np.arange(50) % 2), 2)
    vectors = random_unit(50, dims=60, seed=5)[genes]
    grouped = figures(measure_gene_properties(task(classes, [f"GENE{gene}" for gene in genes]), {"any": vectors}, folds=5, repetitions=2, seed=0), "any")
    leaking = figures(measure_gene_properties(task(classes), {"any": vectors}, folds=5, repetitions=2, seed=0), "any")
    assert grouped["AUROC"].interval.low < 0.5 < grouped["AUROC"].interval.high
    assert leaking["AUROC"].interval.value > 0.9


def test_random_vectors_are_at_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 random spaces nearly all have .5 inside the interval of accuracy and AUROC."""
    monkeypatch.setattr(gene_properties, "STRENGTHS", (1.0,))
    labels = task([0, 1] * 40)
    measures = measure_gene_properties(labels, {str(seed): random_unit(80, dims=6, seed=seed) for seed in range(20)}, folds=4, repetitions=1, seed=0)
    for metric in ("accuracy", "AUROC"):
        asked = [each.interval for each in measures if each.metric == metric and each.method != MAJORITY]
        assert sum(each.low <= 0.5 <= each.high for each in asked) >= 17


def test_nobody_can_tell_a_gene_of_two_classes() -> None:
    """The note has the best accuracy that one answer a gene can reach: 11 of 12 rows."""
    labels = task([0] * 6 + [1] * 6, ["A", "A", "B", "C", "D", "E", "A", "F", "G", "H", "I", "J"])
    assert "nobody beat an accuracy of 0.917" in measure_gene_properties(labels, {}, folds=2, repetitions=1, seed=0)[0].note
    assert "nobody" not in measure_gene_properties(replace(labels, genes=list("ABCDEFGHIJKL")), {}, folds=2, repetitions=1, seed=0)[0].note


def test_features_have_a_row_for_every_row() -> None:
    """Vectors by symbol, zeros for a gene that is not known; TF-IDF of unit norm, zeros for a text that shares no word."""
    vectors = random_unit(2, dims=3, seed=0)
    assert gene_rows(["TTN", "no gene", "TTN"], vectors, {"TTN": 1}.get).tolist() == [vectors[1].tolist(), [0.0] * 3, vectors[1].tolist()]
    terms = text_terms(["large protein", "small protein", "channel"])
    assert np.sqrt(terms.power(2).sum(axis=1)).tolist() == pytest.approx([1, 1, 0])


@pytest.mark.parametrize(
    ("name", "n", "n_genes", "classes"),
    [("BivalentVsLys4.csv", 167, 155, 2), ("Tf_range.csv", 157, 157, 2), ("TF_target_type.csv.gz", 3143, 1392, 6), ("combined_solubility.csv.gz", 1964, 1964, 2)],
)
def test_the_real_files_are_read_whole(name: str, n: int, n_genes: int, classes: int) -> None:
    """As many rows, genes and classes as the csv module finds."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data has no gene_properties")
    labels = read_gene_labels(SHARED / name)
    assert (len(labels.genes), len(set(labels.genes)), len(labels.names), labels.n_malformed) == (n, n_genes, classes, 0)


def test_groups_are_judged_by_the_same_predictions() -> None:
    """The class is told by vectors of the first half only: AUROC near 1 there, near .5 in the other, and a group of one class is left out."""
    labels = task([0, 1] * 60)
    vectors = random_unit(120, dims=8, seed=1)
    known = np.arange(120) < 60
    vectors[known, 3] = np.where(labels.classes[known], 2, -2)
    groups = {"told": known, "untold": ~known, "of one class": labels.classes == 1}
    measures = measure_gene_properties(labels, {"any": vectors}, folds=4, repetitions=1, seed=0, groups=groups)
    areas = {each.about.partition(", ")[2]: each for each in measures if each.method == "any" and each.metric == "AUROC"}
    assert {about: each.n for about, each in areas.items()} == {"": 120, "told": 60, "untold": 60}
    assert areas["told"].interval.value > 0.95 > 0.75 > areas["untold"].interval.value
