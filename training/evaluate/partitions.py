"""How far clusters and labels of the same cells agree: the adjusted Rand index and normalized mutual information, from contingency tables.

Tables are counts (m, labels, clusters), one for each of m resamples, so that an interval over cells does not need the cells again.
"""

import numpy as np

from training.evaluate.metrics import Reals
from training.evaluate.split import Numbers


def pair_up(labels: Numbers, clusters: Numbers) -> Reals:
    """(n, labels * clusters) 1 in each item's cell of the table; `times @ pair_up(…)` are the tables of resamples, flat."""
    n_clusters = int(clusters.max()) + 1
    ones = np.zeros((len(labels), (int(labels.max()) + 1) * n_clusters))
    ones[np.arange(len(labels)), labels * n_clusters + clusters] = 1
    return ones


def adjusted_rand(tables: Reals) -> Reals:
    """(m,) 1 where the partitions are the same, about 0 for independent ones; 1 where both say nothing.

    Source: Hubert & Arabie, Journal of Classification 1985.
    """
    both = _pairs(tables).sum(axis=(1, 2))
    left, right = _pairs(tables.sum(axis=2)).sum(axis=1), _pairs(tables.sum(axis=1)).sum(axis=1)
    expected = left * right / _pairs(tables.sum(axis=(1, 2)))
    most = (left + right) / 2
    told = most > expected
    return np.where(told, (both - expected) / np.where(told, most - expected, 1.0), 1.0)


def normalized_mutual_information(tables: Reals) -> Reals:
    """(m,) mutual information over the mean of the two entropies: 1 for the same partition, 0 for independent ones; 1 where both say nothing."""
    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    left, right, both = (_entropy(each) for each in (shares.sum(axis=2), shares.sum(axis=1), shares.reshape(len(shares), -1)))
    told = left + right > 0
    return np.where(told, np.maximum(0.0, left + right - both) / np.where(told, (left + right) / 2, 1.0), 1.0)


def _pairs(counts: Reals) -> Reals:
    chosen: Reals = counts * (counts - 1) / 2
    return chosen


def _entropy(shares: Reals) -> Reals:
    """(m,) in nats, of (m, parts)."""
    entropy: Reals = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1)
    return entropy
