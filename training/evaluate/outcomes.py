"""Every method asked every question, and what came of it as the rows of one table.

All methods of a group of questions answer the very same ones, and their intervals come from the same resampled queries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np

from generel.concepts.progress import SILENT, Advance, Progress
from training.evaluate.metrics import Figures, Ranks, per_query, pool, realistic_ranks, summarize
from training.evaluate.questions import EVERY_KIND, SYNONYM, Questions
from training.evaluate.ranking import Scorer, rank_answers
from training.evaluate.settings import Settings

Forms = Mapping[str, Mapping[str, Scorer]]


class Methods(Protocol):
    """What answers questions: methods as they are, and methods of which validation chooses a form."""

    def scorers(self, questions: Questions) -> dict[str, Scorer]: ...
    def forms(self, questions: Questions) -> dict[str, dict[str, Scorer]]: ...


@dataclass(frozen=True)
class Outcome:
    """How one method ranked the answers of some questions; `form` is empty where it has one form only."""

    questions: Questions
    method: str
    form: str
    ranks: Ranks


@dataclass(frozen=True)
class Row:
    """One method's figures on one set of questions.

    Attributes:
        queries: questions asked.
        drawn_from: held-out rows that they are a sample of.
        candidates: how many concepts each answer was ranked among; of several kinds pooled, the most.
        form: which form of the method validation chose.
    """

    protocol: str
    predicate: str
    kinds: str
    method: str
    queries: int
    drawn_from: int
    candidates: int
    figures: Figures
    form: str = ""


@dataclass(frozen=True)
class Evaluation:
    """The table, and what it was measured on as plain values."""

    rows: list[Row]
    facts: dict[str, Any] = field(default_factory=dict)


def ask(
    asked: Sequence[Questions], methods: Methods, *, choose: Callable[[Questions], Mapping[str, str]], title: str, progress: Progress = SILENT
) -> list[Outcome]:
    """All outcomes, questions by questions, then method by method.

    Args:
        choose: the form of each method that has several, by the method's name.
    """
    total = sum(questions.n * len(questions.candidates) for questions in asked)
    outcomes = []
    with progress.task(title, total=float(total)) as advance:
        for questions in asked:
            forms, chosen = methods.forms(questions), choose(questions)
            answering = {(method, ""): scorer for method, scorer in methods.scorers(questions).items()}
            answering |= {(method, form): forms[method][form] for method, form in chosen.items()}
            share = partial(_part, advance, of=len(answering))
            outcomes += [Outcome(questions, *at, rank_answers(scorer, questions, advance=share)) for at, scorer in answering.items()]
    return outcomes


def choose_forms(forms: Forms, questions: Questions | None) -> dict[str, str]:
    """The form of each method with the highest MRR on the questions; the first one on a tie, and where there are no questions."""
    if questions is None:
        return {method: next(iter(scorers)) for method, scorers in forms.items()}
    return {method: max(scorers, key=lambda form: _mrr(scorers[form], questions)) for method, scorers in forms.items()}


def make_rows(outcomes: Sequence[Outcome], *, settings: Settings) -> list[Row]:
    """A row for every outcome; after the last kind of synonyms, the kinds pooled for each method."""
    rows = [_row(outcome.questions, outcome.questions.kinds, [outcome], settings=settings) for outcome in outcomes]
    by_method: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.questions.predicate == SYNONYM:
            by_method.setdefault(outcome.method, []).append(outcome)
    return rows + [_row(each[0].questions, EVERY_KIND, each, settings=settings) for each in by_method.values()]


def _row(questions: Questions, kinds: str, outcomes: Sequence[Outcome], *, settings: Settings) -> Row:
    values = per_query(pool([outcome.ranks for outcome in outcomes]))
    forms = sorted({outcome.form for outcome in outcomes})
    return Row(
        questions.protocol, questions.predicate, kinds, outcomes[0].method, len(values),
        sum(outcome.questions.drawn_from for outcome in outcomes),
        max(len(outcome.questions.candidates) for outcome in outcomes),
        summarize(values, resamples=settings.resamples, seed=settings.seed), " and ".join(forms),
    )


def _part(advance: Advance, amount: float, *, of: int) -> None:
    advance(amount / of)


def _mrr(scorer: Scorer, questions: Questions) -> float:
    return float(np.mean(1 / realistic_ranks(rank_answers(scorer, questions))))
