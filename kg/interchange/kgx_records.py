"""Nodes and edges of KGX files as rows of text and lists, from either of its forms: TSV with lists cut by `|`, or JSON lines."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from generel.concepts.errors import BadTable
from kg.curies import BLANKS
from kg.harvest import SetAside
from kg.interchange.optional_columns import read_with_optional
from kg.sources.rows import NOT_UTF8, REPLACEMENT, line_key, read_bytes, read_lines, sift

BETWEEN = "|"
MALFORMED = "the line is not a JSON object"


def read_records(path: Path, *, columns: Sequence[str], optional: Sequence[str], lists: Sequence[str], table: str, set_aside: SetAside) -> pl.DataFrame:
    """`line` and the columns: those among `lists` are lists of texts that are not empty, the others texts, empty where there is none.

    Args:
        columns: those that a file has to have.
        optional: those that it may have.
        table: what the rows would have given, for SET_ASIDE.

    Raises:
        BadTable: no rows, or one of `columns` is missing.
    """
    if read_bytes(path, first_line=True).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _read_objects(path, columns=columns, optional=optional, lists=lists, table=table, set_aside=set_aside)
    rows = read_with_optional(path, columns=columns, optional=optional, table=table, set_aside=set_aside)
    cut = pl.element().str.strip_chars(BLANKS)
    return rows.with_columns(pl.col(name).str.split(BETWEEN).list.eval(cut.filter(cut != "")) for name in (*columns, *optional) if name in lists)


def _read_objects(path: Path, *, columns: Sequence[str], optional: Sequence[str], lists: Sequence[str], table: str, set_aside: SetAside) -> pl.DataFrame:
    lines = read_lines(path)
    objects = [_parse(text) for text in lines["text"]]
    if not any(objects) or (missing := [name for name in columns if not any(name in each for each in objects if each)]):
        raise BadTable(f"{path} has no rows with {', '.join(columns if not any(objects) else missing)}")
    names = (*columns, *optional)
    fields = {name: pl.Series([_fields(each, name, many=name in lists) for each in objects], dtype=pl.List(pl.String) if name in lists else pl.String) for name in names}
    rows = lines.with_columns(**fields, parsed=pl.Series([each is not None for each in objects], dtype=pl.Boolean))
    faults = [(pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8), (~pl.col("parsed"), MALFORMED)]
    return sift(rows, faults, table=table, key=line_key(path), set_aside=set_aside).select("line", *names)


def _parse(text: str) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _fields(record: dict[str, Any] | None, name: str, *, many: bool) -> list[str] | str:
    """The value as one text, or as texts."""
    texts = [text for text in map(str.strip, _texts((record or {}).get(name))) if text]
    if many:
        return texts
    return texts[0] if texts else ""


def _texts(value: object) -> Iterator[str]:
    """The texts and numbers in a value; no text for null, and none for an object."""
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, str | int | float):
        # A lone surrogate, which JSON can spell, is no text for a table.
        yield str(value).encode("utf-8", "replace").decode("utf-8")
