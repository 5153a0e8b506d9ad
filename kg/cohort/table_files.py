"""Tables of patients' records as lazy frames, whichever way they were written: CSV, CSV compressed with gzip, Parquet, or a folder of parts.

Names of columns may be in any case. A CSV file whose header has tabs is cut at tabs and quotes nothing, as Athena writes
vocabularies; else commas separate and `"` quotes. No error quotes a row, for a row says who the patient is.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import polars as pl

from generel.concepts.errors import BadTable, NotThere
from kg.curies import BLANKS
from kg.sources.rows import GZIP_MARK

PARQUET = ".parquet"
ENDINGS = (".csv", ".csv.gz", PARQUET)
OF_PARTS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", PARQUET)
UNREADABLE = (pl.exceptions.PolarsError, OSError, EOFError)
# Rows worked on at a time.
BATCH = 500_000


def scan_table(path: Path, *, ragged: bool = False) -> pl.LazyFrame:
    """The table with names of columns in lower case; fields of CSV are text, and null where empty.

    Args:
        path: a file, or a folder whose files are the parts of one.
        ragged: whether lines may have more fields than the header.

    Raises:
        NotThere: no such file, or a folder without parts.
        UNREADABLE: when it is read, or now.
    """
    parts = parts_of(path)
    if is_parquet(path):
        frame = pl.scan_parquet(parts)
    else:
        separator = _separator(parts[0])
        quote = '"' if separator == "," else None
        frame = pl.scan_csv(parts, separator=separator, quote_char=quote, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=ragged)
    return frame.rename(lambda name: name.strip(BLANKS + "\ufeff").lower())


def parts_of(path: Path) -> list[Path]:
    """The file itself, or the files in the folder that are parts of a table, in the order of their names.

    Raises:
        NotThere: there are none.
        BadTable: some are Parquet and some are not.
    """
    if not path.is_dir():
        if not path.exists():
            raise NotThere(f"{path} is not there")
        return [path]
    # What begins with a dot or an underscore is what Spark and others put beside parts.
    parts = sorted(part for part in path.iterdir() if part.name.lower().endswith(OF_PARTS) and not part.name.startswith((".", "_")))
    if not parts:
        raise NotThere(f"the folder {path} has no parts of a table (any of {', '.join(OF_PARTS)})")
    if len({_named_parquet(part) for part in parts}) > 1:
        raise BadTable(f"the folder {path} has parts in Parquet and others; keep one sort")
    return parts


def is_parquet(path: Path) -> bool:
    """Whether the file, or the parts in the folder, are Parquet."""
    return _named_parquet(parts_of(path)[0])


def select_batches(path: Path, columns: Mapping[str, pl.Expr], *, needs: Sequence[str], joins: Mapping[str, pl.DataFrame] | None = None) -> Iterator[pl.DataFrame]:
    """The columns, some rows at a time and in no order; the file is read once, and never all of it is in memory.

    Args:
        columns: by the name they get, how they are made of the file's, whose names are in lower case.
        needs: the file's columns that have to be there.
        joins: by column, a frame that has it; adds the frame's other columns, null where it has no row.

    Raises:
        BadTable: columns missing, or a file that cannot be read; the message quotes no row.
    """
    with without_rows(path):
        frame = scan_table(path)
        check_columns(frame, path=path, needs=needs)
        frame = frame.select(**columns)
        for column, other in (joins or {}).items():
            frame = frame.join(other.lazy(), on=column, how="left")
        # A field too many moves all after it by one: polars sees it only if it parses all columns, not just those asked for.
        options = pl.QueryOptFlags(projection_pushdown=is_parquet(path))
        yield from frame.collect_batches(chunk_size=BATCH, maintain_order=False, lazy=True, engine="streaming", optimizations=options)


def first_line(path: Path) -> str:
    """The first line of a text file, compressed or not."""
    with _open(path) as stream:
        return stream.readline().rstrip("\r\n")


def check_columns(frame: pl.LazyFrame, *, path: Path, needs: Sequence[str]) -> None:
    """Nothing where the columns are there.

    Raises:
        BadTable: otherwise.
    """
    names = frame.collect_schema().names()
    if missing := [column for column in needs if column not in names]:
        # What stands there instead is not told: without a header it is the first row.
        raise BadTable(f"{path} lacks the columns {', '.join(missing)}; its first line should name them")


def plain_text(column: str) -> pl.Expr:
    """A text without blanks at the ends; null where empty."""
    text = pl.col(column).cast(pl.String).str.strip_chars(BLANKS)
    return pl.when(text != "").then(text)


@contextmanager
def without_rows(path: Path) -> Iterator[None]:
    """A context in which a table that cannot be read is a BadTable that says what is wrong with it, and nothing that it says."""
    try:
        yield
    except UNREADABLE:
        # What polars says quotes the line, and a line says who the patient is.
        raise BadTable(f"{path} cannot be read: {_damage(path)}; export it anew") from None


def _named_parquet(path: Path) -> bool:
    return path.name.lower().endswith(PARQUET)


def _open(path: Path) -> IO[str]:
    with path.open("rb") as file:
        compressed = file.read(len(GZIP_MARK)) == GZIP_MARK
    opened = gzip.open if compressed else open
    return opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def _separator(path: Path) -> str:
    return "\t" if "\t" in first_line(path) else ","


def _damage(path: Path) -> str:
    """What is wrong with a file, without a word of what it says."""
    try:
        if is_parquet(path):
            return "it is no whole Parquet file"
        return next((found for part in parts_of(path) if (found := _damage_of_text(part))), "it has no header, or quotation marks that do not close")
    except (OSError, EOFError, csv.Error):
        return "it is cut short or no text"


def _damage_of_text(path: Path) -> str:
    separator = _separator(path)
    with _open(path) as stream:
        rows = csv.reader(stream, delimiter=separator, quoting=csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL)
        width = len(next(rows, []))
        line = next((rows.line_num for row in rows if len(row) > width), None)
    return f"line {line} has more fields than the header" if line else ""
