"""The concepts of a space with their vectors, as polars frames that fit into memory one at a time."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from generel.concepts.kinds import KINDS
from generel.concepts.progress import SILENT, Progress

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

# At 384 dimensions 12 MB of vectors.
ROWS_AT_ONCE = 8192


def schema_of(space: "EmbeddingSpace") -> pl.Schema:
    """The columns of a space's frame: curie, kind, name, vector."""
    return pl.Schema({"curie": pl.String(), "kind": pl.String(), "name": pl.String(), "vector": pl.Array(pl.Float32, space.manifest.dims)})


def count_concepts(space: "EmbeddingSpace", kinds: Collection[str] | None) -> int:
    """How many concepts of these kinds there are; None for all kinds."""
    return len(_rows(space, kinds))


def read_frames(space: "EmbeddingSpace", kinds: Collection[str] | None, *, progress: Progress = SILENT) -> Iterator[pl.DataFrame]:
    """The concepts of these kinds by row, a block of them a frame; None for all kinds, and no frame where there are none."""
    rows = _rows(space, kinds)
    with progress.task("writing vectors", total=len(rows)) as advance:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            concepts = [(concept.curie, concept.kind, concept.name) for concept in space.names.concepts(part)]
            described = pl.DataFrame(concepts, schema=["curie", "kind", "name"], orient="row")
            yield described.with_columns(pl.Series("vector", space.vectors_at(part), dtype=schema_of(space)["vector"]))
            advance(len(part))


def _rows(space: "EmbeddingSpace", kinds: Collection[str] | None) -> np.ndarray:
    codes = space.names.kinds
    return np.arange(len(codes)) if kinds is None else np.flatnonzero(np.isin(codes, [KINDS.index(kind) for kind in kinds]))
