"""Seeded draws that depend on nothing but the seed and the text itself.

A generator's stream depends on how many rows came before; these numbers do not. So a pair that is held out of one build stays
held out of the next, when the sources have grown, and on every machine and version of every library.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
# The multipliers and shifts of splitmix64's finalizer (Steele, Lea & Flood, OOPSLA 2014).
MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
# An odd number without structure, so that a pair's two ends do not weigh alike and (a, b) is not (b, a).
LEFT_WEIGHT = 0x9E3779B97F4A7C15


def draw_each(texts: pl.Series, *, seed: int, purpose: str) -> Numbers:
    """One number a text, uniform over 64 bits, equal for equal texts; draws for different purposes are independent."""
    distinct = texts.unique()
    key = f"{seed}/{purpose}".encode()
    numbers = pl.Series([int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest()) for text in distinct], dtype=pl.UInt64)
    if distinct.is_empty():
        return np.empty(0, np.uint64)
    return texts.replace_strict(distinct, numbers, return_dtype=pl.UInt64).to_numpy()


def draw_pairs(left: pl.Series, right: pl.Series, *, seed: int, purpose: str) -> Numbers:
    """One number a pair (left, right), uniform over 64 bits, equal for equal pairs."""
    joint = pl.concat([left.rename("text"), right.rename("text")])
    numbers = draw_each(joint, seed=seed, purpose=purpose)
    return _mix(numbers[: len(left)] * np.uint64(LEFT_WEIGHT) ^ numbers[len(left) :])


def share(numbers: Numbers) -> NDArray[np.float64]:
    """Each number as a share of the largest one, in [0, 1)."""
    return (numbers >> np.uint64(11)).astype(np.float64) / 2.0**53


def _mix(numbers: Numbers, steps: Iterable[tuple[int, int]] = MIX) -> Numbers:
    for shift, factor in steps:
        numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(factor)
    return numbers ^ (numbers >> np.uint64(31))
