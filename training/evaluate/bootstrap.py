"""Intervals by resampling of figures that are no mean over queries: correlations, areas under curves, shares by group.

A resample is told as how often each row is drawn, so that a figure is counted anew without sorting anew. The same number of rows and
the same seed draw the same resamples: methods asked the same are compared on the same draws.
"""

from collections.abc import Callable, Iterator
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from training.evaluate.metrics import LEVEL, Interval, Reals, bootstrap_means

Groups = NDArray[np.int64]
# Figures of (m, n) `times`, how often each of n rows stands in each of m resamples: (m,).
Figure = Callable[[Reals], Reals]
# Cells of `times` held at once: 8 MB, and some ten temporaries of the size.
CELLS = 1_000_000


def bootstrap(figure: Figure, n: int, *, resamples: int, seed: int, groups: Groups | None = None) -> Interval:
    """The figure of the n rows with its 95 % percentile interval.

    Args:
        groups: as in `draw_times`.
    """
    drawn = [figure(times) for times in draw_times(n, resamples=resamples, seed=seed, groups=groups)]
    return percentiles(float(figure(np.ones((1, n)))[0]), np.concatenate(drawn))


def mean_interval(values: Reals, *, resamples: int, seed: int) -> Interval:
    """The mean of the (n,) values with its 95 % percentile interval."""
    return percentiles(float(values.mean()), bootstrap_means(values[:, None], resamples=resamples, seed=seed)[:, 0])


def percentiles(value: float, resampled: Reals) -> Interval:
    """The value between the 2.5th and the 97.5th percentile of what the resamples gave."""
    low, high = np.percentile(resampled, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def draw_times(n: int, *, resamples: int, seed: int, groups: Groups | None = None) -> Iterator[Reals]:
    """Blocks (m, n) of how often each row is drawn, `resamples` lines in all.

    Args:
        groups: (n, k) numbers of the things each row is about, such as the two genes of a pair. Things are drawn, and a row as often as the
            product of its own says: rows about one thing come and go together, so that intervals are not too narrow (Owen, Annals of
            Applied Statistics 2007: rather too wide). None where each row is drawn for itself.
    """
    members = np.arange(n)[:, None] if groups is None else np.unique(groups, return_inverse=True)[1].reshape(groups.shape)
    n_things = int(members.max()) + 1
    rng = np.random.default_rng(seed)
    at_once = max(1, CELLS // max(n, n_things))
    for start in range(0, resamples, at_once):
        size = min(at_once, resamples - start)
        places = rng.integers(0, n_things, (size, n_things)) + n_things * np.arange(size)[:, None]
        times = np.bincount(places.ravel(), minlength=size * n_things).reshape(size, n_things).astype(np.float64)
        yield reduce(np.multiply, (times[:, thing] for thing in members.T))
