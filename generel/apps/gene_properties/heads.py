"""Heads over one block of features: which kind and how strongly regularized is chosen on the inner folds, by log loss.

Nothing that is chosen sees the rows that are judged. An SVM's time grows with the square of the rows and boosting's with rows times
columns, so these two are tried on small tasks only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from generel.apps.gene_properties.labels import Numbers

Reals = NDArray[np.float64]
Features: TypeAlias = NDArray[np.float32] | csr_array
LOGISTIC, SVM, BOOSTING = "logistic regression", "SVM", "gradient boosting"
ITERATIONS = 2000
# What of a block's directions boosting sees: trees on all would learn noise, and take minutes.
DIRECTIONS = 30
LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class Head:
    """A kind of classifier.

    Attributes:
        make: an unfitted one of a strength; a larger strength regularizes less.
        strengths: to be tried, ascending; the next one only while it gains.
        most_rows: it is not tried on more.
    """

    make: Callable[[float], Any]
    strengths: tuple[float, ...]
    most_rows: int


def _logistic(strength: float) -> Any:
    return LogisticRegression(C=strength, max_iter=ITERATIONS)


def _svm(strength: float) -> Any:
    return CalibratedClassifierCV(SVC(C=strength), ensemble=False, cv=3)


def _boosting(strength: float) -> Any:
    trees = HistGradientBoostingClassifier(max_iter=int(strength), learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=10, random_state=0)
    return make_pipeline(TruncatedSVD(DIRECTIONS, random_state=0), trees)


HEADS: Mapping[str, Head] = {
    LOGISTIC: Head(_logistic, (0.1, 1.0, 10.0, 100.0), 1_000_000),
    SVM: Head(_svm, (1.0, 10.0), 600),
    BOOSTING: Head(_boosting, (30.0, 90.0), 600),
}


@dataclass(frozen=True)
class Chosen:
    """A head, chosen on inner folds.

    Attributes:
        head: its kind, of HEADS.
        strength: of HEADS[head].strengths.
        loss: its log loss on the inner folds.
        shares: (rows, classes) what it says of each row in the inner fold in which it was left out.
    """

    head: str
    strength: float
    loss: float
    shares: Reals


def choose_head(features: Features, classes: Numbers, inner: Sequence[tuple[Numbers, Numbers]], *, n_classes: int, heads: Sequence[str]) -> Chosen:
    """The head and strength with the least log loss over the inner folds; the first on a tie."""
    tried = [_strengthen(HEADS[name], name, features, classes, inner, n_classes=n_classes) for name in heads if len(classes) <= HEADS[name].most_rows]
    return min(tried, key=lambda each: each.loss)


def fit_head(chosen: Chosen, features: Features, classes: Numbers) -> Any:
    """The chosen head, fitted to all rows."""
    return HEADS[chosen.head].make(chosen.strength).fit(features, classes)


def predict_shares(fitted: Any, features: Features, *, n_classes: int) -> Reals:
    """(rows, classes) adding up to 1, none below LEAST_SHARE times what it is divided by; a class that the head never saw has next to nothing."""
    shares = np.zeros((features.shape[0], n_classes))
    shares[:, fitted.classes_] = fitted.predict_proba(features)
    shares = np.maximum(shares, LEAST_SHARE)
    return shares / shares.sum(axis=1, keepdims=True)


def log_loss(shares: Reals, classes: Numbers) -> float:
    """Mean negative logarithm of the share of the true class."""
    return float(-np.log(shares[np.arange(len(classes)), classes]).mean())


def _strengthen(head: Head, name: str, features: Features, classes: Numbers, inner: Sequence[tuple[Numbers, Numbers]], *, n_classes: int) -> Chosen:
    best: Chosen | None = None
    for strength in head.strengths:
        shares = np.full((len(classes), n_classes), 1 / n_classes)
        for train, test in inner:
            if len(np.unique(classes[train])) > 1:
                shares[test] = predict_shares(head.make(strength).fit(features[train], classes[train]), features[test], n_classes=n_classes)
        loss = log_loss(shares, classes)
        if best is not None and loss >= best.loss:
            break
        best = Chosen(name, strength, loss, shares)
    assert best is not None
    return best
