"""The concept graph: the tables of one build, in canonical CURIEs, in memory or on the disk."""

from dataclasses import dataclass
from typing import Protocol

import polars as pl


class Graph(Protocol):
    """Whoever has the tables of a graph: an assembled one, or a stored build that reads each at its first use.

    CONCEPTS has one row a concept. Every end of the other tables is a concept of it.
    """

    @property
    def concepts(self) -> pl.DataFrame: ...
    @property
    def relations(self) -> pl.DataFrame: ...
    @property
    def associations(self) -> pl.DataFrame: ...
    @property
    def variants(self) -> pl.DataFrame: ...
    @property
    def cooccurrences(self) -> pl.DataFrame: ...
    @property
    def gene_sets(self) -> pl.DataFrame: ...
    @property
    def merges(self) -> pl.DataFrame: ...
    @property
    def set_aside(self) -> pl.DataFrame: ...


@dataclass(frozen=True)
class AssembledGraph:
    """A graph in memory; see `Graph`. Tables fit their schemas but need not be sorted."""

    concepts: pl.DataFrame
    relations: pl.DataFrame
    associations: pl.DataFrame
    variants: pl.DataFrame
    cooccurrences: pl.DataFrame
    gene_sets: pl.DataFrame
    merges: pl.DataFrame
    set_aside: pl.DataFrame
