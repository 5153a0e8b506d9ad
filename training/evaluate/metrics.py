"""Figures from ranks: MRR, recall@10, AUROC and average precision, these twice, each with an interval over queries.

Ties are ranked realistically: an answer tied with e negatives has the mean of its best and its worst rank, e / 2 below the best.
A method that gives every candidate the same score is therefore at chance, never at the top.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
CUTOFF = 10
LEVEL = 95
# Cells of the resampling matrix held at once: 64 MB.
CELLS = 8_000_000


class Ranks(NamedTuple):
    """What each question came to, (q,) each.

    Attributes:
        above, tied, negatives: negatives scored above the answer, tied with it, and all.
        fair: share of the negatives that are as popular as the answer which lie below it, ties counting half; .5 where there is none.
        fair_above: how many of the negatives that are as popular as any answer of who asks lie above this one, ties counting half.
        asking: number of who asks; the answers of one that asks several times are one ranking.
    """

    above: NDArray[np.int64]
    tied: NDArray[np.int64]
    negatives: NDArray[np.int64]
    fair: Reals
    fair_above: Reals
    asking: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "Ranks":
        """The questions chosen, (q,) bool."""
        return Ranks._make(column[chosen] for column in self)


class Interval(NamedTuple):
    """A mean over queries and the ends of its bootstrap interval."""

    value: float
    low: float
    high: float


class Figures(NamedTuple):
    """The figures of one method on one set of questions."""

    mrr: Interval
    recall_at_10: Interval
    auroc: Interval
    fair_auroc: Interval
    average_precision: Interval
    fair_average_precision: Interval


def realistic_ranks(ranks: Ranks) -> Reals:
    """The rank of each answer, 1 being the best: 1 + above + tied / 2."""
    return 1.0 + ranks.above + ranks.tied / 2


def auroc(ranks: Ranks) -> Reals:
    """Each query's share of negatives below the answer, ties counting half; .5 where there is no negative to tell apart."""
    negatives = np.maximum(ranks.negatives, 1)
    shares: Reals = 1.0 - (ranks.above + ranks.tied / 2) / negatives
    return np.where(ranks.negatives > 0, shares, 0.5)


def average_precision(ranks: Ranks) -> Reals:
    """The precision at each answer among all negatives, see `precision_at`; ties count half, as in the ranks."""
    return precision_at(ranks.above + ranks.tied / 2, ranks.asking)


def fair_average_precision(ranks: Ranks) -> Reals:
    """The same among the negatives that are as popular as the answers of who asks: each answer brings as many, so that their share is the same for all."""
    return precision_at(ranks.fair_above, ranks.asking)


def precision_at(negatives_above: Reals, asking: NDArray[np.int64]) -> Reals:
    """(q,) the i-th best answer of who asks, below n negatives, has a precision of i / (i + n); their mean is the average precision."""
    order = np.lexsort((negatives_above, asking))
    first = np.flatnonzero(np.diff(asking[order], prepend=-1))
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order)))) + 1
    precision = np.empty(len(order))
    precision[order] = place / (place + negatives_above[order])
    return precision


def per_query(ranks: Ranks) -> Reals:
    """(q, 6) in the order of `Figures`: reciprocal rank, whether the rank is at most 10, AUROC, the same among equally popular negatives, precision twice."""
    rank = realistic_ranks(ranks)
    columns = (1.0 / rank, (rank <= CUTOFF).astype(np.float64), auroc(ranks), ranks.fair, average_precision(ranks), fair_average_precision(ranks))
    return np.stack(columns, axis=1)


def summarize(values: Reals, *, resamples: int, seed: int) -> Figures:
    """Means of the columns of `per_query`, each with its 95 % percentile bootstrap interval.

    The same number of queries and the same seed draw the same resamples, so that methods asked the same questions are compared on
    the same resampled queries.
    """
    means = bootstrap_means(values, resamples=resamples, seed=seed)
    low, high = np.percentile(means, [(100 - LEVEL) / 2, (100 + LEVEL) / 2], axis=0)
    value = values.mean(axis=0)
    return Figures(*(Interval(float(value[i]), float(low[i]), float(high[i])) for i in range(values.shape[1])))


def bootstrap_means(values: Reals, *, resamples: int, seed: int) -> Reals:
    """(resamples, columns): column means of as many rows as there are, drawn with replacement."""
    n = len(values)
    rng = np.random.default_rng(seed)
    at_once = max(1, CELLS // n)
    means = []
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        means.append(times @ values / n)
    return np.concatenate(means)


def pool(ranks: list[Ranks]) -> Ranks:
    """All queries one after the other; who asks in one is nobody of another."""
    offsets = np.cumsum([0, *(int(each.asking.max(initial=-1)) + 1 for each in ranks)])
    apart = [each._replace(asking=each.asking + offset) for each, offset in zip(ranks, offsets, strict=False)]
    return Ranks(*(np.concatenate(column) for column in zip(*apart, strict=True)))
