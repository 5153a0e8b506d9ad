"""Cosines of random pairs by pair of kinds."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from generel.query.calibration import QUANTILES, calibrate, draw_pairs
from generel.query.cosines import cosines_of_pairs
from generel.query.percentiles import Distribution
from tests.worlds import unit, world_concepts, world_vectors


def test_quantiles_are_dense_in_the_upper_tail() -> None:
    """0 and 1 are there, thousandths between, and steps of a millionth at the end."""
    assert (QUANTILES[0], QUANTILES[-1]) == (0.0, 1.0)
    assert np.all(np.diff(QUANTILES) > 0)
    assert len(QUANTILES) == 1001 + 9 + 9 + 9
    np.testing.assert_allclose(QUANTILES[-4:], [0.999997, 0.999998, 0.999999, 1.0])


def test_small_kinds_are_calibrated_on_all_their_pairs() -> None:
    """The world's 3 drugs have 3 pairs with themselves and 9 with the 3 genes; minimum and maximum are those of a loop."""
    vectors, kinds = world_vectors(), world_concepts()["kind"].to_list()
    table = calibrate(vectors, kinds)
    drugs, genes = ([row for row, each in enumerate(kinds) if each == kind] for kind in ("drug", "gene"))
    for (left, right), pairs in {
        ("drug", "drug"): list(itertools.combinations(drugs, 2)), ("drug", "gene"): list(itertools.product(drugs, genes)),
    }.items():
        part = table.filter(left_kind=left, right_kind=right).sort("quantile")
        cosines = [float(vectors[a] @ vectors[b]) for a, b in pairs]
        assert part["n_pairs"].unique().to_list() == [len(pairs)]
        assert part["cosine"][0] == pytest.approx(min(cosines))
        assert part["cosine"][-1] == pytest.approx(max(cosines))
        assert part["cosine"][500] == pytest.approx(np.median(cosines), abs=1e-6)


def test_every_pair_of_kinds_stands_once_in_order() -> None:
    """Five kinds have fifteen pairs, the left never after the right."""
    table = calibrate(world_vectors(), world_concepts()["kind"].to_list())
    pairs = table.select("left_kind", "right_kind").unique().rows()
    assert sorted(pairs) == list(itertools.combinations_with_replacement(["disease", "drug", "gene", "phenotype", "variant"], 2))


def test_a_single_concept_has_no_pairs_with_itself() -> None:
    """One drug among genes: drug–gene is calibrated, drug–drug is not."""
    table = calibrate(unit([(1, 0), (0, 1), (1, 1)]), ["drug", "gene", "gene"])
    assert sorted(table.select("left_kind", "right_kind").unique().rows()) == [("drug", "gene"), ("gene", "gene")]
    assert calibrate(unit([(1, 0)]), ["drug"]).height == 0


def test_the_seed_fixes_the_sample() -> None:
    """The same seed gives the same table, another one another."""
    vectors, kinds = unit(np.random.default_rng(0).normal(size=(300, 5))), ["gene"] * 300
    first, again, other = (calibrate(vectors, kinds, n_pairs=1000, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_sample_is_near_the_whole() -> None:
    """Quartiles of 20,000 drawn pairs lie within .02 of those of all 44,850."""
    vectors, kinds = unit(np.random.default_rng(0).normal(size=(300, 5))), ["gene"] * 300
    sample, whole = (calibrate(vectors, kinds, n_pairs=n).filter(quantile=q)["cosine"][0] for n, q in ((20_000, 0.25), (50_000, 0.25)))
    assert sample == pytest.approx(whole, abs=0.02)


@given(st.integers(1, 6), st.integers(1, 6), st.booleans(), st.integers(1, 40))
def test_pairs_are_of_different_concepts(n_left: int, n_right: int, same: bool, n: int) -> None:
    """All pairs once where there are at most n, else n pairs; never a concept with itself."""
    left = np.arange(n_left) * 2
    right = left if same else np.arange(n_right) * 2 + 1
    pairs = draw_pairs(left, right, n, generator=np.random.default_rng(0))
    total = n_left * (n_left - 1) // 2 if same else n_left * n_right
    assert len(pairs) == min(total, n)
    assert all(a != b and a in left and b in right for a, b in pairs.tolist())
    if total <= n:
        assert len({frozenset(pair) for pair in pairs.tolist()}) == total


def test_every_other_concept_is_drawn_alike() -> None:
    """Of three concepts of one kind each ordered pair comes up a sixth of the time."""
    rows = np.arange(3)
    pairs = draw_pairs(np.repeat(rows, 1000)[::1000], rows, 2, generator=np.random.default_rng(0))
    assert pairs.shape == (2, 2)
    many = np.concatenate([draw_pairs(rows, rows, 2, generator=np.random.default_rng(seed)) for seed in range(3000)])
    counts = {(a, b): int(np.sum((many[:, 0] == a) & (many[:, 1] == b))) for a, b in itertools.permutations(range(3), 2)}
    assert all(abs(count - 1000) < 120 for count in counts.values())


@pytest.mark.parametrize("n_pairs", [20_000, 1_000_000])
def test_p_values_of_random_pairs_are_uniform(n_pairs: int) -> None:
    """300 genes and 200 drugs in three clusters, 44,850 to 60,000 pairs, calibrated on a sample or on all of them: 5,000 fresh pairs of each two kinds.

    A third of all p-values lies below a third, and so on: no Kolmogorov-Smirnov test finds them other than uniform.
    """
    generator = np.random.default_rng(5)
    centers = 2 * generator.normal(size=(3, 8))
    vectors = unit(centers[generator.integers(3, size=500)] + generator.normal(size=(500, 8)))
    rows = {"drug": np.arange(300, 500), "gene": np.arange(300)}
    table = calibrate(vectors, ["gene"] * 300 + ["drug"] * 200, n_pairs=n_pairs)
    for left, right in (("drug", "drug"), ("drug", "gene"), ("gene", "gene")):
        part = table.filter(left_kind=left, right_kind=right).sort("quantile")
        random_pairs = Distribution.from_quantiles(part["quantile"].to_numpy(), part["cosine"].to_numpy(), part["n_pairs"][0])
        fresh = draw_pairs(rows[left], rows[right], 5000, generator=generator)
        p_values = random_pairs.p_value(cosines_of_pairs(vectors, fresh))
        assert kstest(p_values, "uniform").pvalue > 0.05
        assert np.mean(p_values < 0.01) == pytest.approx(0.01, abs=0.004)
