"""Rows of tab-separated files, and rows set aside."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadTable
from kg.harvest import SetAside
from kg.sources.rows import NOT_UTF8, RAGGED, line_key, read_lines, read_rows, sift

fields = st.text(st.characters(exclude_characters="\t\n", exclude_categories=("Cs", "Cc")), min_size=1, max_size=5)


def write(folder: Path, data: bytes) -> Path:
    """A file of these bytes."""
    path = folder / "rows.tsv"
    path.write_bytes(data)
    return path


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    """Carriage returns, byte order marks and blank lines go; other line ends of Unicode stay, and numbers count every line feed."""
    path = write(tmp_path, "\ufeffone\r\n\n \t \ntwo\u2028three\x0bfour\n".encode())
    assert read_lines(path).rows() == [(1, "one"), (4, "two\u2028three\x0bfour")]


def test_quotation_marks_are_letters(tmp_path: Path) -> None:
    """A field that begins with a quotation mark does not swallow the lines after it."""
    path = write(tmp_path, b'id\tname\n1\t"5\'-GGT\n2\tb\n')
    assert read_rows(path, columns=("id", "name"), table="T", set_aside=SetAside("x")).rows() == [(2, "1", "\"5'-GGT"), (3, "2", "b")]


def test_columns_come_in_the_order_asked_for_and_stripped(tmp_path: Path) -> None:
    """Columns are found by name wherever they stand; blanks at the ends of fields are dropped."""
    path = write(tmp_path, b"# said\nb \ta\tc\n 1\t2 \t\n")
    rows = read_rows(path, columns=("a", "b", "c"), table="T", set_aside=SetAside("x"), comment="#")
    assert (rows.columns, rows.rows()) == (["line", "a", "b", "c"], [(3, "2", "1", "")])


def test_ragged_and_garbled_lines_are_set_aside_by_number(tmp_path: Path) -> None:
    """Lines with too few or too many fields, or bytes that are no text, are counted under file and line."""
    path = write(tmp_path, b"a\tb\n1\n1\t2\t3\n\xff\t2\n1\t2\n")
    aside = SetAside("x")
    assert read_rows(path, columns=("a",), table="T", set_aside=aside).rows() == [(5, "1")]
    assert aside.frame().select("table", "key", "reason", "n").rows() == [("T", "rows.tsv:2", RAGGED, 1), ("T", "rows.tsv:3", RAGGED, 1), ("T", "rows.tsv:4", NOT_UTF8, 1)]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"#only a comment\n"])
def test_an_empty_file_is_refused(data: bytes, tmp_path: Path) -> None:
    """A file without any line says which columns it should have."""
    with pytest.raises(BadTable, match=r"rows\.tsv has no rows; it should have the columns a, b"):
        read_rows(write(tmp_path, data), columns=("a", "b"), table="T", set_aside=SetAside("x"), comment="#")


def test_a_header_alone_gives_no_rows(tmp_path: Path) -> None:
    """A table without rows is a table."""
    assert read_rows(write(tmp_path, b"a\tb"), columns=("b",), table="T", set_aside=SetAside("x")).rows() == []


@given(st.lists(st.lists(fields, min_size=1, max_size=4), min_size=1, max_size=8))
def test_every_line_is_a_row_or_set_aside(tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]]) -> None:
    """Rows and lines set aside together are the lines that are not blank, and rows hold what a plain split finds."""
    path = write(tmp_path_factory.mktemp("rows"), "\n".join(["a\tb", *("\t".join(line) for line in lines)]).encode())
    aside = SetAside("x")
    rows = read_rows(path, columns=("a", "b"), table="T", set_aside=aside).rows()
    written = [(number, line) for number, line in enumerate(lines, start=2) if "".join(line).strip()]
    assert rows == [(number, line[0].strip(), line[1].strip()) for number, line in written if len(line) == 2 and "\ufffd" not in "".join(line)]
    assert len(rows) + aside.frame()["n"].sum() == len(written)


def test_the_first_fault_is_the_reason(tmp_path: Path) -> None:
    """A row with two faults is set aside once, for the one that stands first; a null condition is no fault."""
    frame = pl.DataFrame({"line": [1, 2, 3], "value": [-4, 5, None]})
    faults = [(pl.col("value") < 0, "negative"), (pl.col("value") % 2 == 0, "even")]
    aside = SetAside("x")
    assert sift(frame, faults, table="T", key=line_key(Path("f.tsv")), set_aside=aside)["line"].to_list() == [2, 3]
    assert aside.frame().rows() == [("x", "T", "f.tsv:1", "negative", 1)]
