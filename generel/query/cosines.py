"""Cosines of a great many pairs of vectors that lie in a memory map.

The work is bound by memory: a pair of 384 numbers reads 3 kB from two places and computes next to nothing. Blocks are small enough that what was
gathered is still in the processor's cache when it is multiplied, and every processor works on its own, for numpy gives the
interpreter's lock back while it gathers and multiplies.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
BLOCK, BLOCKS_AT_ONCE = 256, 64
# Fewer pairs than this are done before threads have started.
WORTH_THREADS = 1 << 14


def cosines_of_pairs(vectors: Floats, pairs: NDArray[np.integer]) -> Floats:
    """(pairs,) float32 cosines, in [-1, 1], of rows of unit vectors.

    Args:
        vectors: (n, dim) float32, unit norm; may be a memory map.
        pairs: (pairs, 2) rows.
    """
    cosines = np.empty(len(pairs), np.float32)

    def fill(starts: Sequence[int]) -> None:
        for start in starts:
            part = slice(start, start + BLOCK)
            np.einsum("ij,ij->i", vectors[pairs[part, 0]], vectors[pairs[part, 1]], out=cosines[part])

    starts = range(0, len(pairs), BLOCK)
    if len(pairs) < WORTH_THREADS:
        fill(starts)
    else:
        with ThreadPoolExecutor(os.cpu_count()) as workers:
            # `list` brings up what went wrong in any.
            list(workers.map(fill, [starts[at : at + BLOCKS_AT_ONCE] for at in range(0, len(starts), BLOCKS_AT_ONCE)]))
    return np.clip(cosines, -1, 1, out=cosines)
