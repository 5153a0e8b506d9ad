"""Means and intervals of figures that repeated cross-validation gives, one a fold and repetition.

The folds share most of their training rows and the repetitions share all rows, so the figures are far from independent: their plain standard
error is several times too small. Here the variance is corrected as in Nadeau & Bengio, Machine Learning 2003, for repeated folds by
Bouckaert & Frank, PAKDD 2004: (1 / J + test / training) times the variance of the J figures, with Student's t of J - 1.
"""

from scipy import stats

from generel.apps.gene_properties.intervals import corrected_error, corrected_reach
from training.evaluate.metrics import Interval, Reals


def corrected_interval(figures: Reals, *, folds: int) -> Interval:
    """The mean of the (J,) figures, all between 0 and 1, with its corrected 95 % interval, cut off at 0 and 1."""
    value = float(figures.mean())
    reach = corrected_reach(figures, folds=folds)
    return Interval(value, max(0.0, value - reach), min(1.0, value + reach))


def corrected_p(figures: Reals, floor: Reals, *, folds: int) -> float:
    """Two-sided p of the mean difference of two methods' figures on the same folds; 1 where they never differ."""
    differences = figures - floor
    error = corrected_error(differences, folds=folds)
    if error == 0:
        return 0.0 if differences.any() else 1.0
    return float(2 * stats.t.sf(abs(differences.mean()) / error, len(figures) - 1))
