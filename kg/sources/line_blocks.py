"""Big tab-separated files, a block of lines at a time: what `kg.sources.rows` reads at once, for files that would fill the memory."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import polars as pl

from generel.concepts.errors import BadTable
from kg.curies import BLANKS
from kg.harvest import SetAside
from kg.sources.rows import GZIP_MARK, NOT_UTF8, RAGGED, REPLACEMENT, line_key, sift

BLOCK_BYTES = 1 << 26


def read_line_blocks(path: Path, *, block_bytes: int = BLOCK_BYTES) -> Iterator[pl.DataFrame]:
    """`line, text` of the lines that are not blank, as `read_lines` gives them, in blocks of about so many bytes of text.

    Raises:
        BadTable: compressed data that is cut short or damaged.
    """
    number = 1
    for text in _blocks(path, block_bytes):
        lines = text.decode("utf-8", errors="replace").split("\n")
        frame = pl.DataFrame({"text": lines}, schema={"text": pl.String}).with_row_index("line", offset=number)
        number += len(lines)
        frame = frame.with_columns(pl.col("line").cast(pl.Int64), pl.col("text").str.strip_suffix("\r"))
        yield frame.filter(pl.col("text").str.strip_chars(BLANKS) != "")


def read_row_blocks(path: Path, *, columns: Sequence[str], table: str, set_aside: SetAside, block_bytes: int = BLOCK_BYTES) -> Iterator[pl.DataFrame]:
    """The columns named and `line`, as `read_rows` gives them, block by block; the first line is the header.

    Raises:
        BadTable: columns missing, no line at all, or damaged compression.
    """
    names: list[str] = []
    for lines in read_line_blocks(path, block_bytes=block_bytes):
        if lines.is_empty():
            continue
        if not names:
            names = [name.strip() for name in lines["text"][0].split("\t")]
            _check_header(path, names=names, columns=columns)
            lines = lines.slice(1)
        fields = lines.with_columns(fields=pl.col("text").str.split("\t"))
        faults = [(pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8), (pl.col("fields").list.len() != len(names), RAGGED)]
        good = sift(fields, faults, table=table, key=line_key(path), set_aside=set_aside)
        yield good.select("line", *(pl.col("fields").list.get(names.index(name)).str.strip_chars(BLANKS).alias(name) for name in columns))
    if not names:
        _check_header(path, names=[], columns=columns)


def _blocks(path: Path, block_bytes: int) -> Iterator[bytes]:
    """The file's bytes, uncompressed, cut after line feeds, which are left out at the ends; a byte order mark is dropped."""
    with path.open("rb") as file:
        compressed = file.read(len(GZIP_MARK)) == GZIP_MARK
        file.seek(0)
        rest, is_first = b"", True
        for chunk in _chunks(path, file, compressed=compressed, block_bytes=block_bytes):
            chunk = chunk.removeprefix(b"\xef\xbb\xbf") if is_first else chunk
            is_first = False
            whole, feed, tail = (rest + chunk).rpartition(b"\n")
            if feed:
                yield whole
            rest = tail
        if rest:
            yield rest


def _chunks(path: Path, file: IO[bytes], *, compressed: bool, block_bytes: int) -> Iterator[bytes]:
    try:
        with gzip.open(file) if compressed else file as unpacked:
            while chunk := unpacked.read(block_bytes):
                yield chunk
    except (EOFError, OSError, zlib.error) as error:
        raise BadTable(f"{path} cannot be uncompressed ({error}); fetch it again") from error


def _check_header(path: Path, *, names: Sequence[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in names]
    if missing:
        raise BadTable(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(names)[:400] or 'no header'}")
