"""The evidence of a space, with the ties of what was added to it as rows like any other."""

from pathlib import Path
from typing import IO

import polars as pl

from generel.concepts.tables import RELATIONS
from generel.index.added_file import SOURCE, AddedFile

# A user's own ties carry no license of a source; whoever passes them on has to know that.
LICENSE = "not stated"


def scan_relations(path: Path | IO[bytes], added: AddedFile | None) -> pl.LazyFrame:
    """RELATIONS at `path`, or of an open file, then those of the added concepts; read when collected."""
    scanned = pl.scan_parquet(path)
    return scanned if added is None else pl.concat([scanned, relations_of(added).lazy()])


def relations_of(added: AddedFile) -> pl.DataFrame:
    """RELATIONS of the added concepts' ties, each once, by subject, predicate and object."""
    rows = [(*tie, SOURCE, "", LICENSE, 1.0) for tie in sorted(set(added.relations()))]
    return pl.DataFrame(rows, schema=RELATIONS.columns, orient="row")
