"""Figures of scored pairs and their resamples, beside plain loops, SciPy and scikit-learn."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.training.evaluate_oracles import area_by_loop, mean_ranks_by_loop, pearson_by_loop, precision_by_loop
from training.evaluate import bootstrap as bootstrap_module
from training.evaluate.bootstrap import bootstrap, draw_times, mean_interval
from training.evaluate.pair_figures import auroc, average_precision, level, mean, mean_ranks, pearson, spearman
from training.evaluate.pair_scores import score_pairs
from training.evaluate.repeated_folds import corrected_interval, corrected_p
from training.evaluate.scorers import Cosine

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


@st.composite
def drawn_pairs(draw: st.DrawFn) -> Drawn:
    """Two columns of few distinct numbers, so that there are many ties, and how often each row is drawn: (n,), (n,), (m, n)."""
    n, m = draw(st.integers(2, 15)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    times = np.array([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(m)], dtype=np.float64)
    return rng.integers(0, draw(st.integers(1, 8)), n) / 3, rng.integers(0, 4, n) / 7, times


def repeated(values: np.ndarray, times: np.ndarray) -> list:
    """The values, each as often as it is drawn."""
    return np.repeat(values, times.astype(int)).tolist()


@given(drawn_pairs())
def test_figures_of_resamples_are_those_of_rows_written_out(drawn: Drawn) -> None:
    """Counting a row twice is the same as having it twice, whatever the ties."""
    left, right, times = drawn
    labels = right > 0.2
    for line, row in enumerate(times):
        lefts, rights, flags = (repeated(values, row) for values in (left, right, labels))
        assert mean_ranks(left, times)[line][row > 0].tolist() == [mean_ranks_by_loop(lefts)[lefts.index(value)] for value in left[row > 0]]
        assert pearson(left, right, times)[line] == pytest.approx(pearson_by_loop(lefts, rights), abs=1e-9)
        assert spearman(left, right, times)[line] == pytest.approx(pearson_by_loop(mean_ranks_by_loop(lefts), mean_ranks_by_loop(rights)), abs=1e-9)
        assert auroc(left, labels, times)[line] == pytest.approx(area_by_loop(lefts, flags))
        assert average_precision(left, labels, times)[line] == pytest.approx(precision_by_loop(lefts, flags))
        assert mean(left, times)[line] == pytest.approx(sum(lefts) / len(lefts))


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_figures_of_the_pairs_as_they_are_agree_with_the_libraries(seed: int) -> None:
    """SciPy's correlations and scikit-learn's areas, with ties."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, 9, 40) / 4, rng.normal(size=40)
    labels, once = np.arange(40) % 3 == 0, np.ones((1, 40))
    assert spearman(left, right, once)[0] == pytest.approx(stats.spearmanr(left, right).statistic)
    assert pearson(left, right, once)[0] == pytest.approx(stats.pearsonr(left, right).statistic)
    assert auroc(left, labels, once)[0] == pytest.approx(roc_auc_score(labels, left))
    assert average_precision(left, labels, once)[0] == pytest.approx(average_precision_score(labels, left))


def test_equal_scores_say_nothing() -> None:
    """A constant has a correlation of 0 and an AUROC of .5, also where its mean is not exact in binary; its AP is the share of true pairs."""
    constant, numbers, once = np.full(7, 0.1), np.arange(7.0), np.ones((1, 7))
    assert (pearson(constant, numbers, once)[0], spearman(constant, numbers, once)[0]) == (0.0, 0.0)
    assert (auroc(constant, numbers > 4, once)[0], average_precision(constant, numbers > 4, once)[0]) == (0.5, pytest.approx(2 / 7))


def test_scores_that_rounding_set_apart_are_leveled() -> None:
    """Neighbors no farther than the resolution become equal, others keep their value, and the order of the pairs stays."""
    scores = np.array([0.5, 0.1, 0.5 + 4e-7, 0.2], dtype=np.float64)
    assert level(scores, resolution=1e-6).tolist() == [0.5, 0.1, 0.5, 0.2]
    assert level(scores, resolution=0.0).tolist() == scores.tolist()


def test_the_interval_of_a_correlation_is_that_of_fisher() -> None:
    """Of 400 normal pairs the bootstrap's interval is near tanh(z -+ 1.96 / sqrt(n - 3))."""
    rng = np.random.default_rng(4)
    left = rng.normal(size=400)
    right = 0.6 * left + 0.8 * rng.normal(size=400)
    interval = bootstrap(partial(pearson, left, right), 400, resamples=2000, seed=1)
    expected = np.tanh(np.arctanh(interval.value) + np.array([-1.96, 1.96]) / np.sqrt(397))
    assert interval.value == pytest.approx(stats.pearsonr(left, right).statistic)
    assert [interval.low, interval.high] == pytest.approx(expected.tolist(), abs=0.02)


def test_resamples_depend_on_the_seed_and_not_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed draws the same rows, in one block or in many; each resample has as many rows as there are."""
    whole = np.concatenate(list(draw_times(20, resamples=15, seed=3)))
    monkeypatch.setattr(bootstrap_module, "CELLS", 45)
    blocks = list(draw_times(20, resamples=15, seed=3))
    assert [len(block) for block in blocks] == [2] * 7 + [1]
    assert np.array_equal(np.concatenate(blocks), whole)
    assert (whole.sum(axis=1) == 20).all()


def test_rows_about_one_thing_come_together() -> None:
    """Rows of one group are drawn equally often; a row about two things as often as the product of the two."""
    one = np.concatenate(list(draw_times(5, resamples=30, seed=0, groups=np.array([[7], [7], [2], [9], [9]]))))
    assert np.array_equal(one[:, 0], one[:, 1]) and np.array_equal(one[:, 3], one[:, 4])
    assert (one[:, [0, 2, 3]].sum(axis=1) == 3).all()
    two = np.concatenate(list(draw_times(3, resamples=30, seed=0, groups=np.array([[2, 7], [7, 9], [2, 2]]))))
    times = one[:, [2, 0, 3]]
    assert np.array_equal(two, np.stack((times[:, 0] * times[:, 1], times[:, 1] * times[:, 2], times[:, 0] ** 2), axis=1))


def test_the_interval_of_a_mean_is_that_of_the_normal() -> None:
    """Of 900 numbers with deviation 1 the interval is 1.96 / 30 to both sides."""
    values = np.repeat([-1.0, 1.0], 450)
    assert list(mean_interval(values, resamples=4000, seed=2)) == pytest.approx([0.0, -0.0653, 0.0653], abs=0.005)


def test_pairs_are_scored_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair has the score that it has alone, also in many blocks."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 4)).astype(np.float32)
    queries, candidates = rng.integers(0, 30, 50), rng.integers(0, 30, 50)
    monkeypatch.setattr("training.evaluate.pair_scores.CELLS", 70)
    alone = [float(vectors[a] @ vectors[b]) for a, b in zip(queries, candidates, strict=True)]
    assert score_pairs(Cosine(vectors, vectors), queries, candidates) == pytest.approx(alone, abs=1e-5)


def test_a_pair_whose_score_is_no_number_is_refused() -> None:
    """NaN has no rank."""
    with pytest.raises(ValueError, match="not a number"):
        score_pairs(Cosine(*[np.full((2, 2), np.nan, dtype=np.float32)] * 2), np.array([0]), np.array([1]))


def test_the_interval_of_repeated_folds_is_the_corrected_one() -> None:
    """Figures .6 and .8 of two folds: variance .02, error sqrt((1/2 + 1) * .02) = .1732, Student's t of 1 at 97.5 % 12.706: cut off at 0 and 1."""
    assert list(corrected_interval(np.array([0.6, 0.8]), folds=2)) == [pytest.approx(0.7), 0.0, 1.0]
    twenty = np.tile([0.6, 0.8], 10)
    reach = stats.t.ppf(0.975, 19) * np.sqrt((1 / 20 + 1 / 4) * twenty.var(ddof=1))
    assert list(corrected_interval(twenty, folds=5)) == pytest.approx([0.7, 0.7 - reach, 0.7 + reach])


def test_the_p_of_repeated_folds_is_that_of_the_mean_difference() -> None:
    """t = .7 - .5 over the corrected error; 1 for the same figures, 0 for a difference that never varies."""
    figures, floor = np.tile([0.6, 0.8], 10), np.full(20, 0.5)
    t = 0.2 / np.sqrt((1 / 20 + 1 / 4) * figures.var(ddof=1))
    assert corrected_p(figures, floor, folds=5) == pytest.approx(2 * stats.t.sf(t, 19))
    assert (corrected_p(floor, floor, folds=5), corrected_p(floor + 0.25, floor, folds=5)) == (1.0, 0.0)
