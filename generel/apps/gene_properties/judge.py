"""How well a property can be told: nested cross-validation of every view by itself, of all together, and of what knows nothing.

Figures are means over folds and repetitions with the corrected interval of `intervals`; all methods are judged on the same folds. Genes that are well
and less studied are also judged apart, for text and knowledge graphs flatter the former.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from threadpoolctl import threadpool_limits

from generel.apps.gene_properties.classifier import fit_classifier
from generel.apps.gene_properties.folds import Fold, plan_folds
from generel.apps.gene_properties.heads import HEADS, Reals
from generel.apps.gene_properties.intervals import corrected_reach
from generel.apps.gene_properties.labels import LabeledGenes, Numbers
from generel.apps.gene_properties.views import TEXT, WORDS, Views
from generel.concepts.progress import SILENT, Progress

MAJORITY, GATED = "majority", "all views, gated"
# What the floors are called that others have too.
TITLES = {WORDS: "TF-IDF", TEXT: "raw encoder"}
ACCURACY, F1, AUROC, WELL, LESS = "accuracy", "weighted F1", "AUROC", "accuracy, well studied", "accuracy, less studied"
METRICS = (ACCURACY, F1, AUROC, WELL, LESS)


@dataclass(frozen=True)
class PropertyScore:
    """One figure.

    Attributes:
        method: a view, TITLES for some; GATED or MAJORITY.
        n: rows judged.
        value, low, high: mean over folds and repetitions, and its corrected 95 % interval within 0 and 1.
    """

    task: str
    method: str
    metric: str
    n: int
    value: float
    low: float
    high: float


def judge_property(
    labels: LabeledGenes, views: Views, *, folds: int, repetitions: int, seed: int, heads: Sequence[str] = tuple(HEADS), progress: Progress = SILENT
) -> list[PropertyScore]:
    """The figures of every method, METRICS each.

    Raises:
        BadTable: fewer than two classes have a gene for each fold.
    """
    plan = list(plan_folds(labels, folds=folds, repetitions=repetitions, seed=seed))
    well = views.study > np.median(views.study)
    figures: dict[str, list[tuple[float, ...]]] = {}
    # Products as small as these take several times as long in several threads, which wait for each other.
    with threadpool_limits(1), progress.task(f"Judge {labels.task}", total=len(plan)) as advance:
        for fold in plan:
            for method, shares in _answers(labels, views, fold, heads=heads).items():
                figures.setdefault(method, []).append(measure(shares, labels.classes[fold.test], well[fold.test]))
            advance(1)
    return [
        _score(labels, method, metric, np.array(rows)[:, place], folds=folds) for method, rows in figures.items() for place, metric in enumerate(METRICS)
    ]


def measure(shares: Reals, classes: Numbers, well: np.ndarray) -> tuple[float, ...]:
    """Of METRICS, in their order; NaN for a half without rows. AUROC is the mean over classes, each against the rest, 0.5 where there is one class only."""
    predicted = shares.argmax(axis=1)
    areas = [roc_auc_score(classes == name, shares[:, name]) for name in range(shares.shape[1]) if 0 < (classes == name).sum() < len(classes)]
    halves = [float((predicted == classes)[half].mean()) if half.any() else float("nan") for half in (well, ~well)]
    f1 = float(f1_score(classes, predicted, average="weighted", zero_division=0))
    return float(accuracy_score(classes, predicted)), f1, float(np.mean(areas)) if areas else 0.5, *halves


def _answers(labels: LabeledGenes, views: Views, fold: Fold, *, heads: Sequence[str]) -> dict[str, Reals]:
    """(test rows, classes) shares by method."""
    classes, n_classes = labels.classes[fold.train], len(labels.names)
    fitted = fit_classifier(views, fold.train, classes, fold.inner, n_classes=n_classes, heads=heads)
    majority = np.repeat((np.bincount(classes, minlength=n_classes) / len(classes))[None, :], len(fold.test), axis=0)
    by_view = dict(zip(fitted.heads, fitted.by_view(views, fold.test), strict=True))
    answers = {MAJORITY: majority} | {TITLES.get(view, view): shares for view, shares in by_view.items()}
    return answers | ({GATED: fitted.predict(views, fold.test)} if len(by_view) > 1 else {})


def _score(labels: LabeledGenes, method: str, metric: str, figures: Reals, *, folds: int) -> PropertyScore:
    told = figures[np.isfinite(figures)]
    value, reach = (float(told.mean()), corrected_reach(told, folds=folds)) if len(told) > 1 else (float("nan"), 0.0)
    return PropertyScore(labels.task, method, metric, len(labels.genes), value, max(0.0, value - reach), min(1.0, value + reach))
