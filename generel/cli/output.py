"""Records to stdout: a table for people, TSV or JSON lines for programs.

TSV holds one record a line whatever the values hold: tabs, line ends and backslashes are written as `\\t`, `\\n`, `\\r` and `\\\\`. A missing
value is an empty cell in TSV and null in JSON. TSV and JSON lines are written as records come, a table once all are there.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

import click

from generel.cli.percentiles import Percentile
from generel.concepts.tsv import DIGITS, to_lines, to_text

FORMATS = ("table", "tsv", "jsonl")
DIGITS_IN_TABLE = 4
# A table on something that is no terminal is not cut at 80 columns.
WIDE = 200
FOLDER_IS_MADE = "A folder that is not there is made."
Command = TypeVar("Command", bound=Callable[..., Any])
Record = Mapping[str, object]


def format_option(command: Command) -> Command:
    """The option --format; the command gets `format`, one of FORMATS: a table on a terminal, TSV elsewhere."""
    return click.option(
        "--format", type=click.Choice(FORMATS), callback=lambda ctx, parameter, value: value or default_format(),
        help="How to write answers; the default is a table on a terminal and TSV elsewhere.",
    )(command)


def default_format() -> str:
    """'table' where stdout is a terminal, else 'tsv'."""
    return "table" if sys.stdout.isatty() else "tsv"


def write_records(records: Iterable[Record], *, format: str, columns: Sequence[str] | None = None, title: str = "") -> None:
    """Write records to stdout.

    Args:
        records: values are text, numbers, booleans, None, or (for TSV and JSON) lists of them.
        format: 'table', 'tsv' or 'jsonl'.
        columns: which values and in what order; those of the first record where not given. A record may lack some. They head a
            TSV or a table even if there is no record.
        title: above a table; elsewhere it would be taken for data.
    """
    # The first record is made before anything is written: where it fails, nothing stands on stdout.
    records = iter(records)
    first = list(islice(records, 1))
    columns, records = columns or list(*first), chain(first, records)
    if not columns:
        return
    if format == "table":
        _write_table(records, columns, title)
        return
    for line in to_lines(records, columns) if format == "tsv" else _jsonl(records, columns):
        click.echo(line)


def tell(sentence: str) -> None:
    """One line of talk on stderr."""
    click.echo(f"generel: {sentence}", err=True)


def count(n: int, noun: str) -> str:
    """So many of them, in words: '1 pair', '2,000 pairs'."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _jsonl(records: Iterable[Record], columns: Sequence[str]) -> Iterator[str]:
    for record in records:
        yield json.dumps({column: _rounded(record.get(column)) for column in columns}, ensure_ascii=False)


def _rounded(value: object) -> object:
    if isinstance(value, float):
        # JSON has no NaN.
        return float(f"{value:.{DIGITS}g}") if value == value else None
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value


def _write_table(records: Iterable[Record], columns: Sequence[str], title: str) -> None:
    # rich costs 60 ms, which piped answers need not pay.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = list(records)
    table = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numeric = any(isinstance(row.get(column), int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Text, not a string: a name in brackets is no markup.
        table.add_row(*(Text(_for_people(row.get(column))) for column in columns))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE, highlight=False)
    console.print(table)


def _for_people(value: object) -> str:
    written = to_text(value, digits=DIGITS_IN_TABLE)
    return value.for_people(written) if isinstance(value, Percentile) else written
