"""Negatives that are as popular as the answer, so that popularity alone is at chance.

Among all candidates of a kind a method can look good by knowing which ones are answers often. Here each answer stands among the
candidates whose number of training ties is nearest to its own.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Numbers = NDArray[np.int64]
# So many negatives tell an AUROC of .9 from .95, and cost little beside the whole ranking.
AT_MOST = 50


def as_popular_negatives(answers: Numbers, hidden: csr_array, degrees: Numbers | None, *, at_most: int = AT_MOST, seed: int = 0) -> Numbers:
    """(q, at_most) places among the candidates; -1 fills up where there are fewer negatives.

    Taken are those nearest in the order of degrees, half of them from each side of the answer; equal degrees are in random order.

    Args:
        answers: (q,) place of each answer among the candidates.
        hidden: (q, c) stored cells are neither answer nor negative.
        degrees: (c,) number of training ties; None where all candidates are alike.
    """
    rng = np.random.default_rng(seed)
    n_candidates = hidden.shape[1]
    degrees = np.zeros(n_candidates, dtype=np.int64) if degrees is None else degrees
    by_degree = rng.permutation(n_candidates)
    by_degree = by_degree[np.argsort(degrees[by_degree], kind="stable")]
    sorted_degrees = degrees[by_degree]
    where = rng.random(len(answers))
    found = np.full((len(answers), at_most), -1, dtype=np.int64)
    for row, answer in enumerate(answers):
        usable = np.ones(n_candidates, dtype=bool)
        usable[hidden.indices[hidden.indptr[row] : hidden.indptr[row + 1]]] = usable[answer] = False
        keep = usable[by_degree]
        negatives, theirs = by_degree[keep], sorted_degrees[keep]
        low, high = np.searchsorted(theirs, degrees[answer], "left"), np.searchsorted(theirs, degrees[answer], "right")
        start = int(low + where[row] * (high - low)) - at_most // 2
        window = negatives[max(0, min(start, len(negatives) - at_most)) :][:at_most]
        found[row, : len(window)] = window
    return found
