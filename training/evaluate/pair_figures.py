"""Figures of scored pairs: rank and linear correlation with a number, AUROC and average precision with a label.

Each takes `times` (m, n), how often each pair stands in each of m resamples, and gives (m,) figures; `np.ones((1, n))` is the pairs as
they are. Whoever gives all pairs the same score says nothing and has what chance has: a correlation of 0, an AUROC of .5.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.evaluate.metrics import Reals

Flags = NDArray[np.bool_]
# A group with fewer true or false pairs gives an interval that says nothing.
LEAST_OF_EACH = 25
# What is left of the variance of a constant by rounding, as a share of its square.
NOTHING = 1e-24


def spearman(left: Reals, right: Reals, times: Reals) -> Reals:
    """Correlation of the ranks, ties at their mean rank."""
    return pearson(mean_ranks(left, times), mean_ranks(right, times), times)


def pearson(left: Reals, right: Reals, times: Reals) -> Reals:
    """Linear correlation of (n,), or of (m, n) with a line for each resample; 0 where one side is constant."""
    n = np.maximum(times.sum(axis=1, keepdims=True), 1.0)
    means = [(times * side).sum(axis=1, keepdims=True) / n for side in (left, right)]
    centered = [side - mean for side, mean in zip((left, right), means, strict=True)]
    variances = [(times * side * side).sum(axis=1) / n[:, 0] for side in centered]
    varied = np.logical_and.reduce([variance > NOTHING * mean[:, 0] ** 2 for variance, mean in zip(variances, means, strict=True)])
    covariance = (times * centered[0] * centered[1]).sum(axis=1) / n[:, 0]
    spread = np.sqrt(variances[0] * variances[1])
    return np.where(varied, covariance / np.where(varied, spread, 1.0), 0.0)


def auroc(scores: Reals, labels: Flags, times: Reals) -> Reals:
    """Share of (true, false) pairs of which the true one has the higher score, ties counting half; .5 where one side is missing."""
    positives = (times * labels).sum(axis=1)
    negatives = times.sum(axis=1) - positives
    above = (times * labels * mean_ranks(scores, times)).sum(axis=1) - positives * (positives + 1) / 2
    told = (positives > 0) & (negatives > 0)
    return np.where(told, above / np.where(told, positives * negatives, 1.0), 0.5)


def average_precision(scores: Reals, labels: Flags, times: Reals) -> Reals:
    """Precision at each score, weighted by the share of the true pairs that have it, tied pairs taken together; 0 without a true one."""
    order, starts, _ = _tied(-scores)
    drawn = times[:, order]
    found = np.add.reduceat(drawn * labels[order], starts, axis=1)
    taken, correct = np.add.reduceat(drawn, starts, axis=1).cumsum(axis=1), found.cumsum(axis=1)
    precision = correct / np.maximum(taken, 1.0)
    return (precision * found).sum(axis=1) / np.maximum(correct[:, -1], 1.0)


def mean(values: Reals, times: Reals) -> Reals:
    """Mean of (n,) values, as of 1 and 0 for right and wrong."""
    return times @ values / np.maximum(times.sum(axis=1), 1.0)


def mean_ranks(values: Reals, times: Reals) -> Reals:
    """(m, n) rank of each value among the drawn ones, the lowest being 1, equal ones at the mean of their ranks."""
    order, starts, group = _tied(values)
    drawn = np.add.reduceat(times[:, order], starts, axis=1)
    ranks: Reals = drawn.cumsum(axis=1) - (drawn - 1) / 2
    return ranks[:, group]


def level(scores: NDArray[np.floating], *, resolution: float) -> Reals:
    """The scores with those equal that rounding alone can have set apart: neighbors no farther than the resolution."""
    order = np.argsort(scores, kind="stable")
    ascending = scores[order].astype(np.float64)
    first = np.diff(ascending, prepend=-np.inf) > resolution
    leveled = np.empty(len(scores))
    leveled[order] = ascending[first][np.cumsum(first) - 1]
    return leveled


def with_whole(about: str, labels: Flags, groups: Mapping[str, Flags]) -> dict[str, Flags]:
    """(n,) which pairs to take a figure of, by what it is about: all of them, then each group that has enough true and enough false ones."""
    enough = {name: inside for name, inside in groups.items() if min((labels & inside).sum(), (~labels & inside).sum()) >= LEAST_OF_EACH}
    return {about: np.ones(len(labels), dtype=np.bool_), **{f"{about}, {name}": inside for name, inside in enough.items()}}


def _tied(values: Reals) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ascending order, where each group of equal values begins in it, and the group of each value."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return np.argsort(group, kind="stable"), np.concatenate(([0], np.cumsum(sizes)[:-1])), group
