"""Which names share three-letter pieces with a word that is perhaps misspelled.

Names are cut into the bytes ` warfarin ` -> ` wa`, `war`, `arf`, …; each distinct piece has a posting list of the names that hold it.
A query counts, for all names at once, how many of its rarest pieces they share: a few milliseconds for a million names, of which the
caller measures only the best.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
NAMES_AT_ONCE = 1 << 17
# Of a query's pieces so many are counted whatever they cost, and more while their lists are short.
FEWEST, POSTINGS = 4, 400_000
# Short names may hold fewer of the counted pieces than long ones and still be nearer: so many times the names wanted are looked at.
SPARE = 20


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


def rarest(lengths: Mapping[int, int]) -> list[int]:
    """The pieces of a query that are worth counting: the rarest ones, as long as their lists hold POSTINGS names together, and FEWEST at least.

    A piece that a tenth of all names hold tells few of them apart and costs more than all the rare ones.

    Args:
        lengths: of the posting list of each piece.
    """
    ascending = sorted(lengths, key=lambda code: (lengths[code], code))
    total = list(accumulate(lengths[code] for code in ascending))
    return [code for at, code in enumerate(ascending) if at < FEWEST or total[at] <= POSTINGS]


def most_shared(lists: Sequence[NDArray[np.uint32]], sizes: NDArray[np.uint16], *, n_grams: int, n: int) -> NDArray[np.intp]:
    """Positions of the n names most like a query, in no order; fewer where fewer share any piece with it.

    Likeness is the mean of what share of the counted pieces a name holds and of the Dice coefficient that follows from it. The first
    lets a word find the long name that contains it, the second prefers names of the query's own length.

    Args:
        lists: posting lists of the query's pieces that are counted.
        sizes: distinct pieces of each name.
        n_grams: distinct pieces of the query, counted or not.
    """
    if not lists or not len(sizes):
        return np.empty(0, np.intp)
    shared = np.bincount(np.concatenate(lists), minlength=len(sizes))
    # Names that share too few pieces to be among the best are left before anything is computed for them.
    at_least = np.cumsum(np.bincount(shared)[::-1])[::-1]  # at_least[i]: names with i pieces or more
    enough = max(1, int(np.flatnonzero(at_least >= min(SPARE * n, len(sizes)))[-1]))
    some = np.flatnonzero(shared >= enough)
    held = shared[some] / len(lists)
    dice = 2 * held * n_grams / (sizes[some] + n_grams)
    return some if len(some) <= n else some[np.argpartition(-(held + dice), n - 1)[:n]]
