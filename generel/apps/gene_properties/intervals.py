"""The error of a mean over repeated cross-validation, whose folds share most of their rows.

Their plain standard error is several times too small. Here the variance is corrected as in Nadeau & Bengio, Machine Learning 2003, for repeated
folds by Bouckaert & Frank, PAKDD 2004: (1 / J + test / training) times the variance of the J figures, with Student's t of J - 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Reals = NDArray[np.float64]
LEVEL = 95


def corrected_error(figures: Reals, *, folds: int) -> float:
    """The standard error of the mean: sqrt((1 / J + 1 / (folds - 1)) * variance)."""
    return float(np.sqrt((1 / len(figures) + 1 / (folds - 1)) * figures.var(ddof=1)))


def corrected_reach(figures: Reals, *, folds: int) -> float:
    """Half of the corrected LEVEL % interval of the mean of the (J,) figures."""
    return float(stats.t.ppf((100 + LEVEL) / 200, len(figures) - 1)) * corrected_error(figures, folds=folds)
