"""Texts of unlike length laid end to end: one long row of tokens, and how many texts of each length are in it.

Whatever looks at one token at a time (nearly all of a language model's work) runs once over all tokens, without padding; attention
runs once for every length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Group(NamedTuple):
    """Neighboring texts of one length: how many, and of how many tokens."""

    rows: int
    length: int

    @property
    def n_tokens(self) -> int:
        return self.rows * self.length


@dataclass(frozen=True)
class Packing:
    """The order of packed texts and their groups.

    Attributes:
        order: (texts,) which text comes at each place; shorter ones first, equal lengths in the order they were given.
        groups: one a length, ascending.
    """

    order: NDArray[np.int64]
    groups: tuple[Group, ...]

    @property
    def positions(self) -> NDArray[np.int64]:
        """(tokens,) each token's place in its text."""
        parts = [np.tile(np.arange(length), rows) for rows, length in self.groups]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def pack(lengths: Sequence[int] | NDArray[np.int64]) -> Packing:
    """How texts of these lengths (in tokens, each at least 1) are packed."""
    numbers = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    found, counts = np.unique(numbers, return_counts=True)
    return Packing(order, tuple(Group(rows, length) for rows, length in zip(counts.tolist(), found.tolist(), strict=True)))


def token_batches(lengths: Sequence[int] | NDArray[np.int64], *, tokens_a_batch: int) -> list[NDArray[np.int64]]:
    """Text numbers in batches of at most so many tokens, or one text; the longest come first and neighbors are alike in length."""
    numbers = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-numbers, kind="stable")
    batches, start, held = [], 0, 0
    for place, tokens in enumerate(numbers[order].tolist()):
        if held and held + tokens > tokens_a_batch:
            batches.append(order[start:place])
            start, held = place, 0
        held += tokens
    return [*batches, order[start:]] if len(order) else []
