"""Days as numbers, from the forms in which exports write them: dates, with or without a time of day, or days counted from somewhere."""

import polars as pl

from kg.curies import BLANKS

# `2013-07-05`, `2013-07-05 00:00:00`, `20130705`.
DATES = ((r"^(\d{4}-\d\d-\d\d)(?:[ T].*)?$", "%Y-%m-%d"), (r"^(\d{8})$", "%Y%m%d"))
# Counted days have no more digits than this, so that a date without hyphens is none.
LARGEST = 999_999


def date_number(column: str, kind: pl.DataType) -> pl.Expr:
    """Days since 1970-01-01 of a column of dates, or of texts that are dates; null for others. Int32."""
    if isinstance(kind, pl.Date | pl.Datetime):
        return pl.col(column).cast(pl.Date).cast(pl.Int32)
    text = pl.col(column).cast(pl.String).str.strip_chars(BLANKS)
    return pl.coalesce(text.str.extract(pattern).str.to_date(form, strict=False) for pattern, form in DATES).cast(pl.Int32)


def counted_number(column: str, kind: pl.DataType) -> pl.Expr:
    """The number in a column of counted days, or of texts such as `-30`; null for others. Int32."""
    if isinstance(kind, pl.Date | pl.Datetime):
        return pl.lit(None, dtype=pl.Int32)
    if kind.is_integer():
        number = pl.col(column).cast(pl.Int64, strict=False)
        return pl.when(number.is_between(-LARGEST, LARGEST)).then(number).cast(pl.Int32)
    text = pl.col(column).cast(pl.String).str.strip_chars(BLANKS)
    return text.str.extract(r"^([+-]?\d{1,6})(?:\.0)?$").cast(pl.Int32, strict=False)
