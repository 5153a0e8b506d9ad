"""Strings as bags of token rows: every word piece, and every pair of neighbors hashed into a fixed number of rows.

The first `n_tokens` rows belong to the tokenizer's vocabulary, the rest to the hashed pairs. The hash is plain integer
arithmetic, the same on every machine and in every version: a released tower depends on it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Odd 64-bit constants of a multiplicative hash (the golden ratio's and a prime's), fixed for ever.
FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


class Bags(NamedTuple):
    """Bags of many strings, one after the other: string i has `rows[offsets[i]:offsets[i + 1]]`.

    `rows` is int32, `offsets` int64 of length (number of strings) + 1. An empty string has an empty bag.
    """

    rows: np.ndarray
    offsets: np.ndarray

    def take(self, strings: np.ndarray) -> "Bags":
        """The bags of the strings with these numbers, in this order."""
        lengths = np.diff(self.offsets)[strings]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        return Bags(self.rows[np.repeat(self.offsets[:-1][strings], lengths) + within], offsets)


def make_bags(ids: Sequence[Sequence[int]], *, n_tokens: int, n_pairs: int) -> Bags:
    """The bags of tokenized strings; each string's ids come with [CLS] first and [SEP] last, which are left out.

    Args:
        ids: token ids below `n_tokens`.
        n_tokens: size of the vocabulary.
        n_pairs: number of rows for hashed pairs; 0 leaves pairs out.
    """
    lengths = np.array([max(0, len(one) - 2) for one in ids], dtype=np.int64)
    tokens = np.fromiter((token for one in ids for token in one[1:-1]), dtype=np.int64, count=int(lengths.sum()))
    if not n_pairs:
        return Bags(tokens.astype(np.int32), np.concatenate(([0], np.cumsum(lengths))))
    string_of = np.repeat(np.arange(len(lengths)), lengths)
    paired = np.flatnonzero(string_of[1:] == string_of[:-1]) if len(tokens) else np.empty(0, dtype=np.int64)
    pairs = n_tokens + hash_pairs(tokens[paired], tokens[paired + 1], n_pairs=n_pairs)
    rows = np.concatenate((tokens, pairs))
    order = np.argsort(np.concatenate((string_of, string_of[paired])), kind="stable")
    counts = lengths + np.maximum(lengths - 1, 0)
    return Bags(rows[order].astype(np.int32), np.concatenate(([0], np.cumsum(counts))))


def join_bags(parts: Sequence[Bags]) -> Bags:
    """The bags of several blocks of strings, one after the other; at least one block."""
    starts = np.cumsum([0, *(len(part.rows) for part in parts)])
    offsets = [part.offsets[:-1] + start for part, start in zip(parts, starts.tolist(), strict=False)]
    return Bags(np.concatenate([part.rows for part in parts]), np.concatenate([*offsets, starts[-1:]]))


def hash_pairs(left: np.ndarray, right: np.ndarray, *, n_pairs: int) -> np.ndarray:
    """A number in [0, n_pairs) for each ordered pair of token ids."""
    with np.errstate(over="ignore"):
        mixed = left.astype(np.uint64) * FIRST + right.astype(np.uint64) * SECOND
        mixed ^= mixed >> np.uint64(31)
        mixed *= FIRST
    return ((mixed >> np.uint64(33)) % np.uint64(n_pairs)).astype(np.int64)
