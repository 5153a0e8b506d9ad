"""Ranks and figures, beside plain loops and scikit-learn."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.oracles import auroc_by_loop, figures_by_loop, rank_by_loop
from tests.training.evaluate_oracles import precisions_by_loop
from training.evaluate import ranking
from training.evaluate.metrics import (
    Ranks,
    auroc,
    average_precision,
    bootstrap_means,
    fair_average_precision,
    per_query,
    pool,
    realistic_ranks,
    summarize,
)
from training.evaluate.popularity import as_popular_negatives
from training.evaluate.questions import Questions
from training.evaluate.ranking import rank_answers


@dataclass(frozen=True)
class Sheet:
    """A method whose scores are written down: (queries, candidates)."""

    matrix: np.ndarray
    resolution: float = 0.0

    def scores(self, queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        return self.matrix[queries][:, candidates].astype(np.float32)


@dataclass(frozen=True)
class Case:
    """Written-down scores, the answers, and cells that are hidden."""

    scores: np.ndarray
    answers: np.ndarray
    hidden: np.ndarray

    @property
    def questions(self) -> Questions:
        q, c = self.scores.shape
        return Questions("relations", "is_a", ("is_a",), "disease-disease", np.arange(q), self.answers, np.arange(c), csr_array(self.hidden.astype(np.float32)), q)

    def ranks(self) -> Ranks:
        return rank_answers(Sheet(self.scores), self.questions)

    def hidden_places(self, query: int) -> list[int]:
        return np.flatnonzero(self.hidden[query]).tolist()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few distinct scores, so that there are many ties; at least one negative is left for each query."""
    q, c = draw(st.integers(1, 6)), draw(st.integers(2, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = rng.integers(0, draw(st.integers(1, 8)), (q, c)) / 4
    answers = rng.integers(0, c, q)
    hidden = rng.random((q, c)) < 0.3
    hidden[np.arange(q), answers] = hidden[np.arange(q), (answers + 1) % c] = False
    return Case(scores, answers, hidden)


def test_a_worked_example_has_the_figures_on_paper() -> None:
    """Above 1, 0 and 20 with ties 1, 0 and 0 of 40 negatives: ranks 2.5, 1 and 21; AUROC 1 - 1.5/40, 1 and .5."""
    ranks = Ranks(np.array([1, 0, 20]), np.array([1, 0, 0]), np.array([40, 40, 40]), np.array([0.5, 1.0, 0.75]), np.array([2.0, 0.0, 1.5]), np.array([7, 8, 7]))
    assert realistic_ranks(ranks).tolist() == [2.5, 1.0, 21.0]
    assert auroc(ranks).tolist() == [1 - 1.5 / 40, 1.0, 0.5]
    figures = summarize(per_query(ranks), resamples=50, seed=0)
    assert figures.mrr.value == pytest.approx((1 / 2.5 + 1 + 1 / 21) / 3)
    assert figures.recall_at_10.value == pytest.approx(2 / 3)
    assert figures.auroc.value == pytest.approx((1 - 1.5 / 40 + 1 + 0.5) / 3)
    assert figures.fair_auroc.value == 0.75
    # Who is 7 asks twice: the first of its answers has 1.5 negatives above, the second 20.
    assert figures.average_precision.value == pytest.approx((1 / 2.5 + 1 / 1 + 2 / 22) / 3)
    # Among the equally popular, 1.5 are above its first answer (the third question) and 2 above its second.
    assert figures.fair_average_precision.value == pytest.approx((2 / 4 + 1 / 1 + 1 / 2.5) / 3)


@given(cases())
def test_ranks_and_figures_are_those_of_plain_loops(case: Case) -> None:
    """Whatever the scores, ties and hidden cells, the vectorized figures are the loops' figures."""
    ranks = case.ranks()
    loops = [rank_by_loop(list(case.scores[i]), answer=int(case.answers[i]), hidden=case.hidden_places(i)) for i in range(len(case.answers))]
    areas = [auroc_by_loop(list(case.scores[i]), answer=int(case.answers[i]), hidden=case.hidden_places(i)) for i in range(len(case.answers))]
    assert realistic_ranks(ranks).tolist() == loops
    assert auroc(ranks) == pytest.approx(areas)
    assert per_query(ranks).mean(axis=0)[:3] == pytest.approx(figures_by_loop(loops, areas))


@settings(max_examples=30)
@given(cases())
def test_auroc_of_each_query_is_that_of_scikit_learn(case: Case) -> None:
    """One positive among the candidates that are not hidden: roc_auc_score gives the same area."""
    found = auroc(case.ranks())
    for query, answer in enumerate(case.answers):
        shown = np.flatnonzero(~case.hidden[query])
        assert found[query] == pytest.approx(roc_auc_score(shown == answer, case.scores[query][shown]))


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(2, 30), st.integers(1, 6))
def test_average_precision_is_that_of_scikit_learn(seed: int, n_candidates: int, n_answers: int) -> None:
    """One that asks for several answers, each ranked with the others left out: the mean precision is average_precision_score."""
    rng = np.random.default_rng(seed)
    scores = rng.permutation(n_candidates + n_answers).astype(float)
    truth = np.arange(len(scores)) < n_answers
    above = np.array([(scores[~truth] > score).sum() for score in scores[truth]])
    ranks = Ranks(above, np.zeros_like(above), np.full_like(above, n_candidates), np.ones(n_answers), np.zeros(n_answers), np.zeros_like(above))
    assert average_precision(ranks).mean() == pytest.approx(average_precision_score(truth, scores))


@settings(max_examples=40)
@given(cases(), st.integers(0, 2**32), st.integers(1, 3))
def test_precision_among_equally_popular_negatives_is_that_of_a_plain_loop(case: Case, seed: int, n_asking: int) -> None:
    """Whoever asks several times has one ranking: all its answers among all the negatives that these bring; ties count half."""
    rng = np.random.default_rng(seed)
    n_questions, n_candidates = case.scores.shape
    asking = rng.integers(0, n_asking, n_questions)
    scores = case.scores[asking % n_questions]
    degrees = rng.integers(0, 4, n_candidates)
    questions = Questions(
        "relations", "is_a", ("is_a",), "disease-disease", asking, case.answers, np.arange(n_candidates), csr_array(case.hidden.astype(np.float32)), n_questions, degrees,
    )
    sheet = Sheet(case.scores[np.arange(n_asking) % n_questions])
    found = fair_average_precision(rank_answers(sheet, questions))
    own = [[place for place in places if place >= 0] for places in questions.as_popular.tolist()]
    expected: list[float] = []
    for who in sorted(set(asking.tolist())):
        mine = np.flatnonzero(asking == who).tolist()
        negatives = [float(scores[other, place]) for other in mine for place in own[other]]
        expected += precisions_by_loop([float(scores[other, case.answers[other]]) for other in mine], negatives)
    assert sorted(found.tolist()) == pytest.approx(sorted(expected))


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(20, 80))
def test_precision_among_equally_popular_negatives_is_that_of_scikit_learn(seed: int, n_answers: int, n_candidates: int) -> None:
    """One who asks for several answers, without ties: `average_precision_score` of the answers and of the negatives that each of them brings."""
    rng = np.random.default_rng(seed)
    scores, degrees = rng.permutation(n_candidates).astype(float)[None, :], rng.integers(0, 5, n_candidates)
    answers = rng.choice(n_candidates, n_answers, replace=False)
    hidden = np.zeros((n_answers, n_candidates), dtype=np.float32)
    hidden[:, answers] = ~np.eye(n_answers, dtype=bool)
    asking = np.zeros(n_answers, dtype=np.int64)
    questions = Questions("relations", "is_a", ("is_a",), "disease-disease", asking, answers, np.arange(n_candidates), csr_array(hidden), n_answers, degrees)
    ranked = np.concatenate((scores[0, answers], scores[0, questions.as_popular[questions.as_popular >= 0]]))
    expected = average_precision_score(np.arange(len(ranked)) < n_answers, ranked)
    assert fair_average_precision(rank_answers(Sheet(scores), questions)).mean() == pytest.approx(expected)


@given(cases(), st.integers(0, 2**32))
def test_equally_popular_negatives_are_those_next_in_degree(case: Case, seed: int) -> None:
    """None is hidden or the answer, all are different, and every negative between two of them in degree is among them."""
    degrees = np.random.default_rng(seed).integers(0, 6, case.scores.shape[1])
    found = as_popular_negatives(case.answers, csr_array(case.hidden.astype(np.float32)), degrees, at_most=5)
    for row, answer in enumerate(case.answers):
        negatives = set(np.flatnonzero(~case.hidden[row])) - {answer}
        taken = [place for place in found[row] if place >= 0]
        assert len(taken) == len(set(taken)) == min(5, len(negatives)) and set(taken) <= negatives
        low, high = min(degrees[taken]), max(degrees[taken])
        assert all(place in taken for place in negatives if low < degrees[place] < high)


def test_the_fair_share_is_that_of_a_plain_loop() -> None:
    """Below, tied and above among three negatives; a question without any is at .5."""
    case = Case(np.array([[0.5, 0.4, 0.5, 0.9], [0.1, 0.2, 0.3, 0.4]]), np.array([0, 1]), np.array([[False] * 4, [True, False, True, True]]))
    assert case.ranks().fair.tolist() == [(1 + 0.5) / 3, 0.5]


def test_popularity_is_at_chance_among_equally_popular_negatives() -> None:
    """A method that knows degrees alone reaches AUROC .9 among all candidates, and half of them where they count as much."""
    rng = np.random.default_rng(4)
    degrees = np.sort(rng.integers(0, 1000, 2000))
    answers = rng.choice(2000, 300, p=degrees / degrees.sum())
    hidden = csr_array((300, 2000), dtype=np.float32)
    questions = Questions("relations", "is_a", ("is_a",), "disease-disease", np.arange(300), answers, np.arange(2000), hidden, 300, degrees)
    ranks = rank_answers(Sheet(np.repeat(degrees[None, :], 300, axis=0)), questions)
    assert auroc(ranks).mean() > 0.62
    assert abs(ranks.fair.mean() - 0.5) < 0.03
    # By its degree the answer is about in the middle of the 50 others: 25 are above it.
    assert fair_average_precision(ranks).mean() == pytest.approx(1 / 26, abs=0.02)


@given(cases(), st.integers(0, 2**32))
def test_the_order_of_candidates_changes_nothing(case: Case, seed: int) -> None:
    """The same candidates in another order give the very same ranks."""
    order = np.random.default_rng(seed).permutation(case.scores.shape[1])
    turned = Case(case.scores[:, order], np.argsort(order)[case.answers], case.hidden[:, order])
    ours, theirs = case.ranks(), turned.ranks()
    assert [column.tolist() for column in theirs[:3]] == [column.tolist() for column in ours[:3]]


@given(cases(), st.integers(1, 40))
def test_the_size_of_blocks_changes_nothing(case: Case, cells: int) -> None:
    """Scored a few queries at a time, the ranks stay the same."""
    whole = case.ranks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "CELLS", cells)
        assert [column.tolist() for column in case.ranks()] == [column.tolist() for column in whole]


def test_equal_scores_are_at_chance_not_at_the_top() -> None:
    """A method that cannot tell the 9 candidates apart has the middle rank, 5, and AUROC .5."""
    ranks = Case(np.zeros((1, 9)), np.array([3]), np.zeros((1, 9), dtype=bool)).ranks()
    assert realistic_ranks(ranks).tolist() == [5.0]
    assert auroc(ranks).tolist() == [0.5]


def test_scores_within_the_resolution_are_ties() -> None:
    """Two equal vectors may differ in the last bit: what is closer than the resolution is tied, what is farther is not."""
    case = Case(np.array([[0.5, 0.5 + 5e-7, 0.5 - 5e-7, 0.6, 0.4]]), np.array([0]), np.zeros((1, 5), dtype=bool))
    ranks = rank_answers(Sheet(case.scores, resolution=1e-6), case.questions)
    assert (ranks.above.tolist(), ranks.tied.tolist(), ranks.negatives.tolist()) == ([1], [2], [4])


def test_a_query_without_negatives_tells_nothing() -> None:
    """Where every other candidate is a true answer too, AUROC is .5."""
    ranks = Case(np.zeros((1, 2)), np.array([0]), np.array([[False, True]])).ranks()
    assert (ranks.negatives.tolist(), auroc(ranks).tolist()) == ([0], [0.5])


def test_a_score_that_is_no_number_is_refused() -> None:
    """NaN is neither above nor below, so it would rank first."""
    with pytest.raises(ValueError, match="not a number"):
        Case(np.array([[np.nan, 1.0]]), np.array([0]), np.zeros((1, 2), dtype=bool)).ranks()


def test_the_interval_is_that_of_the_binomial() -> None:
    """Of 400 queries half are right: the standard error is .025, the interval .5 -+ 1.96 * .025."""
    values = np.repeat([[0.0] * 6, [1.0] * 6], 200, axis=0)
    interval = summarize(values, resamples=4000, seed=1).recall_at_10
    assert interval.value == 0.5
    assert [interval.low, interval.high] == pytest.approx([0.451, 0.549], abs=0.006)


def test_resampled_means_are_means_of_drawn_rows() -> None:
    """Each resample is the mean of as many rows as there are, drawn by the seeded generator with replacement."""
    values = np.random.default_rng(3).random((7, 3))
    drawn = np.random.default_rng(5).integers(0, 7, (2, 7)).tolist()
    by_loop = [[sum(values[row][column] for row in rows) / 7 for column in range(3)] for rows in drawn]
    assert bootstrap_means(values, resamples=2, seed=5) == pytest.approx(np.array(by_loop))


def test_the_same_seed_draws_the_same_resamples_whatever_the_blocks() -> None:
    """Twice the same interval, also when the resamples do not fit into one block."""
    values = np.random.default_rng(0).random((50, 3))
    whole = bootstrap_means(values, resamples=40, seed=9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.evaluate.metrics.CELLS", 150)
        assert bootstrap_means(values, resamples=40, seed=9) == pytest.approx(whole)
    assert np.unique(whole[:, 0]).size == 40


def test_pooled_queries_stand_one_after_the_other() -> None:
    """Pooling keeps every query of every kind."""
    left, right = (Ranks(*(np.array([number]) for number in numbers)) for numbers in ((1, 2, 3, 0.5, 1, 7), (4, 5, 6, 0.75, 2, 7)))
    assert [column.tolist() for column in pool([left, right])[:4]] == [[1, 4], [2, 5], [3, 6], [0.5, 0.75]]
    assert len(set(pool([left, right]).asking.tolist())) == 2
