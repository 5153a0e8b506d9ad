"""Where a method ranks the right answers, block by block.

The answer is compared with its negatives only: hidden candidates (other true answers, the query itself) are neither above nor tied.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generel.concepts.progress import Advance
from training.evaluate.metrics import Ranks
from training.evaluate.questions import Questions
from training.evaluate.split import Numbers

Floats = NDArray[np.float32]
# Scores held at once: 32 MB, and a few masks of the size.
CELLS = 8_000_000
QUERIES_AT_MOST = 512


class Scorer(Protocol):
    """A method that can answer questions.

    Attributes:
        resolution: scores that differ by no more are ties; what rounding alone can make of two equal ones.
    """

    @property
    def resolution(self) -> float: ...

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) float32, higher for a better answer."""
        ...


def rank_answers(scorer: Scorer, questions: Questions, *, advance: Advance = lambda amount: None) -> Ranks:
    """The ranks of the answers; `advance` is told the number of scores made.

    Raises:
        ValueError: a score is not a number.
    """
    size = min(QUERIES_AT_MOST, max(1, CELLS // len(questions.candidates)))
    above, tied = (np.empty(questions.n, dtype=np.int64) for _ in range(2))
    fair = np.empty(questions.n)
    columns = questions.answer_columns
    for start in range(0, questions.n, size):
        block = slice(start, start + size)
        scores = scorer.scores(questions.queries[block], questions.candidates)
        fair[block] = _fair_share(scores, columns[block], questions.as_popular[block], resolution=scorer.resolution)
        above[block], tied[block] = _count(scores, columns[block], hidden=questions.hidden[block].nonzero(), resolution=scorer.resolution)
        advance(float(scores.size))
    negatives = len(questions.candidates) - 1 - np.diff(questions.hidden.indptr).astype(np.int64)
    return Ranks(above, tied, negatives, fair, questions.queries.astype(np.int64))


def _fair_share(scores: Floats, columns: Numbers, as_popular: Numbers, *, resolution: float) -> NDArray[np.float64]:
    """Share of the equally popular negatives below the answer, by query; -1 in `as_popular` is no negative."""
    rows = np.arange(len(columns))[:, None]
    difference = scores[rows, columns[:, None]] - scores[rows, np.maximum(as_popular, 0)]
    below = (difference > resolution) + 0.5 * (np.abs(difference) <= resolution)
    there = as_popular >= 0
    return np.where(there.any(axis=1), (below * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1), 0.5)


def _count(scores: Floats, columns: Numbers, *, hidden: tuple[Numbers, Numbers], resolution: float) -> tuple[Numbers, Numbers]:
    """Negatives above and tied, by query; `scores` is written into."""
    if np.isnan(scores).any():
        raise ValueError("a method gave a score that is not a number, which would rank first")
    answer = scores[np.arange(len(columns)), columns][:, None]
    scores[hidden] = -np.inf
    above = (scores > answer + np.float32(resolution)).sum(axis=1)
    # The answer itself is tied with itself, and no negative.
    tied = (scores >= answer - np.float32(resolution)).sum(axis=1) - above - 1
    return above, tied
