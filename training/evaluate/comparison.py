"""Two spaces side by side on the same questions: the difference of every figure, with a paired bootstrap interval.

Each resample takes the same questions for both, so what makes a question hard for both drops out, and a small difference can be told
from chance where two separate intervals would overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generel.concepts.errors import BuildMismatch
from training.evaluate.bootstrap import percentiles
from training.evaluate.metrics import Figures, Interval, bootstrap_means, per_query
from training.evaluate.outcomes import Outcome
from training.evaluate.settings import Settings

METRICS = Figures._fields


@dataclass(frozen=True)
class Difference:
    """One figure of one method on one set of questions, in both spaces.

    Attributes:
        left, right: the figures.
        difference: right minus left, with the ends of its 95 % interval.
        p_value: two-sided, by the share of resamples on the other side of zero; never below 2 over their number.
    """

    protocol: str
    predicate: str
    kinds: str
    method: str
    metric: str
    queries: int
    left: float
    right: float
    difference: Interval
    p_value: float


def compare(left: Sequence[Outcome], right: Sequence[Outcome], *, settings: Settings) -> list[Difference]:
    """The differences of all methods whose answers differ, in the order of the left table.

    Raises:
        BuildMismatch: the two were not asked the same questions.
    """
    theirs = {_key(outcome): outcome for outcome in right}
    if set(theirs) != {_key(outcome) for outcome in left}:
        raise BuildMismatch("the two spaces were not asked the same questions; compare spaces trained on the same build")
    return [row for outcome in left for row in _differences(outcome, theirs[_key(outcome)], settings=settings)]


def _key(outcome: Outcome) -> tuple[str, str, str, str]:
    return outcome.questions.protocol, outcome.questions.predicate, outcome.questions.kinds, outcome.method


def _differences(left: Outcome, right: Outcome, *, settings: Settings) -> list[Difference]:
    if not np.array_equal(left.questions.queries, right.questions.queries) or not np.array_equal(left.questions.answers, right.questions.answers):
        raise BuildMismatch(f"the two spaces were asked other questions about {left.questions.predicate}; compare spaces trained on the same build")
    ours, theirs = per_query(left.ranks), per_query(right.ranks)
    if np.array_equal(ours, theirs):
        return []
    changes = theirs - ours
    means = bootstrap_means(changes, resamples=settings.resamples, seed=settings.seed)
    return [
        Difference(
            *_key(left), metric, len(ours), float(ours[:, column].mean()), float(theirs[:, column].mean()),
            percentiles(float(changes[:, column].mean()), means[:, column]), p_value=_p_value(means[:, column]),
        )
        for column, metric in enumerate(METRICS)
    ]


def _p_value(means: np.ndarray) -> float:
    """Twice the smaller share of resampled means on one side of zero."""
    smaller = min(float((means <= 0).mean()), float((means >= 0).mean()))
    return max(min(1.0, 2 * smaller), 2 / len(means))
