"""What a cosine is worth: the distribution of cosines of random pairs, by pair of kinds.

Two random drugs are more alike than a random drug and a random gene, in every trained space; a bare cosine says nothing without
that. Made once at release; `generel.query.percentiles` reads it.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.progress import SILENT, Progress
from generel.concepts.tables import CALIBRATION, check
from generel.query.cosines import cosines_of_pairs

Floats = NDArray[np.float32]
# Even steps of a thousandth, and in the upper tail, where related pairs lie, steps down to a millionth.
QUANTILES: NDArray[np.float64] = np.unique(
    np.concatenate([np.arange(1001) / 1000, *(1 - np.arange(1, 10) / parts for parts in (10_000, 100_000, 1_000_000))])
)


def calibrate(
    vectors: Floats, kinds: Sequence[str], *, n_pairs: int = 1_000_000, seed: int = 0, progress: Progress = SILENT
) -> pl.DataFrame:
    """CALIBRATION of a space: quantiles of the cosine of random pairs of different concepts, for every pair of kinds.

    Where two kinds have no more than `n_pairs` pairs, all are taken, else that many are drawn with replacement. A kind
    of one concept has no pairs with itself and no rows for them. `left_kind` <= `right_kind`.

    Args:
        vectors: (n, dim) float32, unit norm.
        kinds: (n,) the kind of each.
        n_pairs: how many pairs to draw; below a million the outermost quantiles are interpolated guesses. What was drawn is itself
            uncertain: with 200,000, the p-values of 100,000 fresh pairs fail a test of being uniform three times too often.
    """
    of_kind = {kind: np.flatnonzero(np.asarray(kinds) == kind) for kind in sorted(set(kinds))}
    generator = np.random.default_rng(seed)
    parts = []
    choices = list(itertools.combinations_with_replacement(of_kind, 2))
    with progress.task("calibrating", total=len(choices)) as advance:
        for left, right in choices:
            pairs = draw_pairs(of_kind[left], of_kind[right], n_pairs, generator=generator)
            if len(pairs):
                parts.append(_quantiles(cosines_of_pairs(vectors, pairs), left, right))
            advance(1)
    return check(pl.concat(parts), CALIBRATION) if parts else CALIBRATION.empty()


def draw_pairs(left: NDArray[np.intp], right: NDArray[np.intp], n: int, *, generator: np.random.Generator) -> NDArray[np.intp]:
    """(pairs, 2) rows of different concepts, one from `left` and one from `right`; all pairs where there are at most n.

    Args:
        left: rows of one kind.
        right: rows of another kind, or the same rows.
    """
    same = len(left) == len(right) and bool(np.all(left == right))
    total = len(left) * (len(left) - 1) // 2 if same else len(left) * len(right)
    if total <= n:
        first, second = np.triu_indices(len(left), 1) if same else np.divmod(np.arange(total), max(len(right), 1))
    else:
        first = generator.integers(len(left), size=n)
        second = generator.integers(len(right) - same, size=n)
        # Among the others only: those from the first one on move up by one.
        second = second + (second >= first) if same else second
    return np.stack([left[first], right[second]], axis=1)


def _quantiles(cosines: Floats, left: str, right: str) -> pl.DataFrame:
    values = np.quantile(cosines.astype(np.float64), QUANTILES)
    return pl.DataFrame({"left_kind": left, "right_kind": right, "quantile": QUANTILES, "cosine": values, "n_pairs": len(cosines)})
