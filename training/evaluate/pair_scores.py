"""Scores of given pairs by a method that scores queries against candidates."""

import numpy as np
from numpy.typing import NDArray

from training.evaluate.ranking import Scorer
from training.evaluate.split import Numbers

# Scores held at once: 32 MB.
CELLS = 8_000_000


def score_pairs(scorer: Scorer, queries: Numbers, candidates: Numbers) -> NDArray[np.float32]:
    """(n,) score of each pair (query, candidate); all distinct candidates are scored at once, as the methods do best.

    Raises:
        ValueError: a score is not a number.
    """
    asking, line = np.unique(queries, return_inverse=True)
    answering, column = np.unique(candidates, return_inverse=True)
    scores = np.empty(len(queries), dtype=np.float32)
    size = max(1, CELLS // max(1, len(answering)))
    by_line = np.argsort(line, kind="stable")
    for start in range(0, len(asking), size):
        first, last = np.searchsorted(line[by_line], (start, start + size))
        pairs = by_line[first:last]
        scores[pairs] = scorer.scores(asking[start : start + size], answering)[line[pairs] - start, column[pairs]]
    if np.isnan(scores).any():
        raise ValueError("a method gave a score that is not a number")
    return scores
