"""Which names share three-letter pieces with a word that is perhaps misspelled.

Names are cut into the bytes ` warfarin ` -> ` wa`, `war`, `arf`, …; each distinct piece has a posting list of the names that hold it.
A query counts, for all names at once, how many of its pieces they share: exact counts for a million names in a few
milliseconds, from which the caller measures only the best.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
NAMES_AT_ONCE = 1 << 17


def gram_codes(normalized: str) -> Codes:
    """The distinct pieces of one normalized name, ascending, each as the number b0*65536 + b1*256 + b2 of its bytes."""
    padded = np.frombuffer(f" {normalized} ".encode(), dtype=np.uint8).astype(np.uint32)
    return np.unique(padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:])


def postings(normalized: Sequence[str]) -> tuple[Iterator[tuple[int, NDArray[np.uint32]]], NDArray[np.uint16]]:
    """Every piece with the ascending positions of the names that hold it, and how many distinct pieces each name has."""
    pairs = [_pairs(normalized[at : at + NAMES_AT_ONCE], at) for at in range(0, len(normalized), NAMES_AT_ONCE)]
    keys = np.sort(np.concatenate(pairs)) if pairs else np.empty(0, np.uint64)  # piece << 32 | position
    positions = (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    sizes = np.bincount(positions, minlength=len(normalized))
    return _split(keys >> np.uint64(32), positions), np.minimum(sizes, 65535).astype(np.uint16)


def _pairs(normalized: Sequence[str], offset: int) -> NDArray[np.uint64]:
    """Distinct (piece, position) pairs of a run of names, each packed into one number."""
    encoded = [f" {name} ".encode() for name in normalized]
    lengths = np.array([len(name) for name in encoded])
    text = np.frombuffer(b"".join(encoded) + b"  ", dtype=np.uint8).astype(np.uint64)
    codes = text[:-2] << np.uint64(16) | text[1:-1] << np.uint64(8) | text[2:]
    owner = np.repeat(np.arange(len(encoded)), lengths)
    # The last two pieces that begin inside a name reach into the next one.
    inside = np.arange(len(owner)) < np.repeat(np.cumsum(lengths), lengths) - 2
    return np.unique(codes[inside] << np.uint64(32) | (owner[inside] + offset).astype(np.uint64))


def _split(codes: NDArray[np.uint64], positions: NDArray[np.uint32]) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    """Each run of equal codes, with its positions."""
    starts = np.flatnonzero(np.diff(codes, prepend=np.uint64(0xFFFFFFFFFFFFFFFF)))
    for code, run in zip(codes[starts], np.split(positions, starts[1:]), strict=bool(len(starts))):
        yield int(code), run


def similarity(lists: Iterable[NDArray[np.uint32]], sizes: NDArray[np.uint16], *, n_grams: int) -> NDArray[np.float32]:
    """For every name a number in [0, 1]: the mean of what share of the query's pieces it holds and of the Dice coefficient.

    The first lets a word find the long name that contains it, the second prefers names of the query's own length.

    Args:
        lists: posting lists of the query's pieces; pieces that no name holds give none.
        sizes: distinct pieces of each name.
        n_grams: distinct pieces of the query.
    """
    held = list(lists)
    if not held:
        return np.zeros(len(sizes), np.float32)
    shared = np.bincount(np.concatenate(held), minlength=len(sizes)).astype(np.float32)
    return ((shared / n_grams + 2 * shared / (sizes.astype(np.float32) + n_grams)) / 2).astype(np.float32)
