"""Vectors of unit norm: all that a space holds, and all that a store is asked with.

A zero vector is near nothing, a NaN is near everything, and one of another length was made by another encoder: each would be
answered with a wrong neighbor, so each is refused when a space is written, when it is loaded, and when it is asked.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from generel.concepts.errors import BadInput, Corrupt
from generel.index.vectors_file import Floats

NORM_TOLERANCE = 1e-3
ROWS_AT_ONCE = 1 << 14
SHOWN = 5


class Faults(NamedTuple):
    """What is wrong with each of n vectors; (n,) bool each, and no vector has both."""

    not_finite: NDArray[np.bool_]
    not_unit: NDArray[np.bool_]


def find_faults(vectors: Floats) -> Faults:
    """Which of (n, dim) vectors hold NaN or infinity, and which of the others are not of unit norm."""
    finite: NDArray[np.bool_] = np.all(np.isfinite(vectors), axis=1)
    # Numbers so large that their squares overflow give an infinite norm, which is no unit norm either.
    with np.errstate(over="ignore"):
        norms: Floats = np.asarray(np.linalg.norm(vectors, axis=1))
    return Faults(~finite, np.logical_and(finite, ~(np.abs(norms - 1) <= NORM_TOLERANCE)))


def check_queries(vectors: ArrayLike, *, dims: int) -> Floats:
    """(queries, dims) float32: vectors to search with; a single one will do.

    Raises:
        BadInput: vectors of another length, or some that are zero, not finite or not of unit norm; all of them are counted.
    """
    queries: Floats = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    if queries.ndim != 2 or queries.shape[1] != dims:
        raise BadInput(f"query vectors have shape {queries.shape}; the space has {dims} numbers a vector")
    if wrong := _describe(find_faults(queries)):
        raise BadInput(f"of {len(queries):,} query vectors {wrong}; embed the text again, or divide each vector by its norm")
    return queries


def check_stored(vectors: Floats, path: Path) -> None:
    """Nothing, if all vectors of a space are finite and of unit norm; they are read in blocks.

    Raises:
        Corrupt: some are not; it says how many and the first rows.
    """
    blocks = [find_faults(vectors[start : start + ROWS_AT_ONCE]) for start in range(0, len(vectors), ROWS_AT_ONCE)]
    if wrong := _describe(Faults(*(np.concatenate(column) for column in zip(*blocks, strict=True)))):
        raise Corrupt(f"{path} holds vectors that nothing can be compared with: {wrong}; release the space again")


def _describe(faults: Faults) -> str:
    """Both kinds of fault with counts and first rows; empty where there are none."""
    named = ((faults.not_finite, "hold NaN or infinite numbers"), (faults.not_unit, "are zero or not of unit norm"))
    return " and ".join(f"{np.sum(bad):,} {what} (row {', '.join(map(str, np.flatnonzero(bad)[:SHOWN]))})" for bad, what in named if bad.any())
