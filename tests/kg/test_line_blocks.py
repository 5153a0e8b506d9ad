"""Big files in blocks: the same rows and line numbers as at once, wherever the blocks are cut."""

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadTable
from kg.harvest import SetAside
from kg.sources.line_blocks import read_line_blocks, read_row_blocks
from kg.sources.rows import read_lines, read_rows

PIECES = [b"a\tb\n", b"1\t2\n", b"\n", b"\r\n", b"3\t\xff\n", "é\t٣\n".encode(), b"4\n", b" x \t y \r\n", b"5\t6"]


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.integers(1, 20), st.booleans(), st.booleans())
def test_blocks_hold_what_the_file_holds(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], block_bytes: int, packed: bool, marked: bool) -> None:
    """Cut anywhere, even inside a character; compressed or not, with a byte order mark or without."""
    path = tmp_path_factory.mktemp("blocks") / "file.tsv"
    data = (b"\xef\xbb\xbf" if marked else b"") + b"a\tb\n" + b"".join(pieces)
    path.write_bytes(gzip.compress(data) if packed else data)
    # A mark that is cut is looked for in the first block only; real blocks are longer than three bytes.
    block_bytes += 3
    assert pl.concat(read_line_blocks(path, block_bytes=block_bytes)).equals(read_lines(path))
    aside, at_once = SetAside("s"), SetAside("s")
    rows = pl.concat(read_row_blocks(path, columns=["b", "a"], table="T", set_aside=aside, block_bytes=block_bytes))
    assert rows.equals(read_rows(path, columns=["b", "a"], table="T", set_aside=at_once))
    assert aside.frame().equals(at_once.frame())


def test_missing_columns_and_empty_files_are_refused(tmp_path: Path) -> None:
    """With what is missing and what is there."""
    (tmp_path / "f.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(BadTable, match=r"f\.tsv lacks the columns c; it has a, b"):
        list(read_row_blocks(tmp_path / "f.tsv", columns=["c"], table="T", set_aside=SetAside("s")))
    (tmp_path / "f.tsv").write_text("\n\n")
    with pytest.raises(BadTable, match="it has no header"):
        list(read_row_blocks(tmp_path / "f.tsv", columns=["c"], table="T", set_aside=SetAside("s")))


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    """Half of a gzip file is not half of the rows."""
    (tmp_path / "f.tsv").write_bytes(gzip.compress(b"a\tb\n1\t2\n" * 1000)[:-20])
    with pytest.raises(BadTable, match=r"f\.tsv cannot be uncompressed"):
        list(read_line_blocks(tmp_path / "f.tsv"))
