"""Tables as text files that no value can break: every field stays in its column and its line."""

from pathlib import Path

import polars as pl

# What readers of tables take for the end of a line or field, and other characters without a shape.
SHAPELESS = r"[\s\p{Cc}\x{FFFE}\x{FFFF}]+"
REPLACEMENT = "\ufffd"
BETWEEN, INSTEAD = "|", "¦"


def one_line(text: pl.Expr) -> pl.Expr:
    """The texts with every run of blanks, tabs, line ends and control characters made one blank, and none at the ends.

    The sign for a byte that was no text becomes a question mark: our readers, and others, refuse lines with it.
    """
    return text.str.replace_all(SHAPELESS, " ").str.replace_all(REPLACEMENT, "?", literal=True).str.strip_chars(" ")


def one_field(texts: pl.Expr) -> pl.Expr:
    """Each list as one field, its texts between `|`; within a text that sign, which nothing can escape there, is broken: `¦`."""
    text = one_line(pl.element()).str.replace_all(BETWEEN, INSTEAD, literal=True)
    return texts.list.eval(text.filter(text != "")).list.join(BETWEEN)


def write_rows(rows: pl.DataFrame, path: Path, *, header: bool = True, above: str = "") -> int:
    """Write the rows, tabs between their columns and nothing for null, and give back how many there are.

    Args:
        rows: texts of one line each, and numbers.
        above: lines to stand before all others, each with its line end.
    """
    with path.open("wb") as file:
        file.write(above.encode())
        rows.write_csv(file, separator="\t", include_header=header, quote_style="never", null_value="")
    return rows.height
