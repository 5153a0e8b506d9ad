"""Gene properties told from a gene's vector: dosage sensitivity, bivalent chromatin, the range of a transcription factor, solubility.

A logistic regression is all that is trained, so that the figures are of the vectors. A gene that a file has twice is never on both sides of a
fold; figures elsewhere that let it be are higher. Its strength of regularization is chosen inside the training folds.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from generel.apps.gene_properties.folds import Fold, plan_folds
from generel.apps.gene_properties.labels import LabeledGenes
from generel.concepts.errors import BadTable, NotThere
from kg.harvest import SetAside
from kg.sources.quoted_rows import read_quoted_rows
from kg.sources.rows import read_lines
from training.evaluate.measures import Measure
from training.evaluate.metrics import Reals
from training.evaluate.pair_figures import Flags
from training.evaluate.repeated_folds import corrected_interval, corrected_p
from training.evaluate.split import Numbers

PROTOCOL = "gene properties"
MAJORITY = "majority"
METRICS = ("accuracy", "weighted F1", "AUROC")
GENE, TEXT = "Gene name", "Summary"
# The column with the class by name; 'Label' has a number for it, whose meaning differs from file to file.
CLASSES = ("StrLabel", "Solubility", "Label")
# Inverse strengths of regularization, weakest last, for rows of unit norm.
STRENGTHS = (0.1, 1.0, 10.0, 100.0)
ITERATIONS = 2000
Features: TypeAlias = NDArray[np.float32] | csr_array


def read_gene_labels(path: Path) -> LabeledGenes:
    """The task in a comma-separated file with a column for gene, summary and class, in any order.

    Raises:
        NotThere: no file at `path`.
        BadTable: columns are missing, or there is only one class.
    """
    if not path.is_file():
        raise NotThere(f"{path} is not there; it should hold genes with a property, comma-separated")
    header = next(csv.reader(read_lines(path).head(1)["text"]), [])
    column = next((name for name in CLASSES if name in header), CLASSES[0])
    malformed = SetAside(path.name)
    read = read_quoted_rows(path, columns=(GENE, TEXT, column), table="", set_aside=malformed)
    rows = read.filter((pl.col(GENE) != "") & (pl.col(column) != ""))
    names = sorted(set(rows[column]))
    if len(names) < 2:
        raise BadTable(f"{path} has {len(names)} classes in the column '{column}'; telling them apart needs two")
    number = {name: place for place, name in enumerate(names)}
    classes = np.array([number[name] for name in rows[column]], dtype=np.int64)
    n_malformed = int(malformed.frame()["n"].sum()) + read.height - rows.height
    return LabeledGenes(path.name.partition(".")[0], rows[GENE].to_list(), rows[TEXT].to_list(), classes, names, n_malformed)


def measure_gene_properties(
    labels: LabeledGenes, features: Mapping[str, Features], *, folds: int, repetitions: int, seed: int, groups: Mapping[str, Flags] | None = None
) -> list[Measure]:
    """Accuracy, weighted F1 and AUROC (mean over classes, each against the rest) of each method, and of the majority.

    Of all rows, then of each group that has rows of two classes in every fold; all are trained on all training rows.

    The figures are means over folds and repetitions, with the corrected interval of `repeated_folds`; p-values are against the majority
    on the same folds. All methods have the same folds.

    Args:
        features: by the name of the method, (n, dims) with a row for each row of the labels, unit norm or zero where nothing is known.
        folds: of each repetition, every gene being in the test part of one.
        repetitions: each with other folds.
        groups: (n,) membership of the rows in each group, by its name.

    Raises:
        BadTable: fewer than two classes have a gene for each fold.
    """
    plan = list(plan_folds(labels, folds=folds, repetitions=repetitions, seed=seed))
    told = {MAJORITY: [_shares(labels, fold) for fold in plan]}
    # Products as small as these take several times as long in several threads, which wait for each other.
    with threadpool_limits(1):
        told |= {method: [_predict(matrix, labels, fold) for fold in plan] for method, matrix in features.items()}
    note, measures = _note(labels, folds=folds, repetitions=repetitions), []
    for about, inside in {labels.task: np.ones(len(labels.genes), dtype=np.bool_), **_large_groups(labels, plan, groups or {})}.items():
        by_method = {method: np.array([_figures(shares, labels, fold, inside) for shares, fold in zip(every, plan, strict=True)]) for method, every in told.items()}
        measures += [
            Measure(
                PROTOCOL, about, method, metric, int(inside.sum()), corrected_interval(figures[:, column], folds=folds),
                None if method == MAJORITY else corrected_p(figures[:, column], by_method[MAJORITY][:, column], folds=folds), note,
            )
            for method, figures in by_method.items() for column, metric in enumerate(METRICS)
        ]
    return measures


def _large_groups(labels: LabeledGenes, plan: Sequence[Fold], groups: Mapping[str, Flags]) -> dict[str, Flags]:
    """The groups, by what a figure of them is about, whose rows are of two classes at least in the test part of every fold."""
    enough = {name: inside for name, inside in groups.items() if all(len(set(labels.classes[fold.test][inside[fold.test]].tolist())) > 1 for fold in plan)}
    return {f"{labels.task}, {name}": inside for name, inside in enough.items()}


def text_terms(texts: Sequence[str]) -> csr_array:
    """TF-IDF of the words that two texts have, unit norm; the weights are those of all texts, which needs no label."""
    return csr_array(TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32).fit_transform(texts))


def gene_rows(genes: Sequence[str], vectors: NDArray[np.float32], resolve: Callable[[str], int | None]) -> NDArray[np.float32]:
    """(n, dims) vector of each gene, zeros where `resolve` knows no row for its symbol."""
    rows = {gene: resolve(gene) for gene in set(genes)}
    found = np.zeros((len(genes), vectors.shape[1]), dtype=np.float32)
    for place, gene in enumerate(genes):
        if (row := rows[gene]) is not None:
            found[place] = vectors[row]
    return found


def _predict(matrix: Features, labels: LabeledGenes, fold: Fold) -> Reals:
    """(test rows, classes) shares; 0 for a class that the training rows do not have."""
    train, classes = matrix[fold.train], labels.classes[fold.train]
    model = _fit(train, classes, strength=_choose_strength(train, classes, fold.inner))
    shares = np.zeros((len(fold.test), len(labels.names)))
    shares[:, model.classes_] = model.predict_proba(matrix[fold.test])
    return shares


def _choose_strength(matrix: Features, classes: Numbers, inner: Sequence[tuple[Numbers, Numbers]]) -> float:
    """The strength with the least log loss on the inner folds; weaker ones are tried as long as they gain."""
    best, chosen = np.inf, STRENGTHS[0]
    for strength in STRENGTHS:
        loss = float(np.mean([_inner_loss(matrix, classes, train, test, strength=strength) for train, test in inner]))
        if loss >= best:
            break
        best, chosen = loss, strength
    return chosen


def _inner_loss(matrix: Features, classes: Numbers, train: Numbers, test: Numbers, *, strength: float) -> float:
    model = _fit(matrix[train], classes[train], strength=strength)
    # A class that the inner training rows lack has no share that could be judged.
    known = test[np.isin(classes[test], model.classes_)]
    return float(log_loss(classes[known], model.predict_proba(matrix[known]), labels=model.classes_))


def _fit(matrix: Features, classes: Numbers, *, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=ITERATIONS).fit(matrix, classes)


def _shares(labels: LabeledGenes, fold: Fold) -> Reals:
    """(test rows, classes) the share of each class among the training rows, the same for all."""
    shares = np.bincount(labels.classes[fold.train], minlength=len(labels.names)) / len(fold.train)
    return np.repeat(shares[None, :], len(fold.test), axis=0)


def _figures(shares: Reals, labels: LabeledGenes, fold: Fold, inside: Flags) -> tuple[float, float, float]:
    """Of METRICS, in their order, of the test rows that are in the group."""
    shares = shares[inside[fold.test]]
    true, predicted = labels.classes[fold.test][inside[fold.test]], shares.argmax(axis=1)
    areas = [roc_auc_score(true == name, shares[:, name]) for name in range(len(labels.names)) if 0 < (true == name).sum() < len(true)]
    f1 = f1_score(true, predicted, average="weighted", zero_division=0)
    return float(accuracy_score(true, predicted)), float(f1), float(np.mean(areas)) if areas else 0.5


def _note(labels: LabeledGenes, *, folds: int, repetitions: int) -> str:
    note = f"{len(labels.names)} classes; mean and corrected interval over {folds} folds x {repetitions} repetitions; p against the majority"
    counts = pl.DataFrame({"gene": labels.genes, "class": labels.classes}).group_by("gene", "class").len()
    ceiling = counts.group_by("gene").agg(pl.col("len").max())["len"].sum() / len(labels.genes)
    note += f"; genes of several classes let nobody beat an accuracy of {ceiling:.3f}" if ceiling < 1 else ""
    return f"{note}; {labels.n_malformed:,} rows cannot be read" if labels.n_malformed else note
