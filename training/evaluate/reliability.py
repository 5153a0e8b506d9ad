"""Whether the percentiles that a space states can be trusted: fresh random pairs must lie below the p-th percentile p times in a hundred.

Held-out true pairs stand beside them: what share of these a percentile leaves below it is what a user loses who asks for at least that.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.tables import CALIBRATION, read_table
from generel.index.space_folder import CALIBRATION_FILE
from generel.query.percentiles import Distribution, Percentiles
from training.evaluate.bootstrap import mean_interval
from training.evaluate.measures import Measure
from training.evaluate.questions import SYNONYM, Questions
from training.evaluate.settings import Settings
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit

Reals = NDArray[np.float64]
RELIABILITY = "reliability"
N_RANDOM = 5000
# The percentile from which on a pair is worth a look.
HIGH = 95.0


def read_percentiles(space: Path) -> Percentiles:
    """The calibration of the space in a folder."""
    table = read_table(space / CALIBRATION_FILE, CALIBRATION)

    def read(left: str, right: str) -> tuple[Reals, Reals, int] | None:
        rows = table.filter((pl.col("left_kind") == left) & (pl.col("right_kind") == right)).sort("quantile")
        return None if rows.is_empty() else (rows["quantile"].to_numpy(), rows["cosine"].to_numpy(), int(rows["n_pairs"][0]))

    return Percentiles(read)


def stated_percentiles(asked: Sequence[Questions], split: NumberedSplit, space: SpaceVectors, percentiles: Percentiles, *, seed: int) -> tuple[dict[str, Reals], dict[str, Reals]]:
    """Percentiles of fresh random pairs and of the held-out true pairs, by pair of kinds; kinds without calibration are left out.

    Args:
        asked: questions about relations; of several about one pair of kinds all are taken together.
    """
    rng = np.random.default_rng(seed)

    def concepts_of(kind: str) -> NDArray[np.int64]:
        numbers = split.of_kind(kind)
        return numbers[~space.missing[numbers]]

    random: dict[str, Reals] = {}
    true: dict[str, list[Reals]] = {}
    for questions in asked:
        if questions.predicate == SYNONYM or (distribution := percentiles.between(*questions.kinds.split("-"))) is None:
            continue
        # What has no vector has no percentile either.
        there = ~(space.missing[questions.queries] | space.missing[questions.answers])
        true.setdefault(questions.kinds, []).append(_percentiles(space, questions.queries[there], questions.answers[there], distribution))
        if questions.kinds not in random:
            left, right = (rng.choice(concepts_of(kind), N_RANDOM) for kind in questions.kinds.split("-"))
            random[questions.kinds] = _percentiles(space, left, right, distribution)
    held_out = {kinds: np.concatenate(each) for kinds, each in true.items()}
    return random, {kinds: each for kinds, each in held_out.items() if len(each)}


def measure_reliability(random: dict[str, Reals], true: dict[str, Reals], *, settings: Settings) -> list[Measure]:
    """The share of pairs above the 95th percentile, in percent: 5 of random ones where it is honest, all of true ones at best."""
    measures = []
    for name, percentiles in [*((f"{kinds}, random pairs", each) for kinds, each in random.items()), *((f"{kinds}, held-out pairs", each) for kinds, each in true.items())]:
        above: Reals = np.where(percentiles > HIGH, 100.0, 0.0)
        interval = mean_interval(above, resamples=settings.resamples, seed=settings.seed)
        measures.append(Measure(RELIABILITY, name, "generel percentile", "pairs above the 95th percentile, %", len(above), interval))
    return measures


def _percentiles(space: SpaceVectors, left: NDArray[np.int64], right: NDArray[np.int64], distribution: Distribution) -> Reals:
    return distribution.percentile((space.vectors[left] * space.vectors[right]).sum(axis=1))
