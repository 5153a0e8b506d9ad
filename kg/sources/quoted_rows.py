"""Rows of comma-separated files with quoted fields, in the shape that `kg.sources.rows` gives for tab-separated ones."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.harvest import SetAside
from kg.sources.rows import NOT_UTF8, RAGGED, REPLACEMENT, sift

MALFORMED = "the line is not comma-separated text"


def read_quoted_rows(path: Path, *, columns: Sequence[str], table: str, set_aside: SetAside) -> pl.DataFrame:
    """The columns named, as text without blanks at the ends, and `line`, the line on which a record ends.

    Records with another number of fields than the header, or bytes that are no UTF-8, are set aside under `file:line`.

    Raises:
        BadTable: an empty file, or columns missing from the header.
    """
    text = path.read_bytes().decode("utf-8-sig", errors="replace").replace("\0", REPLACEMENT)
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in _next(reader) or []]
    missing = [column for column in columns if column not in header]
    if missing:
        raise BadTable(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(header)[:400] or 'no header'}")
    records, lines = [], []
    while (record := _next(reader)) is not None:
        if any(field.strip() for field in record):
            records.append(record)
            lines.append(reader.line_num)
    frame = pl.DataFrame({"line": lines, "fields": records}, schema={"line": pl.Int64, "fields": pl.List(pl.String)})
    damaged = pl.col("fields").list.eval(pl.element().str.contains(REPLACEMENT, literal=True)).list.any()
    faults = [(damaged, NOT_UTF8), (pl.col("fields").list.len() != len(header), RAGGED)]
    rows = sift(frame, faults, table=table, key=pl.concat_str(pl.lit(f"{path.name}:"), pl.col("line")), set_aside=set_aside)
    return rows.select("line", *(pl.col("fields").list.get(header.index(name)).str.strip_chars().alias(name) for name in columns))


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    """The next record, None at the end; a field beyond csv's limit ends the file as one ragged record."""
    try:
        return next(reader)
    except StopIteration:
        return None
    except csv.Error:
        return [MALFORMED]
