"""Where a method ranks the right answers, block by block.

The answer is compared with its negatives only: hidden candidates (other true answers, the query itself) are neither above nor tied.
"""

from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from generel.concepts.progress import Advance
from training.evaluate.metrics import Ranks, Reals
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
    answers, as_popular = np.empty(questions.n, dtype=np.float32), np.empty(questions.as_popular.shape, dtype=np.float32)
    columns, lines = questions.answer_columns, np.arange(questions.n)
    for start in range(0, questions.n, size):
        block = slice(start, start + size)
        scores = scorer.scores(questions.queries[block], questions.candidates)
        rows = lines[: len(scores)]
        answers[block] = scores[rows, columns[block]]
        # A place of -1 is no negative: whatever score it is given here is never looked at.
        as_popular[block] = scores[rows[:, None], questions.as_popular[block]]
        above[block], tied[block] = _count(scores, columns[block], hidden=questions.hidden[block].nonzero(), resolution=scorer.resolution)
        advance(float(scores.size))
    negatives = len(questions.candidates) - 1 - np.diff(questions.hidden.indptr).astype(np.int64)
    asking = questions.queries.astype(np.int64)
    equals = Equals(answers, as_popular, questions.as_popular >= 0, scorer.resolution)
    return Ranks(above, tied, negatives, equals.shares_below(), equals.count_above(asking), asking)


class Equals(NamedTuple):
    """Scores among candidates that are as popular as the answer.

    Attributes:
        answers: (q,) scores of the answers.
        scores: (q, m) of such negatives.
        there: (q, m) False where there is no negative, only a place to fill.
        resolution: as in Scorer.
    """

    answers: Floats
    scores: Floats
    there: NDArray[np.bool_]
    resolution: float

    def shares_below(self) -> Reals:
        """(q,) share of an answer's own negatives below it, ties counting half; .5 where there is none."""
        difference = self.answers[:, None] - self.scores
        below = ((difference > self.resolution) + 0.5 * (np.abs(difference) <= self.resolution)) * self.there
        return np.where(self.there.any(axis=1), below.sum(axis=1) / np.maximum(self.there.sum(axis=1), 1), 0.5)

    def count_above(self, asking: Numbers) -> Reals:
        """(q,) how many of the negatives of all answers of who asks lie above each answer, ties counting half.

        A negative that two answers bring counts twice.
        """
        _, group = np.unique(asking, return_inverse=True)
        owners, scores = np.repeat(group, self.there.sum(axis=1)), self.scores[self.there].astype(np.float64)
        ascending = np.sort(scores)
        # One number for each negative, by who asks, then by score: how many of a group lie above a score is then one search.
        step = len(scores) + 1
        keys = np.sort(owners * step + np.searchsorted(ascending, scores, "left"))
        ends = np.searchsorted(keys, (group + 1) * step)

        def lie_above(edge: float, side: Literal["left", "right"]) -> Numbers:
            first: Numbers = group * step + np.searchsorted(ascending, self.answers.astype(np.float64) + edge, side)
            return ends - np.searchsorted(keys, first)

        from_on, beyond = lie_above(-self.resolution, "left"), lie_above(self.resolution, "right")
        return beyond + (from_on - beyond) / 2


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
