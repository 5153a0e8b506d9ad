"""Labeled genes from a comma-separated file: which genes, what is written about them, and of which class they are."""

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """The genes of a file with a header, comma-separated, gzipped or not, its columns in any order.

    Args:
        column: the one with the class; empty for the first there is of CLASSES.
        property_name: what the property is called; empty for the name of the file.

    Raises:
        NotThere: no file at `path`.
        BadTable: it is empty, lacks a column, has genes that a spreadsheet turned into dates, or only one class.
    """
    header, rows = _read(path)
    gene, text = _column(header, GENES), _column(header, TEXTS)
    own = column or next((name for name in CLASSES if name in header), "")
    if gene is None or own not in header:
        of_class = f"'{own}'" if own else "with the class (name it with --column)"
        what = f"of genes, called {' or '.join(GENES)}" if gene is None else of_class
        raise BadTable(f"{path} lacks a column {what}; it has {', '.join(header)}")
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
    """The genes of a file, and what it says about each: comma-separated with a column of genes, or one gene a line without a header.

    Raises:
        NotThere: no file at `path`.
        BadTable: it is empty.
    """
    header, rows = _read(path)
    gene, text = _column(header, GENES), _column(header, TEXTS)
    if gene is None:
        names = [row[0].strip() for row in [header, *rows] if row and row[0].strip()]
        return names, [""] * len(names)
    whole = [row for row in rows if len(row) > gene and row[gene].strip()]
    return [row[gene].strip() for row in whole], [row[text].strip() if text is not None and len(row) > text else "" for row in whole]


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows."""
    if not path.is_file():
        raise NotThere(f"{path} is not there; it should hold genes with a property, comma-separated")
    try:
        rows = list(_lines(path))
    except (UnicodeDecodeError, OSError, EOFError, csv.Error) as error:
        raise BadTable(f"{path} cannot be read as comma-separated text in UTF-8 ({error}); export it anew") from error
    if not rows:
        raise BadTable(f"{path} is empty; it should hold a header and a gene a line")
    return [name.strip() for name in rows[0]], rows[1:]


def _lines(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") if path.suffix == ".gz" else path.open(encoding="utf-8-sig", newline="") as stream:
        yield from (row for row in csv.reader(stream) if row)


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """The place of the first of the names that the header has."""
    return next((header.index(name) for name in names if name in header), None)
