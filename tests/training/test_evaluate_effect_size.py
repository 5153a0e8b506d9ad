"""Cosine against |beta| inside traits: which rows count, pooling by hand, a planted effect, and random spaces."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from scipy import stats

from generel.concepts.tables import ASSOCIATIONS
from tests.training.evaluate_world import random_unit
from training.evaluate import effect_size
from training.evaluate.effect_size import (
    LOG_ODDS,
    bin_effects,
    measure_effect_sizes,
    pool_traits,
    select_effects,
    variance_between,
)
from training.evaluate.measures import Measure
from training.evaluate.metrics import Interval
from training.evaluate.scorers import Cosine

TRAITS = [f"mondo:{number:07d}" for number in range(1, 5)]
Row = tuple[str, str, str, float | None, str | None, float]


def associations(rows: Sequence[Row]) -> pl.DataFrame:
    """ASSOCIATIONS of rows `variant, trait, study, beta, unit, neg_log10_p`; the effect allele is A."""
    columns = [
        (variant, trait, study, "A", "G", beta, unit, None, significance, None, None, None, None, None, [], "made up", "1", "CC0-1.0")
        for variant, trait, study, beta, unit, significance in rows
    ]
    return pl.DataFrame(columns, schema=ASSOCIATIONS.columns, orient="row")


def numbered(table: pl.DataFrame) -> dict[str, int]:
    """A number for every variant and trait of the table."""
    return {curie: number for number, curie in enumerate(sorted({*table["variant"], *table["trait"]}))}


def world(*, variants: int = 40, seed: int = 0) -> pl.DataFrame:
    """Effects of every variant on each of the traits, drawn at random."""
    rng = np.random.default_rng(seed)
    return associations([(f"dbsnp:rs{number}", trait, "one", float(rng.normal()), LOG_ODDS, 9.0) for trait in TRAITS for number in range(1, variants + 1)])


def planted(table: pl.DataFrame, *, trait: str, steepness: float) -> tuple[np.ndarray, Mapping[str, int]]:
    """Vectors in which a variant's cosine with the trait grows (steepness > 0) with its |beta|; the other traits at right angles to all."""
    number = numbered(table)
    vectors = np.zeros((len(number), 3), dtype=np.float32)
    vectors[[number[each] for each in TRAITS]] = (0, 0, 1)
    vectors[number[trait]] = (1, 0, 0)
    for variant, beta in table.filter(pl.col("trait") == trait).select("variant", "beta").rows():
        angle = np.pi / 2 - steepness * abs(beta) / 4
        vectors[number[variant]] = (np.cos(angle), np.sin(angle), 0)
    return vectors, number


def by_about(measures: Sequence[Measure], method: str) -> dict[str, Measure]:
    """The measures of a method."""
    return {each.about: each for each in measures if each.method == method}


def test_the_most_significant_row_of_the_commonest_unit_counts() -> None:
    """|beta| of the smallest p; on a tie the first study; a trait's other unit, and rows without beta or unit, do not count."""
    table = associations([
        ("dbsnp:rs1", TRAITS[0], "one", -0.5, LOG_ODDS, 8.0), ("dbsnp:rs1", TRAITS[0], "two", 0.9, LOG_ODDS, 12.0),
        ("dbsnp:rs2", TRAITS[0], "two", 0.3, LOG_ODDS, 8.0), ("dbsnp:rs2", TRAITS[0], "one", -0.2, LOG_ODDS, 8.0),
        ("dbsnp:rs3", TRAITS[0], "one", 7.0, "mg/dl", 99.0), ("dbsnp:rs4", TRAITS[0], "one", None, LOG_ODDS, 9.0),
        ("dbsnp:rs5", TRAITS[0], "one", 0.4, None, 9.0), ("dbsnp:rs6", TRAITS[0], "one", float("nan"), LOG_ODDS, 9.0),
    ])
    effects = select_effects(table, numbered(table), minimum=2)
    assert effects.select("variant", "size").rows() == [("dbsnp:rs1", 0.9), ("dbsnp:rs2", 0.2)]
    assert effects["unit"].unique().to_list() == [LOG_ODDS]


def test_traits_with_too_few_or_equal_effects_are_not_asked_about() -> None:
    """Unknown variants do not count; a trait whose effects are all equal has no order."""
    table = associations([
        *((f"dbsnp:rs{number}", TRAITS[0], "one", float(number), LOG_ODDS, 9.0) for number in range(1, 4)),
        *((f"dbsnp:rs{number}", TRAITS[1], "one", 0.5 * (-1) ** number, LOG_ODDS, 9.0) for number in range(1, 4)),
        *((f"dbsnp:rs{number}", TRAITS[2], "one", float(number), LOG_ODDS, 9.0) for number in range(1, 3)),
    ])
    number = numbered(table)
    assert select_effects(table, number, minimum=3)["trait"].unique().to_list() == [TRAITS[0]]
    assert select_effects(table, {curie: place for curie, place in number.items() if curie != "dbsnp:rs2"}, minimum=3).is_empty()
    assert measure_effect_sizes(select_effects(table, number, minimum=9), {"any": Cosine(*[np.eye(9, dtype=np.float32)] * 2)}, resamples=10, seed=0) == []


def test_only_the_pairs_that_are_asked_about_count() -> None:
    """`among` keeps the held-out pairs."""
    table = world(variants=5)
    among = table.filter(pl.col("trait") == TRAITS[1]).select("variant", "trait").head(3)
    effects = select_effects(table, numbered(table), minimum=3, among=among)
    assert effects.select("variant", "trait").rows() == among.rows()


def test_a_planted_effect_is_found_in_its_trait() -> None:
    """Cosine that grows with |beta| has a correlation of 1 there, the mirrored one -1, and other traits tell nothing."""
    table = world()
    for steepness, expected in ((1.0, 1.0), (-1.0, -1.0)):
        vectors, number = planted(table, trait=TRAITS[1], steepness=steepness)
        effects = select_effects(table, number, minimum=30)
        measures = by_about(measure_effect_sizes(effects, {"planted": Cosine(vectors, vectors)}, resamples=50, seed=0), "planted")
        assert measures[TRAITS[1]].interval == pytest.approx([expected] * 3)
        assert measures[TRAITS[1]].p_value == pytest.approx(0, abs=1e-12)
        assert (measures[TRAITS[0]].interval, measures[TRAITS[0]].p_value) == (Interval(0.0, 0.0, 0.0), 1.0)
        assert measures["all"].n == 160


def test_figures_inside_a_trait_are_those_of_scipy() -> None:
    """Spearman and its p of the trait's variants alone."""
    table, vectors = world(), random_unit(44, dims=8, seed=5)
    number = numbered(table)
    measures = by_about(measure_effect_sizes(select_effects(table, number, minimum=30), {"random": Cosine(vectors, vectors)}, resamples=50, seed=0), "random")
    for trait in TRAITS:
        rows = table.filter(pl.col("trait") == trait)
        cosines = [float(vectors[number[variant]] @ vectors[number[trait]]) for variant in rows["variant"]]
        expected = stats.spearmanr(cosines, rows["beta"].abs())
        assert (measures[trait].interval.value, measures[trait].p_value) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))


def test_traits_that_agree_are_pooled_as_one_by_hand() -> None:
    """z of .5 is .5493; two traits of 56: variance 1.06 / 53 / 2 = .01, error .1, ends tanh(.5493 -+ .196), p of 5.49 deviations."""
    measures = [Measure("effect size", trait, "any", "Spearman", 56, Interval(0.5, 0, 1)) for trait in TRAITS[:2]]
    pooled = pool_traits(measures)
    assert list(pooled.interval) == pytest.approx([0.5, np.tanh(0.5493 - 0.196), np.tanh(0.5493 + 0.196)], abs=1e-4)
    assert pooled.p_value == pytest.approx(2 * stats.norm.sf(5.493), rel=1e-2)
    assert (pooled.n, pooled.note) == (112, "random-effects mean of Fisher's z over 2 traits")


def test_traits_that_differ_make_the_interval_wider() -> None:
    """z of 0 and 1 with variances .1: Q = 5, C = 10, tau squared (5 - 1) / 10 = .4; none for a single trait."""
    assert variance_between(np.array([0.0, 1.0]), np.array([0.1, 0.1])) == pytest.approx(0.4)
    assert variance_between(np.array([1.0]), np.array([0.1])) == 0.0
    assert variance_between(np.array([0.1, 0.1, 0.1]), np.array([0.1, 0.2, 0.3])) == 0.0


def test_a_random_space_is_at_chance() -> None:
    """Of 20 random spaces nearly all have 0 inside the interval of every trait and of the pool."""
    table = world()
    effects = select_effects(table, numbered(table), minimum=30)
    scorers = {str(seed): Cosine(*[random_unit(44, dims=16, seed=seed)] * 2) for seed in range(20)}
    measures = measure_effect_sizes(effects, scorers, resamples=200, seed=0)
    for about in (*TRAITS, "all"):
        assert sum(each.interval.low <= 0 <= each.interval.high for each in measures if each.about == about) >= 17


def test_bins_go_from_small_to_large_effects() -> None:
    """Equal numbers by |beta|, with the mean cosine of each; a planted cosine rises from bin to bin; no bin without the unit."""
    table = world().filter(pl.col("trait") == TRAITS[0])
    vectors, number = planted(world(), trait=TRAITS[0], steepness=1.0)
    effects = select_effects(table, number, minimum=30)
    bins = bin_effects(effects, Cosine(vectors, vectors), unit=LOG_ODDS, bins=4, resamples=50, seed=0)
    sizes = np.sort(np.abs(table["beta"].to_numpy())).reshape(4, 10)
    assert [each.n for each in bins] == [10] * 4
    assert [each.size for each in bins] == pytest.approx(sizes.mean(axis=1).tolist())
    assert [each.cosine.value for each in bins] == pytest.approx(np.sin(sizes / 4).mean(axis=1).tolist(), abs=1e-6)
    assert bin_effects(effects, Cosine(vectors, vectors), unit="SD", bins=4, resamples=50, seed=0) == []


def test_a_group_is_pooled_from_its_own_traits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of four traits: what pooling these two gives; a group of one trait is too small."""
    monkeypatch.setattr(effect_size, "LEAST_TRAITS", 2)
    table = world()
    vectors, number = planted(table, trait=TRAITS[0], steepness=1)
    groups = {"first two": TRAITS[:2], "last": TRAITS[3:]}
    measures = measure_effect_sizes(select_effects(table, number, minimum=30), {"any": Cosine(vectors, vectors)}, resamples=20, seed=0, groups=groups)
    found = by_about(measures, "any")
    assert set(found) == {*TRAITS, "all", "all, first two"}
    assert found["all, first two"].interval == pool_traits([found[trait] for trait in TRAITS[:2]]).interval
