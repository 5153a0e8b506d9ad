"""Labeled genes from a file with a header: which genes, what is written about them, and of which class they are.

Commas, tabs or semicolons separate the cells: the one that the first line has most of.
"""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from generel.apps.gene_names import DATE, say_date
from generel.concepts.errors import BadTable, NotThere

Numbers = NDArray[np.int64]
# Columns under which genes, texts and classes commonly stand. A 'Label' has a number for the class, whose meaning differs from file to file.
GENES = ("Gene name", "gene", "symbol", "gene_symbol", "Gene", "Symbol", "ensembl", "gene_id")
TEXTS = ("Summary", "summary", "text")
CLASSES = ("StrLabel", "class", "Solubility", "label", "Label")
NAMED_IN_MESSAGES = 5
SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon"}


@dataclass(frozen=True)
class LabeledGenes:
    """Genes with a property.

    Attributes:
        task: what the property is called.
        genes: the name of each row; one may occur several times.
        texts: what the file says about the gene; empty where it says nothing.
        classes: (n,) class of each row as a number of `names`.
        names: of the classes, in the order of their names.
        n_malformed: rows of the file that have too many or too few cells, or lack gene or class.
    """

    task: str
    genes: list[str]
    texts: list[str]
    classes: Numbers
    names: list[str]
    n_malformed: int = 0

    @property
    def gene_numbers(self) -> Numbers:
        """(n,) place of each row's gene among the distinct ones."""
        return np.unique(np.array(self.genes), return_inverse=True)[1]


def read_labeled_genes(path: Path, *, column: str = "", property_name: str = "") -> LabeledGenes:
    """The genes of a file with a header, gzipped or not, its columns in any order.

    Args:
        column: the one with the class; empty for the first there is of CLASSES.
        property_name: what the property is called; empty for the name of the file.

    Raises:
        NotThere: no file at `path`.
        BadTable: it is empty, lacks a column, has genes that a spreadsheet turned into dates, or only one class.
    """
    separator, header, rows = _read(path)
    gene, text = _column(header, GENES), _column(header, TEXTS)
    own = column or next((name for name in CLASSES if name in header), "")
    if gene is None or own not in header:
        of_class = f"'{own}'" if own else "with the class (name it with --column)"
        what = f"of genes, called {' or '.join(GENES)}" if gene is None else of_class
        raise BadTable(f"{path}, read as {SEPARATORS[separator]}-separated, lacks a column {what}; it has {', '.join(header)}")
    whole = [row for row in rows if len(row) == len(header) and row[gene].strip() and row[header.index(own)].strip()]
    if dates := [say_date(row[gene].strip()) for row in whole if DATE.fullmatch(row[gene].strip())]:
        raise BadTable(
            f"{path} has {len(dates):,} genes that a spreadsheet turned into dates: {', '.join(dates[:NAMED_IN_MESSAGES])}; write the symbols anew, the column formatted as text"
        )
    labels = [row[header.index(own)].strip() for row in whole]
    names, classes = np.unique(np.array(labels, dtype=str), return_inverse=True)
    if len(names) < 2:
        raise BadTable(f"{path} has {'no row' if not whole else f'one class only, {names[0]},'} in the column '{own}'; telling genes apart needs two classes")
    texts = [row[text].strip() if text is not None else "" for row in whole]
    return LabeledGenes(property_name or path.name.partition(".")[0], [row[gene].strip() for row in whole], texts, classes.astype(np.int64), names.tolist(), len(rows) - len(whole))


def read_genes(path: Path) -> tuple[list[str], list[str]]:
    """The genes of a file, and what it says about each: a table with a column of genes, or one gene a line without a header.

    Raises:
        NotThere: no file at `path`.
        BadTable: it is empty.
    """
    _, header, rows = _read(path)
    gene, text = _column(header, GENES), _column(header, TEXTS)
    if gene is None:
        names = [row[0].strip() for row in [header, *rows] if row and row[0].strip()]
        return names, [""] * len(names)
    whole = [row for row in rows if len(row) > gene and row[gene].strip()]
    return [row[gene].strip() for row in whole], [row[text].strip() if text is not None and len(row) > text else "" for row in whole]


def _read(path: Path) -> tuple[str, list[str], list[list[str]]]:
    """The separator, the header and the rows."""
    if not path.is_file():
        raise NotThere(f"{path} is not there; it should hold genes with a property, separated by commas or tabs")
    try:
        with _open(path) as stream:
            separator = find_separator(next((line for line in stream if line.strip()), ""))
            stream.seek(0)
            rows = [row for row in csv.reader(stream, delimiter=separator) if row]
    except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise BadTable(f"{path} cannot be read as a table of text in UTF-8 ({error}); export it anew") from error
    if not rows:
        raise BadTable(f"{path} is empty; it should hold a header and a gene a line")
    return separator, [name.strip() for name in rows[0]], rows[1:]


def find_separator(line: str) -> str:
    """The one of SEPARATORS that a line has most of; a comma where it has none."""
    return max(SEPARATORS, key=line.count)


def _open(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8-sig", newline="") if path.suffix == ".gz" else path.open(encoding="utf-8-sig", newline="")


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """The place of the first of the names that the header has."""
    return next((header.index(name) for name in names if name in header), None)
