"""Learning how to rank the answers to each relation, on relations that training has not seen.

The weights of `generel.query.ranking_features` are those of a conditional logit (McFadden 1974): of all that could answer a held-out question, the
right answer is drawn with a chance proportional to exp(score). What any feature puts near the top stands for all. A relation with few held-out
rows keeps near to what all relations have taught together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from generel.concepts.kinds import KINDS
from generel.concepts.progress import SILENT, Progress
from generel.index.rankings_file import FEATURES, Rankings, Weighing, Weights
from training.evaluate.graph_scorers import sharing_rows
from training.evaluate.questions import Questions, relation_questions
from training.evaluate.ranking import Scorer
from training.evaluate.relation_ranking import answered, make_features
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit

# Questions a relation and asking kind; of which so many teach the weights that all relations share; and scored at once.
QUESTIONS, SHARED, AT_ONCE = 100, 25, 100
# So many of the best of each feature are compared with the right answer.
RIVALS = 150
# How strongly a relation's weights hold to the shared ones, and these to 0: as much as so many questions say.
HOLD = 3.0
# What makes one step of a feature as large as that of another: cosines differ by tenths.
SIZES = np.array([10.0, 10.0, 1.0, 1.0, 10.0, 1.0])
# What says nothing of a query without ties.
OF_TIES = [FEATURES.index("sharing"), FEATURES.index("likeness")]


class Choices(NamedTuple):
    """Questions with what was compared for each.

    Attributes:
        features: (cells, features) in units of SIZES, the cells of a question together.
        starts: (questions,) where those of each begin.
        answers: (questions,) the cell of each right answer.
    """

    features: NDArray[np.float64]
    starts: NDArray[np.int64]
    answers: NDArray[np.int64]

    def first(self, n: int) -> "Choices":
        """The first n questions."""
        end = self.starts[n] if n < len(self.starts) else len(self.features)
        return Choices(self.features[:end], self.starts[:n], self.answers[:n])

    def among(self, chosen: NDArray[np.bool_]) -> "Choices":
        """The (questions,) chosen ones."""
        counts = np.diff(np.append(self.starts, len(self.features)))
        starts = np.concatenate(([0], np.cumsum(counts[chosen])[:-1])).astype(np.int64)[: chosen.sum()]
        return Choices(self.features[np.repeat(chosen, counts)], starts, starts + (self.answers - self.starts)[chosen])

    def without_ties(self) -> "Choices":
        """The same questions as if those that ask had no tie."""
        features = self.features.copy()
        features[:, OF_TIES] = 0
        return self._replace(features=features)


def learn_rankings(
    split: NumberedSplit, space: SpaceVectors, *, families: Mapping[str, Sequence[str]], seed: int, progress: Progress = SILENT
) -> Rankings | None:
    """The weights for each relation (and family) with validation rows, by the kind that asks; None where there is no such row."""
    groups = _questions_by_asking(split, families=families, seed=seed)
    sharing = sharing_rows(split.training_neighbors())
    choices: dict[tuple[str, str], Choices] = {}
    has_answers: dict[tuple[str, str], NDArray[np.bool_]] = {}
    with progress.task("Learn to rank answers", total=len(groups)) as advance:
        for (name, asking), asked in groups.items():
            features = make_features(split, space, sharing, predicates=asked[0].predicates, asking=asking)
            choices[name, asking] = join_choices([choose(features, questions) for questions in asked])
            has_answers[name, asking] = answered(split, asked[0].predicates)[np.concatenate([questions.queries for questions in asked])]
            advance(1)
    if not choices:
        return None
    tied, unanswered = ({key: each.among(has_answers[key] == wanted) for key, each in choices.items()} for wanted in (True, False))
    new = {key: each.without_ties() for key, each in choices.items()}
    # Where all questions are of one sort, the other is weighed as it is.
    return Rankings(*(_weigh(each if any(len(one.starts) for one in each.values()) else choices) for each in (tied, unanswered, new)))


def _weigh(choices: Mapping[tuple[str, str], Choices]) -> Weighing:
    others = fit_weights(join_choices([each.first(SHARED) for each in choices.values() if len(each.starts)]), near=np.zeros(len(FEATURES)))
    by_relation: dict[str, dict[str, tuple[float, ...]]] = {}
    for (name, asking), each in choices.items():
        own = fit_weights(each, near=others) if len(each.starts) else others
        by_relation.setdefault(name, {})[asking] = tuple((own * SIZES).tolist())
    return Weighing(by_relation, tuple((others * SIZES).tolist()))


def fit_weights(choices: Choices, *, near: Weights) -> Weights:
    """(features,) at least 0: those of the greatest likelihood, held near to `near`."""

    def loss(weights: Weights) -> tuple[float, Weights]:
        scores = choices.features @ weights
        highest = np.maximum.reduceat(scores, choices.starts)
        shares = np.exp(scores - np.repeat(highest, counts))
        totals = np.add.reduceat(shares, choices.starts)
        away = weights - near
        surprise = (np.log(totals) + highest - scores[choices.answers]).sum()
        slope = (shares / np.repeat(totals, counts)) @ choices.features - right
        return (surprise + HOLD * (away @ away)) / len(counts), (slope + 2 * HOLD * away) / len(counts)

    counts = np.diff(np.append(choices.starts, len(choices.features)))
    right = choices.features[choices.answers].sum(axis=0)
    start = np.where(near > 0, near, 0.5)
    found: Weights = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(start)).x
    return found


def choose(features: Sequence[Scorer], questions: Questions) -> Choices:
    """For each question its answer and what any feature ranks among the first RIVALS of the candidates that are not hidden."""
    parts = [_choose_block(features, questions, start) for start in range(0, questions.n, AT_ONCE)]
    return join_choices(parts)


def _choose_block(features: Sequence[Scorer], questions: Questions, start: int) -> Choices:
    block = slice(start, start + AT_ONCE)
    scores = np.stack([feature.scores(questions.queries[block], questions.candidates) for feature in features])
    hidden = questions.hidden[block].nonzero()
    scores[:, *hidden] = -np.inf
    n, answers = scores.shape[1], questions.answer_columns[block]
    best = np.argpartition(-scores, min(RIVALS, scores.shape[2] - 1), axis=2)[:, :, :RIVALS]
    columns = np.concatenate([*best, answers[:, None]], axis=1)
    cells = np.unique(columns + np.arange(n)[:, None] * scores.shape[2])
    rows, columns = np.divmod(cells, scores.shape[2])
    seen = np.isfinite(scores[0, rows, columns])
    rows, columns, cells = rows[seen], columns[seen], cells[seen]
    right = np.searchsorted(cells, answers + np.arange(n) * scores.shape[2])
    return Choices(scores[:, rows, columns].T * SIZES, np.searchsorted(rows, np.arange(n)), right)


def join_choices(parts: Sequence[Choices]) -> Choices:
    """All questions one after the other."""
    offsets = np.cumsum([0, *(len(part.features) for part in parts)])
    shifted = [(part.starts + offset, part.answers + offset) for part, offset in zip(parts, offsets, strict=False)]
    return Choices(np.concatenate([part.features for part in parts]), np.concatenate([starts for starts, _ in shifted]), np.concatenate([answers for _, answers in shifted]))


def _questions_by_asking(split: NumberedSplit, *, families: Mapping[str, Sequence[str]], seed: int) -> dict[tuple[str, str], list[Questions]]:
    """The questions of validation by relation and asking kind, from both ends; at most QUESTIONS for each sort of answer."""
    groups: dict[tuple[str, str], list[Questions]] = {}
    for questions in _from_both_ends(split, families=families, seed=seed):
        groups.setdefault((questions.predicate, questions.kinds.partition("-")[0]), []).append(questions)
    return groups


def _from_both_ends(split: NumberedSplit, *, families: Mapping[str, Sequence[str]], seed: int) -> Iterator[Questions]:
    for backwards in (False, True):
        for questions in relation_questions(split, part="validation", limit=QUESTIONS, seed=seed, families=families, backwards=backwards):
            asking, _, answering = questions.kinds.partition("-")
            # Inside one kind ties are read both ways at once, and each row has asked already.
            if asking in KINDS and not (backwards and asking == answering):
                yield questions
