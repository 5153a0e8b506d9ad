"""Tables of an OMOP export as frames, whichever way they were written: CSV, CSV compressed with gzip, or Parquet.

Names of files and columns may be in any case: `CONDITION_OCCURRENCE.csv`, `person.csv.gz`. A CSV file whose header has tabs is
cut at tabs and quotes nothing, as Athena writes vocabularies; else commas separate and `"` quotes. A folder of Parquet parts is
not looked into. No error quotes a row, for a row says who the patient is.
"""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import polars as pl

from generel.concepts.errors import BadTable
from kg.curies import BLANKS

ENDINGS = (".csv", ".csv.gz", ".parquet")
UNREADABLE = (pl.exceptions.PolarsError, OSError, EOFError)


def find_table(folder: Path, table: str) -> Path | None:
    """The file of a table; None if there is none.

    Raises:
        BadTable: there are several.
    """
    names = {f"{table}{ending}".lower() for ending in ENDINGS}
    found = sorted(path for path in folder.iterdir() if path.name.lower() in names)
    if len(found) > 1:
        raise BadTable(f"{folder} has the table {table} more than once: {', '.join(path.name for path in found)}; keep one")
    return found[0] if found else None


def collect_columns(
    folder: Path, table: str, columns: dict[str, pl.Expr], *, needs: Sequence[str],
    join: pl.DataFrame | None = None, ids: pl.Series | None = None,
) -> pl.DataFrame:
    """The columns of a table, in the order of the file's rows.

    Args:
        columns: by the name they get, how they are made of the file's, whose names are in lower case.
        needs: the file's columns that have to be there.
        join: `person, patient`; adds `patient` to the rows of the person, null to others.
        ids: keeps the rows whose `id` is among them.

    Raises:
        BadTable: no such table, columns missing, or a file that cannot be read; the message quotes no row.
    """
    path = find_table(folder, table)
    if path is None:
        raise BadTable(f"{folder} has no {table} (any of {', '.join(ENDINGS)}); an OMOP export has one")
    try:
        frame = _scan(path)
        names = frame.collect_schema().names()
        if missing := [column for column in needs if column not in names]:
            # What stands there instead is not told: without a header it is the first row.
            raise BadTable(f"{path} lacks the columns {', '.join(missing)}; its first line should name them")
        frame = frame.select(**columns)
        if join is not None:
            frame = frame.join(join.lazy(), on="person", how="left", maintain_order="left")
        if ids is not None:
            frame = frame.filter(pl.col("id").is_in(ids.implode()))
        # A field too many moves all after it by one: polars sees it only if it parses all columns, not just those asked for.
        return frame.collect(engine="streaming", optimizations=pl.QueryOptFlags(projection_pushdown=_is_parquet(path)))
    except UNREADABLE:
        # What polars says quotes the line, and a line says who the patient is.
        raise BadTable(f"{path} cannot be read: {_damage(path)}; export it anew") from None


def has_rows(folder: Path, table: str) -> bool:
    """Whether the table is there and has a row; one that cannot be read counts as one that has."""
    path = find_table(folder, table)
    try:
        return path is not None and _scan(path).head(1).collect().height > 0
    except UNREADABLE:
        return True


def count_rows(folder: Path, table: str) -> int:
    """The number of rows; 0 if there is no such table.

    Raises:
        BadTable: the file cannot be read.
    """
    path = find_table(folder, table)
    try:
        return int(_scan(path, ragged=True).select(pl.len()).collect().item()) if path else 0
    except UNREADABLE:
        raise BadTable(f"{path} cannot be read; export it anew, or leave the file out") from None


def _scan(path: Path, *, ragged: bool = False) -> pl.LazyFrame:
    """The table with names of columns in lower case; CSV fields are text, and null where empty."""
    if _is_parquet(path):
        frame = pl.scan_parquet(path)
    else:
        separator = _separator(path)
        frame = pl.scan_csv(path, separator=separator, quote_char=_quote(separator), infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=ragged)
    return frame.rename(lambda name: name.strip(BLANKS + "\ufeff").lower())


def _is_parquet(path: Path) -> bool:
    return path.name.lower().endswith(".parquet")


def _open(path: Path) -> IO[str]:
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    return opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def _separator(path: Path) -> str:
    with _open(path) as stream:
        return "\t" if "\t" in stream.readline() else ","


def _quote(separator: str) -> str | None:
    return None if separator == "\t" else '"'


def _damage(path: Path) -> str:
    """What is wrong with a file, without a word of what it says."""
    if _is_parquet(path):
        return "it is no whole Parquet file"
    try:
        separator = _separator(path)
        with _open(path) as stream:
            rows = csv.reader(stream, delimiter=separator, quoting=csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL)
            width = len(next(rows, []))
            line = next((rows.line_num for row in rows if len(row) > width), None)
    except (OSError, EOFError, csv.Error):
        return "it is cut short or no text"
    return f"line {line} has more fields than the header" if line else "it has no header, or quotation marks that do not close"
