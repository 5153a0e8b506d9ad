"""Relatedness of many pairs at once.

A name that stands in a thousand rows is resolved once. A row whose ends cannot both be resolved is kept, without numbers and with
the reason in `note`: in a million pairs one wrong rsID must neither stop the rest nor go unseen.
"""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import BadTable, GenerelError
from generel.query.percentiles import Percentiles
from generel.query.records import Resolved

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

PAIRS_AT_ONCE = 1 << 16
Floats = NDArray[np.float32]
KNOWN = {"query": pl.String, "curie": pl.String, "kind": pl.String, "at": pl.Int64, "note": pl.String}
COLUMNS = {
    "left": pl.String, "right": pl.String, "left_curie": pl.String, "right_curie": pl.String, "cosine": pl.Float64,
    "percentile": pl.Float64, "p_value": pl.Float64, "note": pl.String,
}


def read_pairs(content: bytes, *, name: str) -> pl.DataFrame:
    """The table of pairs in a tab-separated file with a header, all columns text; quotes mean nothing.

    Args:
        name: of the file, for errors.

    Raises:
        BadTable: it is empty or its lines do not have the header's columns.
    """
    try:
        return pl.read_csv(BytesIO(content), separator="\t", quote_char=None, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise BadTable(f"{name} cannot be read as a tab-separated table with a header: {error}") from error


def relate_pairs(space: "EmbeddingSpace", pairs: pl.DataFrame) -> pl.DataFrame:
    """One row a pair, in order: left, right, left_curie, right_curie, cosine, percentile, p_value, note.

    Null numbers and a `note` where a query could not be resolved; null percentile and p-value, and a null CURIE, where one is
    free text. `note` is empty where all is well.

    Args:
        pairs: columns `left` and `right`, queries of any form; others are ignored.

    Raises:
        BadTable: a column is missing or has empty cells.
    """
    known, resolved = _resolve(space, _queries(pairs))
    vectors = space.vectors_of(resolved)
    frames = [
        _relate(part, known=known, vectors=vectors, percentiles=space.percentiles)
        for part in pairs.select(pl.col("left", "right").cast(pl.String)).iter_slices(PAIRS_AT_ONCE)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)


def _queries(pairs: pl.DataFrame) -> list[str]:
    if missing := [column for column in ("left", "right") if column not in pairs.columns]:
        raise BadTable(f"the pairs lack the columns {', '.join(missing)}; they have {', '.join(pairs.columns)}")
    texts = pl.concat([pairs["left"].cast(pl.String), pairs["right"].cast(pl.String)])
    if texts.null_count():
        raise BadTable(f"the pairs have {texts.null_count():,} empty cells")
    return texts.unique(maintain_order=True).to_list()


def _resolve(space: "EmbeddingSpace", queries: list[str]) -> tuple[pl.DataFrame, list[Resolved]]:
    """For each query its CURIE, kind and position in the list beside, or the reason why there is none."""
    resolved: list[Resolved] = []
    rows: list[tuple[str, str | None, str | None, int | None, str | None]] = []
    for query in queries:
        try:
            each = space.resolve(query, suggest=False)
        except GenerelError as error:
            rows.append((query, None, None, None, f"{type(error).__name__}: {error}"))
        else:
            rows.append((query, each.concept.curie or None, each.concept.kind, len(resolved), None))
            resolved.append(each)
    return pl.DataFrame(rows, schema=KNOWN, orient="row"), resolved


def _relate(part: pl.DataFrame, *, known: pl.DataFrame, vectors: Floats, percentiles: Percentiles) -> pl.DataFrame:
    frame = part
    for side in ("left", "right"):
        ends = known.rename({column: f"{side}_{column}" for column in KNOWN if column != "query"})
        frame = frame.join(ends, left_on=side, right_on="query", how="left", maintain_order="left")
    cosine, percentile, p_value = (np.full(frame.height, np.nan) for _ in range(3))
    frame = frame.with_row_index("at")
    for (left, right), group in frame.drop_nulls(["left_at", "right_at"]).group_by("left_kind", "right_kind"):
        at = group["at"].to_numpy()
        left_rows, right_rows = (group[column].to_numpy() for column in ("left_at", "right_at"))
        cosine[at] = np.clip(np.einsum("ij,ij->i", vectors[left_rows], vectors[right_rows]), -1, 1)
        if random_pairs := percentiles.between(str(left), str(right)):
            percentile[at], p_value[at] = random_pairs.percentile(cosine[at]), random_pairs.p_value(cosine[at])
    numbers = {"cosine": cosine, "percentile": percentile, "p_value": p_value}
    note = pl.concat_str("left_note", "right_note", separator="; ", ignore_nulls=True).alias("note")
    return frame.with_columns(note, **{name: pl.Series(values, nan_to_null=True) for name, values in numbers.items()}).select(list(COLUMNS))
