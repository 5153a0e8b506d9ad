"""Fields of tab-separated files that are written between quotation marks, some of them or all.

`kg.sources.rows` cuts lines at tabs and takes a quotation mark for what it is; files written by pandas or SPARQL tools quote fields, and double
the marks inside. No field that we read has a tab or line end between its marks, so a field can be unquoted for itself.
"""

from collections.abc import Sequence

import polars as pl

from kg.curies import BLANKS

OPEN = "the quotation marks of a field do not close"


def unquote(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The frame with those columns out of their quotation marks; null where a field begins with a mark that does not close at its end."""
    return frame.with_columns(_unquoted(pl.col(column)).alias(column) for column in columns)


def _unquoted(field: pl.Expr) -> pl.Expr:
    inside = field.str.slice(1).str.strip_suffix('"')
    closes = field.str.slice(1).str.ends_with('"') & ~inside.str.replace_all('""', "", literal=True).str.contains('"', literal=True)
    plain = pl.when(closes).then(inside.str.replace_all('""', '"', literal=True).str.strip_chars(BLANKS))
    return pl.when(field.str.starts_with('"')).then(plain).otherwise(field)
