"""Percentiles for people: never 100, which nothing that was sampled can show.

Programs get the number as it is. In a table one that rounds to 100, or lies beyond the last random pair but one, is shown as above the
highest that the sample can tell: `>99.99`, or `>93.33` of fifteen pairs.
"""

import math

# What four digits, as tables have them, tell from 100.
HIGHEST = 99.99


class Percentile(float):
    """A percentile in a record: a number like any other, with the highest one that its sample can tell."""

    most: float

    def __new__(cls, value: float, *, most: float = HIGHEST) -> "Percentile":
        """Of `value` in percent; `most` likewise."""
        made = super().__new__(cls, value)
        made.most = min(most, HIGHEST)
        return made

    def for_people(self, written: str) -> str:
        """`written`, which is the number in so many digits, or what it is above."""
        return f">{math.floor(100 * self.most) / 100:g}" if self > self.most else written


def percentile_of(value: float | None, *, p_value: float | None = None, n_pairs: int | None = None) -> Percentile | None:
    """The percentile for a record; None for None.

    Args:
        p_value: that goes with it: never below one over the number of pairs that were drawn.
        n_pairs: how many were drawn, where there is no p-value.
    """
    if value is None:
        return None
    least = p_value if p_value is not None else 1 / n_pairs if n_pairs else 0.0
    return Percentile(value, most=100 * (1 - least))
