"""Are the variants with larger effects on a trait nearer to it? Inside a trait, because effects on two traits have no common unit.

Only |beta| is asked about: which allele is counted is a convention, and a cosine has no sign to agree with. Rare variants have larger
effects than common ones, so some agreement comes without knowing any effect: compare with the variant's degree, and with the raw encoder.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import stats

from training.evaluate.bootstrap import bootstrap, mean_interval
from training.evaluate.measures import Measure
from training.evaluate.metrics import Interval, Reals
from training.evaluate.pair_figures import level, spearman
from training.evaluate.pair_scores import score_pairs
from training.evaluate.ranking import Scorer

PROTOCOL = "effect size"
POOLED = "all"
METRIC = "Spearman"
LOG_ODDS = "log odds"
# The variance of Fisher's z of a Spearman correlation is 1.06 / (n - 3): Fieller, Hartley & Pearson, Biometrika 1957.
FIELLER = 1.06
# The mean of fewer says nothing of traits such as these.
LEAST_TRAITS = 5
# Beyond it Fisher's z has no bounds.
CERTAIN = 0.999999
NORMAL_95 = 1.959964


class EffectBin(NamedTuple):
    """Variants of about equal effect: how many, their mean |beta|, and the mean cosine with their trait."""

    n: int
    size: float
    cosine: Interval


def select_effects(
    associations: pl.DataFrame, number: Mapping[str, int], *, minimum: int, among: pl.DataFrame | None = None
) -> pl.DataFrame:
    """`trait, variant, unit, size, trait_number, variant_number`: |beta| of each variant of the traits that have enough.

    Of several rows of a pair in one unit the most significant counts, the first study by name on a tie; of several units of a trait the one
    with most variants, the first by name on a tie. Rows without a beta or a unit say nothing of size. A trait whose effects are all equal
    has no order to agree with and is left out.

    Args:
        associations: ASSOCIATIONS.
        number: of each concept that the methods can score.
        minimum: variants that a trait has to have.
        among: `variant, trait` of the pairs that are asked about, such as the held-out ones; None for all.
    """
    rows = associations.filter(pl.col("beta").is_finite() & pl.col("effect_unit").is_not_null())
    rows = rows if among is None else rows.join(among, on=["variant", "trait"], how="semi")
    rows = rows.with_columns(
        size=pl.col("beta").abs(), unit="effect_unit",
        trait_number=_numbers(rows["trait"], number), variant_number=_numbers(rows["variant"], number),
    ).drop_nulls(["trait_number", "variant_number"])
    strongest = rows.sort("trait", "unit", "variant", -pl.col("neg_log10_p"), "study", "effect_allele")
    effects = strongest.unique(["trait", "unit", "variant"], keep="first", maintain_order=True)
    counts = effects.group_by("trait", "unit").agg(n=pl.len(), sizes=pl.col("size").n_unique()).sort("trait", "n", "unit", descending=[False, True, False])
    enough = counts.unique("trait", keep="first", maintain_order=True).filter((pl.col("n") >= minimum) & (pl.col("sizes") > 1))
    asked = effects.join(enough, on=["trait", "unit"], how="semi").sort("trait", "variant")
    return asked.select("trait", "variant", "unit", "size", "trait_number", "variant_number")


def measure_effect_sizes(
    effects: pl.DataFrame, scorers: Mapping[str, Scorer], *, resamples: int, seed: int, groups: Mapping[str, Collection[str]] | None = None
) -> list[Measure]:
    """Spearman of score and |beta| for each method: trait by trait with intervals over variants, then pooled over the traits.

    They are pooled over all, then over each group that has enough of them.

    Args:
        effects: of `select_effects`.
        scorers: by the name of the method; each scores variants as queries against traits as candidates.
        groups: the traits of each group, by its name.
    """
    measures = []
    for method, scorer in scorers.items():
        inside = list(_inside_traits(effects, _scores(effects, scorer), method, resamples=resamples, seed=seed))
        measures += [*inside, pool_traits(inside)] if inside else []
        for name, traits in (groups or {}).items():
            theirs = [each for each in inside if each.about in traits]
            measures += [replace(pool_traits(theirs), about=f"{POOLED}, {name}")] if len(theirs) >= LEAST_TRAITS else []
    return measures


def pool_traits(measures: list[Measure]) -> Measure:
    """The mean correlation over traits by a random-effects mean of Fisher's z: a trait with many variants does not outvote all others.

    The interval is that of the mean over traits such as these; it takes the traits for independent, which two that share variants are not.

    Source: DerSimonian & Laird, Controlled Clinical Trials 1986.
    """
    z = np.arctanh(np.clip([each.interval.value for each in measures], -CERTAIN, CERTAIN))
    # Three variants or fewer have no variance to speak of; they weigh as four do.
    variances = FIELLER / np.maximum(np.array([each.n for each in measures]) - 3.0, 1.0)
    weights = 1 / (variances + variance_between(z, variances))
    center, error = float((weights * z).sum() / weights.sum()), float(weights.sum() ** -0.5)
    ends = (center, center - NORMAL_95 * error, center + NORMAL_95 * error)
    p_value = float(2 * stats.norm.sf(abs(center) / error))
    note = f"random-effects mean of Fisher's z over {len(measures):,} traits"
    return Measure(PROTOCOL, POOLED, measures[0].method, METRIC, sum(each.n for each in measures), Interval(*np.tanh(ends).tolist()), p_value, note)


def variance_between(z: Reals, variances: Reals) -> float:
    """How much traits differ beyond what their numbers of variants explain: DerSimonian and Laird's tau squared, not below 0."""
    weights = 1 / variances
    total = weights.sum()
    scatter = (weights * (z - (weights * z).sum() / total) ** 2).sum()
    spare = total - (weights**2).sum() / total
    return max(0.0, float((scatter - (len(z) - 1)) / spare)) if spare > 0 else 0.0


def bin_effects(effects: pl.DataFrame, scorer: Scorer, *, unit: str, bins: int, resamples: int, seed: int) -> list[EffectBin]:
    """Of all traits with that unit: variants by |beta|, smallest first, in bins of equal number; for a picture.

    Equal effects may fall into two bins. No more bins than pairs, and none where no trait has the unit. Traits of large effects fill the last
    bins, so a picture may rise or fall though inside no trait anything does: read it beside the pooled correlation.
    """
    rows = effects.filter(pl.col("unit") == unit)
    if rows.is_empty():
        return []
    cosines, sizes = _scores(rows, scorer), rows["size"].to_numpy()
    parts = np.array_split(np.argsort(sizes, kind="stable"), min(bins, len(sizes)))
    return [EffectBin(len(part), float(sizes[part].mean()), mean_interval(cosines[part], resamples=resamples, seed=seed)) for part in parts]


def _inside_traits(effects: pl.DataFrame, scores: Reals, method: str, *, resamples: int, seed: int) -> Iterator[Measure]:
    for rows in effects.with_columns(score=pl.Series(scores, dtype=pl.Float64)).partition_by("trait", maintain_order=True):
        theirs, sizes = rows["score"].to_numpy(), rows["size"].to_numpy()
        interval = bootstrap(partial(spearman, theirs, sizes), rows.height, resamples=resamples, seed=seed)
        p_value = float(stats.spearmanr(theirs, sizes).pvalue) if np.ptp(theirs) else 1.0
        yield Measure(PROTOCOL, rows["trait"][0], method, METRIC, rows.height, interval, p_value, f"|beta| in {rows['unit'][0]}")


def _scores(effects: pl.DataFrame, scorer: Scorer) -> Reals:
    scores = score_pairs(scorer, effects["variant_number"].to_numpy(), effects["trait_number"].to_numpy())
    return level(scores, resolution=scorer.resolution)


def _numbers(curies: pl.Series, number: Mapping[str, int]) -> pl.Series:
    return pl.Series([number.get(curie) for curie in curies.to_list()], dtype=pl.Int64)
