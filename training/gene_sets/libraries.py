"""Where sets come from: GMT files, and the tables of a build. Each can be gone through again and again, a set at a time."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl

from generel.concepts.errors import BadInput, NotThere
from generel.concepts.progress import Advance
from training.gene_sets.gmt_stream import Faults, library_name, stream_gmt


class NamedSet(NamedTuple):
    """A set: its CURIE or what its library calls it, its name for people, and its genes as they are given."""

    set: str
    name: str
    genes: list[str]


class Library(Protocol):
    """Sets of one provider."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> float:
        """What `advance` will have been told when all sets have come."""
        ...

    def sets(self, *, faults: Faults, advance: Advance) -> Iterator[NamedSet]:
        """All sets, in the same order every time."""
        ...

    def digest(self) -> str:
        """What changes when the sets do.

        Raises:
            NotThere: the library is not there.
        """
        ...


@dataclass(frozen=True)
class GmtLibrary:
    """The library of a GMT file."""

    path: Path

    @property
    def name(self) -> str:
        return library_name(self.path)

    @property
    def size(self) -> float:
        return float(self.path.stat().st_size) if self.path.is_file() else 0.0

    def sets(self, *, faults: Faults, advance: Advance) -> Iterator[NamedSet]:
        return (NamedSet(line.name, line.name, line.genes) for line in stream_gmt(self.path, faults=faults, advance=advance))

    def digest(self) -> str:
        if not self.path.is_file():
            raise NotThere(f"there is no file {self.path}; a library is a GMT file, plain or gzipped")
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class TableLibrary:
    """A library of a build.

    Attributes:
        rows: `set, name, gene`, a row a gene.
    """

    name: str
    rows: pl.DataFrame

    @property
    def size(self) -> float:
        return float(self.rows.height)

    def sets(self, *, faults: Faults, advance: Advance) -> Iterator[NamedSet]:
        grouped = self.rows.group_by("set", maintain_order=True).agg(pl.col("name").first(), "gene")
        for name, title, genes in grouped.iter_rows():
            advance(len(genes))
            yield NamedSet(name, title, genes)

    def digest(self) -> str:
        return hashlib.sha256(self.rows.hash_rows(seed=0).to_numpy().tobytes()).hexdigest()


def libraries_of_table(gene_sets: pl.DataFrame) -> list[TableLibrary]:
    """The libraries of a GENE_SETS, by name; a gene that two sources put into a set is there once."""
    rows = gene_sets.unique(["library", "set", "gene"], maintain_order=True).sort("library", "set", "gene")
    return [TableLibrary(str(name), part.select("set", "name", "gene")) for (name,), part in rows.group_by("library", maintain_order=True)]


def check_names(libraries: list[Library]) -> None:
    """Nothing, if each library has a name of its own.

    Raises:
        BadInput: naming those that are there twice, or that there are none.
    """
    names = [library.name for library in libraries]
    if not names:
        raise BadInput("there is no library to learn from; give GMT files, or a build with --build")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"two libraries are called {', '.join(map(repr, repeated))}; a library is called as its file is: rename one of the files")
