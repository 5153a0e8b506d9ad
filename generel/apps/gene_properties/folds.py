"""Folds of genes for cross-validation, nested: a gene that a file has twice is never on both sides of a fold.

Figures elsewhere that let it be are higher.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedKFold

from generel.apps.gene_properties.labels import LabeledGenes, Numbers
from generel.concepts.errors import BadTable

INNER_FOLDS = 3


class Fold(NamedTuple):
    """Rows to train on, rows to ask about, and the inner folds (places in `train`) in which everything is chosen."""

    train: Numbers
    test: Numbers
    inner: list[tuple[Numbers, Numbers]]


def plan_folds(labels: LabeledGenes, *, folds: int, repetitions: int, seed: int) -> Iterator[Fold]:
    """Folds of genes, repetition by repetition, each with about the same share of every class.

    Raises:
        BadTable: fewer than two classes have a gene for each fold.
    """
    genes = labels.gene_numbers
    refuse_rare(labels, folds=folds)
    for repetition in range(repetitions):
        for train, test in split_genes(genes, labels.classes, folds=folds, seed=seed + repetition):
            yield Fold(train, test, split_genes(genes[train], labels.classes[train], folds=INNER_FOLDS, seed=seed + repetition))


def split_genes(genes: Numbers, classes: Numbers, *, folds: int, seed: int) -> list[tuple[Numbers, Numbers]]:
    """(train, test) rows of each fold; a gene's rows stay together, and its commonest class says which fold needs it.

    Genes of a class that has fewer than there are folds go wherever genes of the largest class do.
    """
    own, commonest = commonest_classes(genes, classes)
    sizes = np.bincount(commonest)
    strata = np.where(sizes[commonest] < folds, sizes.argmax(), commonest)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    parts = [np.isin(own, test) for _, test in splitter.split(strata, strata)]
    return [(np.flatnonzero(~test), np.flatnonzero(test)) for test in parts]


def commonest_classes(genes: Numbers, classes: Numbers) -> tuple[Numbers, Numbers]:
    """Which distinct gene each row is of, and the commonest class of each distinct gene, the first on a tie."""
    distinct, own = np.unique(genes, return_inverse=True)
    counts = np.zeros((len(distinct), int(classes.max()) + 1), dtype=np.int64)
    np.add.at(counts, (own, classes), 1)
    return own, counts.argmax(axis=1)


def refuse_rare(labels: LabeledGenes, *, folds: int) -> None:
    """Nothing, if two classes have a gene for each fold.

    Raises:
        BadTable: with the number of genes of each class.
    """
    sizes = np.bincount(commonest_classes(labels.gene_numbers, labels.classes)[1], minlength=len(labels.names)).tolist()
    if sum(size >= folds for size in sizes) < 2:
        found = ", ".join(f"{size:,} of {name}" for name, size in zip(labels.names, sizes, strict=True))
        raise BadTable(f"'{labels.task}' has too few genes for {folds} folds ({found}); two classes need {folds} each")
