"""Text tables of any size, block by block: uncompressed, cut at line ends, and each line either whole or set aside with its number.

Delimiters are tabs, commas, semicolons or runs of blanks, as the header shows; compression (gzip, bgzip, zstd) is known by the first bytes,
not by the name. A bgzip file is a chain of small gzip files: what stops after the first has read a thousandth of it. Quotation marks,
which R puts round texts, are dropped. Lines count from 1, the header's and comments' included.
"""

import importlib
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import BadTable, MissingExtra
from kg.curies import BLANKS
from kg.sources.rows import GZIP_MARK, NOT_UTF8, RAGGED

ZSTD_MARK = b"\x28\xb5\x2f\xfd"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Of text; a row has about 70 bytes, and a few blocks are worked on at a time.
BLOCK_BYTES = 1 << 23
PIECE_BYTES, COMPRESSED_BYTES = 1 << 20, 1 << 18
LINE_FEED, COMMENT = 10, b"##"
RUN_OF_BLANKS = " "
SEPARATORS = ("\t", ",", ";")
# Those of BLANKS that are ASCII and end no line.
ODD_BLANKS = tuple(blank.encode() for blank in BLANKS if blank.isascii() and blank != "\n")


@dataclass(frozen=True)
class Layout:
    """How a file is cut: its header's names, what stands between fields, and the number of its header's line."""

    names: tuple[str, ...]
    separator: str
    header_line: int


@dataclass(frozen=True)
class Block:
    """Whole lines, each ended by a line feed, the first of which has the number `first_line`."""

    data: bytes
    first_line: int


@dataclass(frozen=True)
class Fault:
    """Lines that cannot be used for one reason."""

    reason: str
    lines: NDArray[np.int64]


def open_table(path: Path, *, block_bytes: int = BLOCK_BYTES) -> tuple[Layout, Iterator[Block]]:
    """The layout of the file and the blocks below its header.

    Raises:
        BadTable: no header; compressed data that is cut short or damaged (while the blocks are read).
    """
    texts = _whole_lines(_uncompressed(path), block_bytes)
    line = 1
    for text in texts:
        start = len(BYTE_ORDER_MARK) if line == 1 and text.startswith(BYTE_ORDER_MARK) else 0
        while start < len(text):
            end = text.index(b"\n", start)
            header = text[start:end]
            if header.strip() and not header.startswith(COMMENT):
                return _layout(header.decode("utf-8", errors="replace"), line), _number(chain([text[end + 1 :]], texts), line + 1)
            start, line = end + 1, line + 1
    raise BadTable(f"{path} has no header; it should be a table of text")


def parse_block(block: Block, layout: Layout, *, places: Sequence[int]) -> tuple[pl.DataFrame, list[Fault]]:
    """`line` and the fields at these places of the header as text, named by their place, null where empty; and the lines that cannot be cut so."""
    data = _plain(block.data)
    if layout.separator == RUN_OF_BLANKS:
        data = _single_blanks(data)
    right = _separators_per_line(data, layout.separator) == len(layout.names) - 1
    faults: list[Fault] = []
    if right.all() and data.isascii():
        lines = np.arange(len(right), dtype=np.int64)
    else:
        data, lines, faults = _sort_out(data, right, block.first_line)
    fields = _cut(data, layout, places) if len(lines) else pl.DataFrame(schema={str(place): pl.String for place in places})
    return fields.with_columns(line=pl.Series(lines + block.first_line, dtype=pl.Int64)), faults


def _layout(header: str, line: int) -> Layout:
    header = header.replace('"', "").rstrip("\r")
    separator = next((one for one in SEPARATORS if one in header), RUN_OF_BLANKS)
    names = header.split() if separator == RUN_OF_BLANKS else header.split(separator)
    return Layout(tuple(name.strip() for name in names), separator, line)


def _number(texts: Iterable[bytes], line: int) -> Iterator[Block]:
    for text in filter(None, texts):
        yield Block(text, line)
        line += text.count(b"\n")


def _whole_lines(pieces: Iterable[bytes], block_bytes: int) -> Iterator[bytes]:
    """The pieces, joined and cut again so that each ends with a line and is at least so large."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if size + end < block_bytes or not end:
            held.append(piece)
            size += len(piece)
            continue
        yield b"".join([*held, piece[:end]])
        held, size = [piece[end:]], len(piece) - end
    last = b"".join(held)
    if last:
        yield last if last.endswith(b"\n") else last + b"\n"


def _uncompressed(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        mark = file.read(4)
        file.seek(0)
        if mark.startswith(GZIP_MARK):
            yield from _gunzipped(file, path)
        elif mark == ZSTD_MARK:
            yield from _unzstd(file, path)
        else:
            yield from _pieces(file, PIECE_BYTES)


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    while piece := file.read(size):
        yield piece


def _gunzipped(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """What every member of the file holds; zeros after the last are padding."""
    member = zlib.decompressobj(wbits=31)
    begun = False
    try:
        for piece in _pieces(file, COMPRESSED_BYTES):
            while piece:
                if not begun and not piece.lstrip(b"\x00"):
                    break
                yield member.decompress(piece)
                begun, piece = True, member.unused_data
                if member.eof:
                    member, begun = zlib.decompressobj(wbits=31), False
    except zlib.error as error:
        raise BadTable(f"{path} cannot be uncompressed ({error}); fetch it again") from error
    if begun:
        raise BadTable(f"{path} cannot be uncompressed (it ends in the middle); fetch it again")


def _unzstd(file: IO[bytes], path: Path) -> Iterator[bytes]:
    zstd = _zstd()
    try:
        with zstd.ZstdFile(file) as unpacked:
            yield from _pieces(unpacked, PIECE_BYTES)
    except (EOFError, zstd.ZstdError) as error:
        raise BadTable(f"{path} cannot be uncompressed ({error}); fetch it again") from error


def _zstd() -> Any:
    """The standard library's module of Python 3.14, or its backport."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingExtra("backports.zstd", "factory", "reading files compressed with zstd")


def _single_blanks(data: bytes) -> bytes:
    """Each line's fields joined by one blank, as PLINK 1 and METAL do not write them."""
    if not (b"  " in data or b"\t" in data or b"\n " in data or b" \n" in data or data.startswith(b" ")):
        return data
    return b"\n".join(b" ".join(line.split()) for line in data.split(b"\n"))


def _plain(data: bytes) -> bytes:
    """The lines without carriage returns at their ends, and without quotation marks."""
    # Looking for a byte that is hardly ever there is ten times as fast as replacing it.
    for byte, old, new in ((b"\r", b"\r\n", b"\n"), (b'"', b'"', b"")):
        data = data.replace(old, new) if byte in data else data
    return data


def _separators_per_line(data: bytes, separator: str) -> NDArray[np.int64]:
    letters = np.frombuffer(data, dtype=np.uint8)
    marks = np.flatnonzero((letters == LINE_FEED) | (letters == ord(separator)))
    return np.diff(np.flatnonzero(letters[marks] == LINE_FEED), prepend=-1) - 1


def _sort_out(data: bytes, right: NDArray[np.bool_], first_line: int) -> tuple[bytes, NDArray[np.int64], list[Fault]]:
    """The good lines, their numbers from 0, and the others; lines of blanks are nothing."""
    kept: list[bytes] = []
    numbers: list[int] = []
    bad: dict[str, list[int]] = {}
    for number, (line, fits) in enumerate(zip(data.split(b"\n"), right.tolist(), strict=False)):
        reason = _reason(line, fits)
        if reason:
            bad.setdefault(reason, []).append(number + first_line)
        elif reason is None:
            kept.append(line)
            numbers.append(number)
    text = b"".join(line + b"\n" for line in kept)
    return text, np.array(numbers, dtype=np.int64), [Fault(reason, np.array(lines, dtype=np.int64)) for reason, lines in bad.items()]


def _reason(line: bytes, fits: bool) -> str | None:
    """Why the line is no row, empty for a blank one, None if it is one."""
    try:
        if not line.decode("utf-8").strip(BLANKS):
            return ""
    except UnicodeDecodeError:
        return NOT_UTF8
    return None if fits else RAGGED


def _cut(data: bytes, layout: Layout, places: Sequence[int]) -> pl.DataFrame:
    ordered = sorted(set(places))
    frame = pl.read_csv(
        io.BytesIO(data), separator=layout.separator, has_header=False, quote_char=None, infer_schema=False, columns=ordered
    )
    frame = frame.rename({old: str(place) for old, place in zip(frame.columns, ordered, strict=True)})
    if not data.isascii() or any(blank in data for blank in ODD_BLANKS if blank.decode() != layout.separator):
        frame = frame.with_columns(pl.all().str.strip_chars(BLANKS))
    return frame
