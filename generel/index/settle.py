"""Engines propose rows; the space's own file disposes.

Whatever an engine says of a row, its cosine is computed anew from `vectors.safetensors` and its kind is looked up in the
tables: an engine's damaged or outdated copy can hide a neighbor, and never invent one or misstate its cosine.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt
from generel.concepts.kinds import KINDS
from generel.index.store import NO_ROW, Nearest, Rows, fill
from generel.index.vectors_file import Floats

# Asked of an engine beyond k: the row that is left out, and concepts that tie with the last one, of which the lowest row stays.
SPARE = 8


def settle(
    proposed: Sequence[Rows], queries: Floats, k: int, *, vectors: Floats, kinds: NDArray[np.uint8],
    wanted: Collection[str] | None, exclude: Rows | None,
) -> Nearest:
    """The k best of the rows that an engine proposes for each query.

    Args:
        proposed: one array of rows a query, in any order.
        vectors: (n, dim), the space's own.
        kinds: (n,) positions in KINDS.
        wanted: kinds that may answer; None for all.
        exclude: (queries,) one row per query that is never its answer; NO_ROW for none.

    Raises:
        Corrupt: a row that the space does not have was proposed, or a point without one.
    """
    if any(np.any((rows < 0) | (rows >= len(vectors))) for rows in proposed):
        raise Corrupt("the vector index answers with points that are none of this space's; open the space again, or run: generel load --force")
    codes = None if wanted is None else [KINDS.index(kind) for kind in wanted]
    left_out = np.full(len(queries), NO_ROW) if exclude is None else exclude
    found = []
    for rows, query, own in zip(proposed, queries, left_out, strict=True):
        rows = np.unique(rows[rows != own])
        if codes is not None:
            rows = rows[np.isin(kinds[rows], codes)]
        found.append((rows, vectors[rows] @ query))
    return fill(found, k)
