"""Rows of tables that may lack columns: SSSOM and KGX name many, and a file has those that its maker needed."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from kg.harvest import SetAside
from kg.sources.rows import read_bytes, read_lines, read_rows


def read_with_optional(path: Path, *, columns: Sequence[str], optional: Sequence[str], table: str, set_aside: SetAside, comment: str = "") -> pl.DataFrame:
    """As `read_rows`, with the optional columns too: empty texts where the file has no such column.

    Raises:
        BadTable: no line, or one of `columns` is missing.
    """
    there = _header_of(path, comment=comment)
    found = [name for name in optional if name in there]
    rows = read_rows(path, columns=[*columns, *found], table=table, set_aside=set_aside, comment=comment)
    return rows.with_columns(pl.lit("").alias(name) for name in optional if name not in there).select("line", *columns, *optional)


def _header_of(path: Path, *, comment: str) -> list[str]:
    """The names of the columns; none where the file has no line."""
    if not comment:
        first = read_bytes(path, first_line=True).decode("utf-8-sig", "replace")
    else:
        lines = read_lines(path).filter(~pl.col("text").str.starts_with(comment))["text"]
        first = lines[0] if lines.len() else ""
    return [name.strip() for name in first.strip("\r\n").split("\t")]
