"""Relatedness of many pairs at once.

A query that stands in a thousand rows is resolved once. A row whose ends cannot both be resolved is kept, without numbers and with
the reason in `note`: in a million pairs one wrong rsID must neither stop the rest nor go unseen.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import BadTable, GenerelError
from generel.concepts.kinds import KINDS
from generel.query.cosines import cosines_of_pairs
from generel.query.records import TEXT, Concept, Resolved

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

PAIRS_AT_ONCE = 1 << 18
NAMED_IN_MESSAGES = 5
# So many new queries are worth reading all CURIEs of the space at once.
WORTH_ALL_CURIES = 1000
ENDS = ("left", "right")
KIND_CODES = {kind: code for code, kind in enumerate((*KINDS, TEXT))}
KNOWN = {"query": pl.String, "curie": pl.String, "kind": pl.UInt8, "row": pl.Int64, "note": pl.String}
COLUMNS = {
    "left": pl.String, "right": pl.String, "left_curie": pl.String, "right_curie": pl.String, "cosine": pl.Float64,
    "percentile": pl.Float64, "p_value": pl.Float64, "note": pl.String,
}


def relate_pairs(space: "EmbeddingSpace", pairs: pl.DataFrame) -> pl.DataFrame:
    """One row a pair, in order: left, right, left_curie, right_curie, cosine, percentile, p_value, note.

    Null numbers and a `note` where a query could not be resolved; null percentile and p-value, and a null CURIE, where one is
    free text. `note` is empty where all is well.

    Args:
        pairs: columns `left` and `right`, queries of any form; others are ignored.

    Raises:
        BadTable: a column is missing or has empty cells.
    """
    scorer = PairScorer(space)
    frames = [scorer.score(part) for part in check_pairs(pairs).iter_slices(PAIRS_AT_ONCE)]
    return pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)


def check_pairs(pairs: pl.DataFrame, *, where: Callable[[int], str] = lambda row: f"row {row + 1:,}") -> pl.DataFrame:
    """The columns `left` and `right` as text.

    Args:
        where: how the row at a position is found again, for the error.

    Raises:
        BadTable: a column is missing or has empty cells.
    """
    if missing := [column for column in ENDS if column not in pairs.columns]:
        raise BadTable(f"the pairs lack the columns {', '.join(missing)}; they have {', '.join(pairs.columns)}")
    ends = pairs.select(pl.col(column).cast(pl.String) for column in ENDS)
    empty = pl.any_horizontal(pl.col(ENDS).is_null())
    if bad := ends.with_row_index("at").filter(empty)["at"].to_list():
        named = "; ".join(map(where, bad[:NAMED_IN_MESSAGES]))
        more = f"; and {len(bad) - NAMED_IN_MESSAGES:,} more" if len(bad) > NAMED_IN_MESSAGES else ""
        raise BadTable(f"the pairs have an empty left or right: {named}{more}")
    return ends


class PairScorer:
    """Scores one part of a table of pairs after the other; remembers what each query means, but no vectors of texts."""

    def __init__(self, space: "EmbeddingSpace") -> None:
        """For an open space."""
        self._space = space
        self._known = pl.DataFrame(schema=KNOWN)

    def resolve(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """The pairs with, for each end, its CURIE, kind code, row and why it means nothing, as `left_curie`, `left_kind` and so on.

        A free text has the row -1 and no CURIE; what means nothing has no row.
        """
        queries = pl.concat([pairs["left"], pairs["right"]]).unique(maintain_order=True).alias("query").to_frame()
        new = queries.join(self._known, on="query", how="anti", maintain_order="left")
        if new.height > WORTH_ALL_CURIES:
            new = self._take_curies(new)
        self._known = pl.concat([self._known, self._take_one_by_one(new["query"].to_list())])
        for side in ENDS:
            ends = self._known.rename({column: f"{side}_{column}" for column in KNOWN if column != "query"})
            pairs = pairs.join(ends, left_on=side, right_on="query", how="left", maintain_order="left")
        return pairs

    def score(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """`relate_pairs` of a part that `check_pairs` has looked at."""
        frame = self.resolve(pairs)
        at = frame.select(pl.arg_where(pl.all_horizontal(pl.col("left_row", "right_row").is_not_null()))).to_series().to_numpy()
        cosine, percentile, p_value = (np.full(frame.height, np.nan) for _ in range(3))
        good = frame[at]
        cosine[at] = self._cosines(good)
        left, right = (good[f"{side}_kind"].to_numpy().astype(np.uint16) for side in ENDS)
        both = left * len(KIND_CODES) + right
        order = np.argsort(both, kind="stable")
        kinds = list(KIND_CODES)
        # Pairs of the same two kinds stand together in this order.
        for places in np.split(order, np.flatnonzero(np.diff(both[order])) + 1) if len(at) else []:
            if random_pairs := self._space.percentiles.between(kinds[left[places[0]]], kinds[right[places[0]]]):
                of_kinds = at[places]
                quantile = random_pairs.quantile(cosine[of_kinds])
                percentile[of_kinds], p_value[of_kinds] = 100 * quantile, random_pairs.p_value_at(quantile)
        numbers = {"cosine": cosine, "percentile": percentile, "p_value": p_value}
        note = pl.concat_str("left_note", "right_note", separator="; ", ignore_nulls=True).alias("note")
        return frame.with_columns(note, **{name: pl.Series(values, nan_to_null=True) for name, values in numbers.items()}).select(list(COLUMNS))

    def _cosines(self, good: pl.DataFrame) -> NDArray[np.float32]:
        rows = np.stack([good[f"{side}_row"].to_numpy() for side in ENDS], axis=1)
        if np.all(rows >= 0):
            return self._space.cosines(rows[:, 0], rows[:, 1])
        # Texts are embedded once a part, and stand with the concepts of the part in a table of their own.
        ends = pl.concat([good.select(query=side, row=f"{side}_row") for side in ENDS]).unique(maintain_order=True)
        meant = [Resolved(query, Concept("", TEXT, query), row, TEXT if row < 0 else "curie") for query, row in ends.iter_rows()]
        place = ends.with_row_index("place").select("query", "place")
        places = [good.select(query=side).join(place, on="query", how="left", maintain_order="left")["place"].to_numpy() for side in ENDS]
        return cosines_of_pairs(self._space.vectors_of(meant), np.stack(places, axis=1))

    def _take_curies(self, new: pl.DataFrame) -> pl.DataFrame:
        """Remembers the queries that are canonical CURIEs of the space; gives back the others."""
        names = self._space.names
        curies = names.curies()
        all_of_them = pl.DataFrame({"query": curies, "curie": curies, "kind": names.kinds}).with_row_index("row").with_columns(
            pl.col("row").cast(pl.Int64), note=pl.lit(None, pl.String)
        )
        self._known = pl.concat([self._known, new.join(all_of_them.select(list(KNOWN)), on="query", maintain_order="left")])
        return new.join(all_of_them, on="query", how="anti", maintain_order="left")

    def _take_one_by_one(self, queries: list[str]) -> pl.DataFrame:
        rows: list[tuple[str, str | None, int | None, int | None, str | None]] = []
        for query in queries:
            try:
                each = self._space.resolve(query, suggest=False)
            except GenerelError as error:
                rows.append((query, None, None, None, f"{type(error).__name__}: {error}"))
            else:
                rows.append((query, each.concept.curie or None, KIND_CODES[each.concept.kind], each.row, None))
        return pl.DataFrame(rows, schema=KNOWN, orient="row")
