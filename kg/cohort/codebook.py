"""Numbers for what stands in the code columns of events, given while they stream by, and what the numbers turn out to mean.

Codes are understood once all events are read: a file of fifty million events has a few thousand different codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kg.cohort.store import EventStore, frame_of

MEANINGS = pl.Schema({"number": pl.UInt32, "code": pl.String})
# The concepts of a cohort whose codes have no names.
NAMELESS = pl.DataFrame(schema={"curie": pl.String, "kind": pl.String, "name": pl.String, "synonyms": pl.List(pl.String)})


class Codebook:
    """What has been met, and how often: `keys()` has a row a number, from 0 in the order of first appearance."""

    def __init__(self, columns: Mapping[str, pl.DataType | type[pl.DataType]]) -> None:
        self._known = pl.DataFrame(schema={**columns, "number": pl.UInt32})
        self._counts = np.zeros(0, np.int64)
        self._columns = list(columns)

    def number(self, rows: pl.DataFrame) -> NDArray[np.uint32]:
        """The number of each row; rows are equal if all of the book's columns are, nulls included."""
        met = rows.select(self._columns).unique(maintain_order=True)
        new = met.join(self._known, on=self._columns, how="anti", nulls_equal=True, maintain_order="left")
        numbers = pl.Series("number", np.arange(self._known.height, self._known.height + new.height, dtype=np.uint32))
        self._known = pl.concat([self._known, new.with_columns(numbers)])
        found = rows.select(self._columns).join(self._known, on=self._columns, how="left", nulls_equal=True, maintain_order="left")["number"].to_numpy()
        counts = np.bincount(found, minlength=self._known.height)
        counts[: len(self._counts)] += self._counts
        self._counts = counts
        return found

    def keys(self) -> pl.DataFrame:
        """The columns, `number`, and `n`: how many rows had them."""
        return self._known.with_columns(n=pl.Series(self._counts, dtype=pl.Int64))


@dataclass(frozen=True)
class Cohort:
    """What a reader understood of a cohort.

    Attributes:
        store: the events; `patient` is a number of this reading and no identifier of the patient, `code` one of `meanings`.
        meanings: `number, code`: what each number means, a CURIE; several rows if it means several, none if it is set aside.
        concepts: `curie, kind, name, synonyms` of those codes that have a name, sorted by CURIE.
        n_patients: how many patients there are, those without an event included; None if only events tell.
    """

    store: EventStore
    meanings: pl.DataFrame
    concepts: pl.DataFrame
    n_patients: int | None

    def events(self) -> pl.DataFrame:
        """EVENTS `patient, day, code`, distinct and sorted; for cohorts that fit into memory."""
        parts = [frame_of(bucket).rename({"code": "number"}).join(self.meanings, on="number").drop("number") for bucket in self.store.buckets()]
        return pl.concat(parts).with_columns(pl.col("day").cast(pl.Date)).unique().sort("patient", "day", "code")
