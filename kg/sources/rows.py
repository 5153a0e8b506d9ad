"""Rows of tab-separated files, and the one way a reader sets rows aside.

Lines are cut at tabs and nothing else: the files we read quote no fields, and a quotation mark in them is a quotation mark.
Every row keeps the number of its line, so that what is set aside can be looked up: its key is `file:line`.
"""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.curies import BLANKS
from kg.harvest import SetAside

NOT_UTF8 = "the line is not UTF-8 text"
RAGGED = "the line has more or fewer fields than the header"
# What a byte that is no UTF-8 is decoded to.
REPLACEMENT = "\ufffd"
GZIP_MARK = b"\x1f\x8b"


def read_lines(path: Path) -> pl.DataFrame:
    """`line, text` of every line that is not blank; lines count from 1, and end at a line feed only.

    Bytes that are no UTF-8 become U+FFFD, and a byte order mark or carriage return at the end of a line is dropped.
    """
    text = read_bytes(path).decode("utf-8-sig", errors="replace")
    frame = pl.DataFrame({"text": text.split("\n")}, schema={"text": pl.String}).with_row_index("line", offset=1)
    frame = frame.with_columns(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_suffix("\r"))
    return frame.filter(pl.col("text").str.strip_chars(BLANKS) != "")


def read_bytes(path: Path, *, first_line: bool = False) -> bytes:
    """What the file holds, or its first line; uncompressed where it begins as gzip does, whatever it is called.

    Raises:
        BadTable: compressed data that is cut short or damaged.
    """
    with path.open("rb") as file:
        compressed = file.read(len(GZIP_MARK)) == GZIP_MARK
        file.seek(0)
        if not compressed:
            return file.readline() if first_line else file.read()
        try:
            with gzip.open(file) as unpacked:
                return unpacked.readline() if first_line else unpacked.read()
        except (EOFError, OSError, zlib.error) as error:
            raise BadTable(f"{path} cannot be uncompressed ({error}); fetch it again") from error


def read_rows(
    path: Path, *, columns: Sequence[str], table: str, set_aside: SetAside, header: Sequence[str] = (), comment: str = ""
) -> pl.DataFrame:
    """The columns named, as text without blanks at the ends, and `line`; an empty field is an empty text.

    Lines that do not have as many fields as the header, or are not UTF-8, are set aside.

    Args:
        columns: those that the reader needs; their order is that of the result.
        table: what the rows would have given, for SET_ASIDE.
        header: names of the file's columns where it has no line that says them.
        comment: lines that begin with it are no rows; none if empty.

    Raises:
        BadTable: no line, columns missing from the header, or not one line of as many fields as `header` has.
    """
    lines = read_lines(path)
    if comment:
        lines = lines.filter(~pl.col("text").str.starts_with(comment))
    if lines.is_empty():
        raise BadTable(f"{path} has no rows; it should have the columns {', '.join(columns)}")
    names = [name.strip() for name in header or lines["text"][0].split("\t")]
    _check_header(path, names=names, columns=columns)
    fields = lines.slice(0 if header else 1).with_columns(pl.col("text").str.split("\t").alias("fields"))
    right = pl.col("fields").list.len() == len(names)
    if header and not fields.select(right.any()).item():
        first = lines["text"][0][:80]
        raise BadTable(f"{path} is not the table it should be: no line has {len(names)} fields between tabs ({', '.join(names)}); line 1 is '{first}'")
    faults = [(pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8), (~right, RAGGED)]
    rows = sift(fields, faults, table=table, key=line_key(path), set_aside=set_aside)
    return rows.select("line", *(pl.col("fields").list.get(names.index(name)).str.strip_chars(BLANKS).alias(name) for name in columns))


def sift(
    frame: pl.DataFrame, faults: Sequence[tuple[pl.Expr, str]], *, table: str, key: pl.Expr, set_aside: SetAside
) -> pl.DataFrame:
    """The rows with none of the faults; each other row is set aside under `key`, for the first fault that it has.

    Args:
        faults: a condition and the reason it gives, in the order in which they count; null is false. Each is asked of the rows
            that have none of the faults before it, so "occurs again" at the end means again among good rows.
        key: what a row is called in SET_ASIDE.
    """
    for condition, reason in faults:
        judged = frame.with_columns(condition.fill_null(False).alias("_fault"))
        faulty = judged.filter("_fault")
        if faulty.height:
            set_aside.add_frame(table, faulty.with_columns(key.alias("_key"))["_key"], reason)
            frame = judged.filter(~pl.col("_fault")).drop("_fault")
    return frame


def line_key(path: Path) -> pl.Expr:
    """`file:line` of a row that has `line`."""
    return pl.concat_str(pl.lit(f"{path.name}:"), pl.col("line"))


def _check_header(path: Path, *, names: Sequence[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in names]
    if missing:
        raise BadTable(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(names)[:400]}")
