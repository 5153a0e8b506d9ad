"""Rows of comma-separated files: what quotation marks may do, and that a damaged line stays alone."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadTable
from kg.harvest import SetAside
from kg.sources.quoted_rows import MALFORMED, read_quoted_rows
from kg.sources.rows import NOT_UTF8, RAGGED

FIELDS = st.text(st.sampled_from('ab ",\';é'), max_size=6)


def read(path: Path) -> tuple[list[tuple[object, ...]], list[tuple[str, str, int]]]:
    aside = SetAside("x")
    rows = read_quoted_rows(path, columns=("b", "a"), table="T", set_aside=aside).rows()
    return rows, aside.frame().select("key", "reason", "n").rows()


def test_commas_and_doubled_marks_inside_quotes_are_letters(tmp_path: Path) -> None:
    """A quoted field may hold commas and, doubled, quotation marks; columns come in the order asked for."""
    path = tmp_path / "f.csv"
    path.write_text('a,b\n1,"x, ""y"""\r\n\n2, z \n')
    assert read(path) == ([(2, 'x, "y"', "1"), (4, "z", "2")], [])


def test_a_mark_that_does_not_close_spoils_its_own_line_only(tmp_path: Path) -> None:
    """Two of them, far apart, do not make one field of all that lies between."""
    path = tmp_path / "f.csv"
    path.write_bytes(b'a,b\n1,"x\n' + b"2,y\n" * 3 + b'3,"z\n4\n5,\xff\n6,w\n')
    rows, aside = read(path)
    assert rows == [(line, "y", "2") for line in (3, 4, 5)] + [(9, "w", "6")]
    assert aside == [("f.csv:2", MALFORMED, 1), ("f.csv:6", MALFORMED, 1), ("f.csv:7", RAGGED, 1), ("f.csv:8", NOT_UTF8, 1)]


@given(rows=st.lists(st.tuples(FIELDS, FIELDS).filter(lambda row: any(field.strip() for field in row)), max_size=8))
def test_what_csv_writes_is_read_back(rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Written by Python's csv, every row comes back, but for blanks at the ends of fields."""
    text = io.StringIO()
    csv.writer(text).writerows([("a", "b"), *rows])
    path = tmp_path_factory.mktemp("rows") / "f.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    assert read(path) == ([(line, b.strip(), a.strip()) for line, (a, b) in enumerate(rows, start=2)], [])


@pytest.mark.parametrize("data", [b"", b"\n", b'"a,b\n1,2\n', b"x\n"])
def test_a_file_without_its_header_is_refused(data: bytes, tmp_path: Path) -> None:
    """The columns that it should have are named."""
    path = tmp_path / "f.csv"
    path.write_bytes(data)
    with pytest.raises(BadTable, match=r"f\.csv lacks the columns b, a; it has"):
        read(path)
