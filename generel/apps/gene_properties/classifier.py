"""A property of genes, told from several views of them: one head a view, and a gate over their answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from generel.apps.gene_properties.folds import INNER_FOLDS, split_genes
from generel.apps.gene_properties.gate import Gate, learn_gate
from generel.apps.gene_properties.heads import HEADS, Chosen, Reals, choose_head, fit_head, predict_shares
from generel.apps.gene_properties.labels import Numbers
from generel.apps.gene_properties.views import Views


@dataclass(frozen=True)
class FittedHead:
    """A head of one view: which kind, how strong, its log loss on inner folds, and the estimator itself."""

    head: str
    strength: float
    loss: float
    estimator: Any


@dataclass(frozen=True)
class PropertyClassifier:
    """Heads by view, and the gate over them in the same order."""

    heads: Mapping[str, FittedHead]
    gate: Gate
    n_classes: int

    def predict(self, views: Views, rows: Numbers) -> Reals:
        """(len(rows), classes) shares of the classes for rows of the views."""
        return self.gate.mix(self.by_view(views, rows), *_context(views, list(self.heads), rows))

    def by_view(self, views: Views, rows: Numbers) -> Reals:
        """(views, len(rows), classes) what each view says by itself."""
        return np.array([predict_shares(fitted.estimator, views.blocks[view][rows], n_classes=self.n_classes) for view, fitted in self.heads.items()])


def fit_classifier(
    views: Views, rows: Numbers, classes: Numbers, inner: Sequence[tuple[Numbers, Numbers]], *, n_classes: int, heads: Sequence[str] = tuple(HEADS)
) -> PropertyClassifier:
    """Fitted to `rows` of the views: heads, strengths and gate are chosen on the inner folds, then every head is fitted to all rows.

    Args:
        classes: (len(rows),)
        inner: (train, test) places in `rows`.
        heads: kinds to choose from.
    """
    chosen: dict[str, Chosen] = {
        view: choose_head(block[rows], classes, inner, n_classes=n_classes, heads=heads) for view, block in views.blocks.items()
    }
    left_out = np.array([each.shares for each in chosen.values()])
    gate = learn_gate(left_out, *_context(views, list(chosen), rows), classes)
    fitted = {view: FittedHead(each.head, each.strength, each.loss, fit_head(each, views.blocks[view][rows], classes)) for view, each in chosen.items()}
    return PropertyClassifier(fitted, gate, n_classes)


def fit_to_all(views: Views, genes: Numbers, classes: Numbers, *, n_classes: int, heads: Sequence[str] = tuple(HEADS), seed: int) -> PropertyClassifier:
    """Fitted to every gene, the choices made on folds of them; `genes` (n,) says which rows are of one gene."""
    inner = split_genes(genes, classes, folds=INNER_FOLDS, seed=seed)
    return fit_classifier(views, np.arange(len(classes)), classes, inner, n_classes=n_classes, heads=heads)


def _context(views: Views, names: Sequence[str], rows: Numbers) -> tuple[np.ndarray, Reals]:
    """Which views know which row, and how well studied each row's gene is."""
    return np.array([views.known(name)[rows] for name in names]), np.tanh(views.study[rows])
