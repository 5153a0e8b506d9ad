"""A user's own table `code, name` for codes that nothing else names, as CSV or with tabs."""

from pathlib import Path

import polars as pl

from kg.cohort.codes import spell_codes
from kg.harvest import SetAside
from kg.sources.quoted_rows import read_quoted_rows
from kg.sources.rows import line_key, read_bytes, read_rows, sift

NO_CURIE = "the code is no CURIE of a known prefix"
NO_NAME = "the code has no name"
AGAIN = "the code has a name already"


def read_names(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`curie, name`, the first name of each code; codes are CURIEs.

    Raises:
        BadTable: columns missing.
    """
    read = read_rows if b"\t" in read_bytes(path, first_line=True) else read_quoted_rows
    rows = read(path, columns=["code", "name"], table="CONCEPTS", set_aside=set_aside)
    without = {"vocabulary": pl.lit(None, dtype=pl.String), "beside": pl.lit(None, dtype=pl.String)}
    rows = rows.with_columns(curie=spell_codes(rows.select("code", **without))["curie"])
    faults = [(pl.col("curie").is_null(), NO_CURIE), (pl.col("name") == "", NO_NAME)]
    kept = sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    return sift(kept, [(~pl.col("curie").is_first_distinct(), AGAIN)], table="CONCEPTS", key=line_key(path), set_aside=set_aside).select("curie", "name")
