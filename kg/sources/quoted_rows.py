"""Rows of comma-separated files with quoted fields, in the shape that `kg.sources.rows` gives for tab-separated ones.

The files we read have one record a line, so each line is parsed for itself: a quotation mark that does not close spoils its own line
and not all that follow.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.harvest import SetAside
from kg.sources.rows import NOT_UTF8, RAGGED, REPLACEMENT, line_key, read_lines, sift

MALFORMED = "the line is not comma-separated text"


def read_quoted_rows(path: Path, *, columns: Sequence[str], table: str, set_aside: SetAside) -> pl.DataFrame:
    """The columns named, as text without blanks at the ends, and `line`, which counts from 1.

    Lines with another number of fields than the header, quotation marks that do not close, or bytes that are no UTF-8 are set
    aside under `file:line`.

    Raises:
        BadTable: an empty file, or columns missing from the header.
    """
    lines = read_lines(path)
    header = [name.strip() for name in _cut(lines["text"][0]) or []] if lines.height else []
    missing = [column for column in columns if column not in header]
    if missing:
        raise BadTable(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(header)[:400] or 'no header'}")
    rows = lines.slice(1)
    fields = pl.Series("fields", [_cut(text) for text in rows["text"]], dtype=pl.List(pl.String))
    faults = [
        (pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8),
        (pl.col("fields").is_null(), MALFORMED),
        (pl.col("fields").list.len() != len(header), RAGGED),
    ]
    good = sift(rows.with_columns(fields), faults, table=table, key=line_key(path), set_aside=set_aside)
    return good.select("line", *(pl.col("fields").list.get(header.index(name)).str.strip_chars().alias(name) for name in columns))


def _cut(line: str) -> list[str] | None:
    """The fields of a line; None where its quotation marks do not fit, or a field is beyond what csv takes."""
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return None
