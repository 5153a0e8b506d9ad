"""GMT files read line by line, so that a library of any size needs the memory of one set.

What counts as a line, a name and a gene is as in `kg.sources.gmt_lines`; every line that is none is counted and the first few are named.
"""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from generel.concepts.errors import BadTable, NotThere
from generel.concepts.progress import Advance
from kg.curies import BLANKS
from kg.sources.gmt_lines import NAMED_AGAIN, NO_GENES, NO_NAME
from kg.sources.rows import GZIP_MARK, NOT_UTF8, REPLACEMENT

NAMED_IN_MESSAGES = 5
SUFFIXES = (".gz", ".gmt", ".txt")


class Line(NamedTuple):
    """A set as its line has it: genes may repeat, and carry Enrichr's weight."""

    name: str
    genes: list[str]


@dataclass
class Faults:
    """Lines that are no set: how many for each reason, and where the first ones are."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, place: str) -> None:
        """One more."""
        self.counts[reason] += 1
        named = self.places.setdefault(reason, [])
        if len(named) < NAMED_IN_MESSAGES:
            named.append(place)

    def sentences(self) -> list[str]:
        """One for each reason, with the first places."""
        return [
            f"{n:,} {'set is' if n == 1 else 'sets are'} left out: {reason} ({', '.join(self.places[reason])}{' …' if n > len(self.places[reason]) else ''})"
            for reason, n in sorted(self.counts.items())
        ]


def library_name(path: Path) -> str:
    """What a file's library is called: the file's name without its endings."""
    name = path.name
    while (suffix := next((each for each in SUFFIXES if name.lower().endswith(each)), "")) and name[: -len(suffix)]:
        name = name[: -len(suffix)]
    return name


def stream_gmt(path: Path, *, faults: Faults, advance: Advance = lambda amount: None) -> Iterator[Line]:
    """The sets of the file, in its order; lines that are none are added to `faults`.

    Args:
        advance: is told the bytes read from the disk.

    Raises:
        NotThere: no such file.
        BadTable: compressed data that is damaged, no lines at all, or no line with tabs.
    """
    names: set[int] = set()
    n_lines, before = 0, 0
    try:
        with path.open("rb") as raw:
            compressed = raw.read(len(GZIP_MARK)) == GZIP_MARK
            raw.seek(0)
            text = TextIOWrapper(gzip.GzipFile(fileobj=raw) if compressed else raw, encoding="utf-8-sig", errors="replace", newline="\n")
            for number, line in enumerate(text, 1):
                if not line.strip(BLANKS):
                    continue
                n_lines += 1
                place = raw.tell()
                if place != before:
                    advance(place - before)
                    before = place
                yield from _set_of(line, f"{path.name}:{number}", names, faults)
    except FileNotFoundError as error:
        raise NotThere(f"there is no file {path}") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadTable(f"{path} cannot be uncompressed ({error}); fetch it again") from error
    if not n_lines:
        raise BadTable(f"{path} has no lines; a GMT file has one a gene set: name, description and genes between tabs")
    if not names:
        raise BadTable(f"{path} has no gene set in its {n_lines:,} lines: each must be a name, a description (it may be empty) and genes, with a tab between any two; blanks or commas do not separate")


def _set_of(line: str, place: str, names: set[int], faults: Faults) -> Iterator[Line]:
    """The line's set, unless it has a fault."""
    fields = [field.strip(BLANKS) for field in line.split("\t")]
    genes = [gene for gene in fields[2:] if gene]
    if REPLACEMENT in line:
        faults.add(NOT_UTF8, place)
    elif not genes:
        faults.add(NO_GENES, place)
    elif not fields[0]:
        faults.add(NO_NAME, place)
    elif hash(fields[0]) in names:
        faults.add(NAMED_AGAIN, place)
    else:
        names.add(hash(fields[0]))
        yield Line(fields[0], genes)
