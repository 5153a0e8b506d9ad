"""Every method asked every question, and what came of it as the rows of one table.

All methods of a group of questions answer the very same ones, and their intervals come from the same resampled queries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import GenerelError
from generel.concepts.progress import SILENT, Advance, Progress
from training.evaluate.effect_size import EffectBin
from training.evaluate.measures import Measure
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
        group: which of the questions these are, see `training.evaluate.breakdowns`; empty for all.
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
    group: str = ""


@dataclass(frozen=True)
class Evaluation:
    """The table, and what it was measured on as plain values.

    Attributes:
        rows: of the questions asked.
        breakdowns: the same questions by groups.
        measures: figures that are no ranking.
        outcomes: what the rows were made of; two spaces are compared by these.
        random_percentiles, true_percentiles: what the space states of random and of held-out pairs, by pair of kinds.
        effect_bins: cosines of variants and traits by the size of the effect, by method.
        failed: what went wrong with a protocol whose figures are missing.
    """

    rows: list[Row]
    facts: dict[str, Any] = field(default_factory=dict)
    breakdowns: list[Row] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    random_percentiles: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    true_percentiles: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    effect_bins: dict[str, list[EffectBin]] = field(default_factory=dict)
    failed: list[GenerelError] = field(default_factory=list)


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
    forms = sorted({outcome.form for outcome in outcomes})
    row = row_of(questions, kinds, outcomes[0].method, pool([outcome.ranks for outcome in outcomes]), form=" and ".join(forms), settings=settings)
    asked = [outcome.questions for outcome in outcomes]
    return replace(row, drawn_from=sum(each.drawn_from for each in asked), candidates=max(len(each.candidates) for each in asked))


def row_of(questions: Questions, kinds: str, method: str, ranks: Ranks, *, form: str, group: str = "", settings: Settings) -> Row:
    """The figures of one method's ranks; of a group, `drawn_from` is the group."""
    values = per_query(ranks)
    return Row(
        questions.protocol, questions.predicate, kinds, method, len(values), len(values) if group else questions.drawn_from, len(questions.candidates),
        summarize(values, resamples=settings.resamples, seed=settings.seed), form, group,
    )


def _part(advance: Advance, amount: float, *, of: int) -> None:
    advance(amount / of)


def _mrr(scorer: Scorer, questions: Questions) -> float:
    return float(np.mean(1 / realistic_ranks(rank_answers(scorer, questions))))
