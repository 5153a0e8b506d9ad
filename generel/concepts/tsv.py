"""Records as tab-separated lines: one record a line whatever the values hold.

Tabs, line ends and backslashes are written as `\\t`, `\\n`, `\\r` and `\\\\`; a missing value is an empty cell.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
DIGITS = 6


def to_text(value: object, *, digits: int | None = DIGITS) -> str:
    """A value as people write it: numbers with real parts to so many significant digits (None for all of them), lists joined by commas, None empty."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{digits}g}" if digits else repr(value)
    if isinstance(value, list | tuple):
        return ",".join(to_text(each, digits=digits) for each in value)
    return str(value)


def to_lines(records: Iterable[Mapping[str, object]], columns: Sequence[str], *, digits: int | None = DIGITS) -> Iterator[str]:
    """The header, then one line a record, without line ends."""
    yield "\t".join(column.translate(ESCAPES) for column in columns)
    for record in records:
        yield "\t".join(to_text(record.get(column), digits=digits).translate(ESCAPES) for column in columns)
