"""Which gene of a space a name means, for thousands of names at once: symbols, former symbols, Ensembl, NCBI and HGNC identifiers.

The one thing to get wrong: a spreadsheet turns MARCHF1 and MTARC1 alike into '1-Mar'. Such a name is reported as a date and never
resolved, and a former symbol that two genes have had is reported as ambiguous: a wrong gene is worse than a missing one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, BadInput, UnknownPrefix
from generel.concepts.kinds import Kind
from generel.concepts.tables import MERGES, SPACE_CONCEPTS, read_table
from generel.index.space_folder import ALIASES_FILE, CONCEPTS_FILE
from generel.index.store import NO_ROW, Rows

MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
# 1-Mar, Mar-01, 2-Sep-23, 2023-03-01 with or without a time, 3/1/2023; never a symbol of a human gene.
DATE = re.compile(
    rf"\d{{1,2}}[-/ ]({MONTHS})[a-z]*([-/ ]\d{{2,4}})?|({MONTHS})[a-z]*[-/ ]\d{{1,4}}|\d{{4}}-\d{{2}}-\d{{2}}([ T].*)?|\d{{1,2}}/\d{{1,2}}(/\d{{2,4}})?", re.IGNORECASE
)
# What a date may have been, by its month: genes are renamed by HGNC since, so that spreadsheets leave them alone.
RENAMED = {"mar": ("MARCHF", "MTARC"), "sep": ("SEPTIN",), "dec": ("DELEC",)}
NAMED_IN_MESSAGES = 5


@dataclass(frozen=True)
class NamedGenes:
    """What names mean.

    Attributes:
        given: the names, as they were given.
        rows: (n,) row of each name's gene in the space, NO_ROW where there is none.
        unknown: names that no gene of the space has, each once, in the order given; dates and ambiguous ones are not among them.
        dates: names that a spreadsheet has turned into dates.
        ambiguous: former symbols of several genes, and which these are.
    """

    given: tuple[str, ...]
    rows: Rows
    unknown: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n,) which names have a gene."""
        return self.rows != NO_ROW

    @property
    def repeated(self) -> tuple[tuple[str, ...], ...]:
        """The names of each gene that was given more than once, in the order given."""
        places = np.flatnonzero(self.known)
        rows, inverse, counts = np.unique(self.rows[places], return_inverse=True, return_counts=True)
        several: dict[int, list[str]] = {int(row): [] for row in rows[counts > 1]}
        for place in places[(counts > 1)[inverse]]:
            several[int(self.rows[place])].append(self.given[place])
        return tuple(tuple(names) for names in several.values())

    def sentences(self) -> list[str]:
        """What is to be said of names that have no gene, or share one; nothing where all is well."""
        lost = int((~self.known).sum())
        told = [f"{lost:,} of {len(self.given):,} genes are not in the space"] if lost else []
        if self.unknown:
            told.append(f"unknown: {_some(self.unknown)}")
        if self.dates:
            told.append(f"dates, which a spreadsheet made from symbols: {_some([say_date(name) for name in self.dates])}; format that column as text before the symbols are typed or pasted in")
        if self.ambiguous:
            several = [f"{name} ({' or '.join(genes)})" for name, genes in self.ambiguous.items()]
            told.append(f"former symbols of several genes: {_some(several)}; give today's symbol")
        if repeated := self.repeated:
            told.append(f"{len(repeated):,} genes stand there more than once: {_some([' = '.join(dict.fromkeys(names)) for names in repeated])}")
        return told

    def require_some(self, *, where: str) -> None:
        """Nothing, if any name has a gene.

        Raises:
            BadInput: no name has one, or there are no names; says what the names look like and what is read.
        """
        if self.known.any():
            return
        if not self.given:
            raise BadInput(f"{where} has no genes")
        mouse = any(re.match(r"ENS[A-Z]{3,}G\d|MGI:", name, re.IGNORECASE) for name in self.given)
        hint = "these are identifiers of another species: map them to human genes first" if mouse else "human symbols, Ensembl (ENSG…), NCBI Gene and HGNC identifiers are read"
        raise BadInput(f"none of the {len(self.given):,} genes of {where} is in the space, such as {_some(self.given)}; {hint}")


class GeneNames:
    """Every name that the genes of a space are known under."""

    def __init__(self, concepts: pl.DataFrame, aliases: pl.DataFrame) -> None:
        """Of SPACE_CONCEPTS and MERGES (kind, alias CURIE, canonical CURIE)."""
        genes = concepts.filter(kind=Kind.GENE.value)
        self.symbols: dict[int, str] = dict(genes.select("row", "name").iter_rows())
        self._curies: dict[str, int] = dict(genes.select("curie", "row").iter_rows())
        known = aliases.filter(kind=Kind.GENE.value).join(genes.select("curie", "row"), on="curie")
        self._curies |= dict(known.select("alias", "row").iter_rows())
        self._current = {name: row for row, name in self.symbols.items()}
        former = genes.select("row", "synonyms").explode("synonyms").drop_nulls()
        self._former = _rows_by_name(former.select("synonyms", "row").iter_rows())
        # Capitals decide last: 'Actb' and 'C9ORF72' are read as people mean them.
        self._folded = _rows_by_name((name.casefold(), row) for name, row in self._current.items())
        self._former_folded = _rows_by_name((name.casefold(), row) for name, rows in self._former.items() for row in rows)

    @classmethod
    def open(cls, folder: Path) -> "GeneNames":
        """Of the space in `folder`."""
        return cls(read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS), read_table(folder / ALIASES_FILE, MERGES))

    def find(self, names: Iterable[object]) -> NamedGenes:
        """The gene of each name, None and NaN being empty ones: an identifier, a symbol, then a former symbol or synonym that one gene alone has; capitals as written first."""
        given = tuple(name.strip() if isinstance(name, str) else "" if name is None or name != name else str(name) for name in names)
        found = {name: self._rows(name) for name in dict.fromkeys(given)}
        rows = np.array([found[name][0] if len(found[name]) == 1 else NO_ROW for name in given], dtype=np.int64)
        lost = [name for name, candidates in found.items() if name and not candidates]
        dates = tuple(name for name in lost if DATE.fullmatch(name))
        ambiguous = {name: tuple(self.symbols[row] for row in candidates) for name, candidates in found.items() if len(candidates) > 1}
        return NamedGenes(given, rows, tuple(name for name in lost if name not in set(dates)), dates, ambiguous)

    def _rows(self, name: str) -> Sequence[int]:
        """The genes that a name may mean; several are ambiguous."""
        if not name:
            return ()
        if name in self._current:
            return (self._current[name],)
        curie = f"ncbigene:{name}" if name.isascii() and name.isdigit() else _canonical(name)
        if curie in self._curies:
            return (self._curies[curie],)
        folded = name.casefold()
        return self._former.get(name) or self._folded.get(folded) or self._former_folded.get(folded) or ()


def say_date(name: str) -> str:
    """The date, with the genes that it may have been where its month tells."""
    parts = re.fullmatch(rf"(?:(\d{{1,2}})[-/ ])?({MONTHS})[a-z]*(?:[-/ ](\d{{1,2}}))?", name, re.IGNORECASE)
    families = RENAMED.get(parts[2].lower()[:3], ()) if parts else ()
    number = int(parts[1] or parts[3] or 0) if parts else 0
    return f"{name} ({' or '.join(f'{family}{number}' for family in families)}?)" if families and number else name


def _canonical(name: str) -> str:
    try:
        return str(Curie.parse(name))
    except (UnknownPrefix, BadIdentifier):
        return ""


def _rows_by_name(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    """The rows of each name, ascending."""
    rows: dict[str, set[int]] = {}
    for name, row in pairs:
        rows.setdefault(name, set()).add(row)
    return {name: tuple(sorted(of_name)) for name, of_name in rows.items()}


def _some(texts: Sequence[str]) -> str:
    """The first few and how many more there are."""
    more = len(texts) - NAMED_IN_MESSAGES
    return ", ".join(texts[:NAMED_IN_MESSAGES]) + (f" and {more:,} more" if more > 0 else "")
