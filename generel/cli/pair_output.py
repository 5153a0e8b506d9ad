"""Tables that come in parts, written as they come: to stdout, or whole or not at all to a file.

TSV and CSV are written by polars, which is a hundred times as fast as a record at a time.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from generel.cli.output import Record, write_records
from generel.cli.percentiles import percentile_of
from generel.concepts.atomic import write_beside
from generel.concepts.tsv import DIGITS, ESCAPES
from generel.query.pairs import COLUMNS

ESCAPED = {chr(code): written for code, written in ESCAPES.items()}


def write_to_stdout(parts: Iterable[pl.DataFrame], *, format: str) -> None:
    """The parts as one table in one of the formats of `generel.cli.output`."""
    if format == "tsv":
        _write_lines(parts, sys.stdout.buffer, tsv=True)
    else:
        write_records((_for_people(record) for part in parts for record in part.iter_rows(named=True)), format=format, columns=list(COLUMNS))


def _for_people(record: dict[str, Any]) -> Record:
    return {**record, "percentile": percentile_of(record["percentile"], p_value=record["p_value"])}


def write_parts(parts: Iterable[pl.DataFrame], path: Path) -> None:
    """The parts as one .tsv, .csv or .parquet file."""
    with write_beside(path) as temporary:
        if path.suffix == ".parquet":
            _scan(parts).sink_parquet(temporary, compression="zstd")
            return
        with temporary.open("wb") as stream:
            _write_lines(parts, stream, tsv=path.suffix == ".tsv")


def _write_lines(parts: Iterable[pl.DataFrame], stream: BinaryIO, *, tsv: bool) -> None:
    for at, part in enumerate(parts):
        lines = part.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS))
        if tsv:
            lines = lines.with_columns(pl.col(pl.String).str.replace_many(ESCAPED))
        text = lines.write_csv(separator="\t" if tsv else ",", quote_style="never" if tsv else "necessary", include_header=at == 0)
        stream.write(text.encode())
    stream.flush()


def _scan(parts: Iterable[pl.DataFrame]) -> pl.LazyFrame:
    """A table that polars takes part by part while it writes."""
    from polars.io.plugins import register_io_source

    def source(columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None) -> Iterator[pl.DataFrame]:
        yield from parts

    return register_io_source(source, schema=COLUMNS)
