"""From a cosine to its percentile and p-value among random pairs of the same two kinds.

Between calibrated quantiles values are interpolated. Where many random pairs have one and the same cosine, it counts as the
middle of them. The p-value never goes below one over the number of pairs that were drawn: more was not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
Read = Callable[[str, str], tuple[Reals, Reals, int] | None]


@dataclass(frozen=True)
class Distribution:
    """Cosines of random pairs of two kinds.

    Attributes:
        cosines: strictly ascending.
        quantiles: share of pairs below, for each.
        n_pairs: how many were drawn.
    """

    cosines: Reals
    quantiles: Reals
    n_pairs: int

    @classmethod
    def from_quantiles(cls, quantiles: Reals, cosines: Reals, n_pairs: int) -> "Distribution":
        """From calibrated quantiles; cosines that are equal to twelve places are put together at their mean quantile."""
        # Between cosines that differ by next to nothing the slope of a quantile would be infinite.
        _, first, at = np.unique(np.round(cosines, 12), return_index=True, return_inverse=True)
        return cls(np.asarray(cosines)[first], np.bincount(at, weights=quantiles) / np.bincount(at), n_pairs)

    def quantile(self, cosines: ArrayLike) -> Reals:
        """The share in [0, 1] of random pairs with a lower cosine; never falls as the cosine rises."""
        return np.interp(np.asarray(cosines, dtype=np.float64), self.cosines, self.quantiles)

    def percentile(self, cosines: ArrayLike) -> Reals:
        """`quantile` in percent."""
        return 100 * self.quantile(cosines)

    def p_value(self, cosines: ArrayLike) -> Reals:
        """The share of random pairs at least as alike, in [1/n_pairs, 1]."""
        return self.p_value_at(self.quantile(cosines))

    def p_value_at(self, quantiles: Reals) -> Reals:
        """`p_value` of cosines whose `quantile` is known already."""
        return np.maximum(1 - quantiles, 1 / self.n_pairs)


class Percentiles:
    """The distributions of a space, each read when first asked for."""

    def __init__(self, read: Read) -> None:
        """`read` gives quantiles, cosines and n_pairs of two kinds, the first not after the second; None if there are none."""
        self._read = read
        self._known: dict[tuple[str, str], Distribution | None] = {}

    def between(self, left_kind: str, right_kind: str) -> Distribution | None:
        """The distribution for two kinds in either order; None where they were not calibrated, as for free text."""
        kinds = (min(left_kind, right_kind), max(left_kind, right_kind))
        if kinds not in self._known:
            found = self._read(*kinds)
            self._known[kinds] = Distribution.from_quantiles(*found) if found else None
        return self._known[kinds]
