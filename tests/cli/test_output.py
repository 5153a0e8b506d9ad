"""Records as TSV, JSON lines and tables."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.cli.output import count, default_format, write_records
from generel.cli.percentiles import percentile_of
from generel.concepts.tsv import DIGITS, ESCAPES, to_text


def written(capsys: pytest.CaptureFixture[str], records: list[dict[str, object]], **options: object) -> str:
    """What `write_records` puts on stdout."""
    write_records(records, **options)  # type: ignore[arg-type]
    return capsys.readouterr().out


def test_tsv_escapes_what_would_break_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Tab, line ends and backslash; None is an empty cell, a missing column too."""
    records: list[dict[str, object]] = [{"a": "x\ty\n", "b": None}, {"a": "c:\\d\r", "b": 1.5}, {"a": True}]
    assert written(capsys, records, format="tsv") == "a\tb\nx\\ty\\n\t\nc:\\\\d\\r\t1.5\nTrue\t\n"


@given(st.text())
def test_a_tsv_cell_can_be_read_back(text: str) -> None:
    """Escaping loses nothing, and no cell holds a tab or an end of line."""
    escaped = text.translate(ESCAPES)
    assert not set(escaped) & set("\t\n\r")
    back = escaped.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
    assert back == text or "\0" in text


def test_json_lines_keep_types(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers to six digits, None and NaN as null, lists as lists, letters as they are."""
    records: list[dict[str, object]] = [{"a": 0.12345678, "b": None, "c": float("nan"), "d": [1.00000001, 2], "e": "α", "f": 3}]
    line = written(capsys, records, format="jsonl")
    assert json.loads(line) == {"a": 0.123457, "b": None, "c": None, "d": [1.0, 2], "e": "α", "f": 3}
    assert "α" in line


def test_columns_choose_and_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Given columns head the output even without records; without both nothing is written."""
    assert written(capsys, [{"a": 1, "b": 2}], format="tsv", columns=["b", "a"]) == "b\ta\n2\t1\n"
    assert written(capsys, [], format="tsv", columns=["b", "a"]) == "b\ta\n"
    assert written(capsys, [], format="tsv") == ""
    assert written(capsys, [], format="jsonl", columns=["a"]) == ""


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """A title, four digits, numbers to the right, brackets as they are, long names whole."""
    name = "a [bold]name[/bold] that goes on " * 3
    table = written(capsys, [{"name": name, "cosine": 0.123456}, {"name": "x", "cosine": None}], format="table", title="Near [x]")
    assert "Near [x]" in table.splitlines()[0]
    assert "0.1235" in table and "0.12345" not in table
    assert name.strip() in table


def test_nothing_is_written_before_the_first_record_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A failure while it is made leaves stdout empty."""

    def fail() -> object:
        raise ValueError("no")
        yield

    with pytest.raises(ValueError, match="no"):
        write_records(fail(), format="tsv", columns=["a"])  # type: ignore[arg-type]
    assert capsys.readouterr().out == ""


def test_outside_a_terminal_the_default_is_tsv() -> None:
    """pytest's stdout is no terminal."""
    assert default_format() == "tsv"


@pytest.mark.parametrize(("value", "text"), [(None, ""), (1.0, "1"), (1e-5, "1e-05"), (99.98765432, "99.9877"), ([1, 0.5], "1,0.5"), (12345678, "12345678")])
def test_values_are_written_as_people_write_them(value: object, text: str) -> None:
    """Six significant digits for numbers with real parts, whole numbers whole."""
    assert to_text(value, digits=DIGITS) == text


@pytest.mark.parametrize(
    ("value", "sample", "shown"),
    [
        (100.0, {"p_value": 1e-6}, ">99.99"), (99.9999, {"n_pairs": 1_000_000}, ">99.99"), (99.98, {"n_pairs": 1_000_000}, "99.98"), (100.0, {"n_pairs": 15}, ">93.33"),
        (93.0, {"n_pairs": 15}, "93"), (100.0, {}, ">99.99"), (99.5, {}, "99.5"), (0.0, {"n_pairs": 1}, "0"),
    ],
)
def test_no_percentile_for_people_is_above_what_its_sample_tells(capsys: pytest.CaptureFixture[str], value: float, sample: dict[str, float], shown: str) -> None:
    """A hundred is nobody's; programs get the number as it is."""
    records: list[dict[str, object]] = [{"percentile": percentile_of(value, **sample)}]  # type: ignore[arg-type]
    assert written(capsys, records, format="table").split()[-1] == shown
    assert written(capsys, records, format="tsv").split()[-1] == f"{value:.6g}"
    assert json.loads(written(capsys, records, format="jsonl"))["percentile"] == pytest.approx(value, rel=1e-5)


def test_counts_agree_with_their_noun() -> None:
    """One, none, thousands."""
    assert [count(n, "pair") for n in (0, 1, 2000)] == ["0 pairs", "1 pair", "2,000 pairs"]
