"""Tables in plain text a line at a time, so that damage to one line is the loss of that line and not of the file.

Fields are cut at tabs where the header has tabs, else at commas, except between quotation marks. A field cannot hold a line end.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.cohort.table_files import BATCH, first_line, parts_of, without_rows
from kg.curies import BLANKS
from kg.sources.quoted_rows import MALFORMED
from kg.sources.rows import NOT_UTF8, RAGGED, REPLACEMENT

# Cuts no line: a file that has it is refused.
NEVER = "\x1f"
# A field in quotation marks, in which two stand for one, or without any; each after its comma or tab.
FIELDS = {separator: rf'{separator}("(?:[^"]|"")*"|[^{separator}"]*)' for separator in (",", "\t")}


def cut_batches(path: Path, *, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
    """The columns as text without blanks at the ends, null where empty, and `fault`, null where the line is whole; some lines at a time.

    Lines that are blank are none. The order of lines is not kept.

    Args:
        path: a file, or a folder whose files, each with a header, are the parts of one.
        columns: names in lower case.
        optional: names of columns that are left out where the file does not have them.

    Raises:
        BadTable: columns missing, or a file that cannot be read; the message quotes no row.
    """
    with without_rows(path):
        for part in parts_of(path):
            header, separator = _header(part)
            if missing := [column for column in columns if column not in header]:
                # What stands there instead is not told: without a header it is the first row.
                raise BadTable(f"{path} lacks the columns {', '.join(missing)}; its first line should name them")
            wanted = dict.fromkeys([*columns, *(column for column in optional if column in header)])
            lines = pl.scan_csv(part, has_header=False, schema={"line": pl.String}, separator=NEVER, quote_char=None, encoding="utf8-lossy", skip_lines=1)
            for batch in lines.collect_batches(chunk_size=BATCH, maintain_order=False, lazy=True, engine="streaming"):
                yield from _cut(batch, header=header, separator=separator, columns=wanted)


def _header(path: Path) -> tuple[list[str], str]:
    """The names of the columns in lower case, and what separates them."""
    line = first_line(path)
    separator = "\t" if "\t" in line else ","
    return [name.strip(BLANKS + '\ufeff"').lower() for name in line.split(separator)], separator


def _cut(batch: pl.DataFrame, *, header: list[str], separator: str, columns: Iterable[str]) -> Iterator[pl.DataFrame]:
    lines = batch.select(line=pl.col("line").str.strip_suffix("\r")).filter(pl.col("line").str.strip_chars(BLANKS) != "")
    quoted = lines["line"].str.contains('"', literal=True)
    plain = lines.filter(~quoted).with_columns(fields=pl.col("line").str.split(separator), whole=pl.lit(True))
    written, field = separator + pl.col("line"), FIELDS[separator]
    unquoted = pl.element().str.slice(1).str.replace(r'(?s)^"(.*)"$', "${1}").str.replace_all('""', '"', literal=True)
    marked = lines.filter(quoted).with_columns(fields=written.str.extract_all(field).list.eval(unquoted), whole=written.str.contains(f"^(?:{field})*$"))
    for part in (plain, marked):
        faults = [
            (pl.col("line").str.contains(REPLACEMENT, literal=True), NOT_UTF8),
            (~pl.col("whole"), MALFORMED),
            (pl.col("fields").list.len() != len(header), RAGGED),
        ]
        fields = {name: pl.col("fields").list.get(header.index(name), null_on_oob=True).str.strip_chars(BLANKS) for name in columns}
        if part.height:
            yield part.select(
                *(pl.when(field != "").then(field).alias(name) for name, field in fields.items()),
                fault=pl.coalesce(pl.when(fault).then(pl.lit(why)) for fault, why in faults),
            )
