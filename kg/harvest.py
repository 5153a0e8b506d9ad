"""What a reader gives back, and how it names what its file names only by a word.

Some files say 'warfarin' or 'CYP2C9' where a CURIE should stand. Names are not identifiers, so a reader writes such an end
as a *mention*, `~drug:warfarin`; `kg.lexicon` resolves it among the concepts of that kind, or sets the row aside.
No mention leaves the build.
"""

from dataclasses import dataclass, field

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.tables import (
    ASSOCIATIONS,
    CONCEPTS,
    COOCCURRENCES,
    GENE_POSITIONS,
    GENE_SETS,
    MAPPINGS,
    RELATIONS,
    SET_ASIDE,
    VARIANTS,
)

MENTION = "~"


def mention(kind: Kind, name: str) -> str:
    """The mention of a concept of `kind` called `name`; blanks at the ends are dropped, case is kept."""
    return f"{MENTION}{kind.value}:{name.strip()}"


@dataclass
class Harvest:
    """The tables read from one source, each of its schema in `generel.concepts.tables`.

    Subjects and objects may be CURIEs of any known prefix, in canonical form, or mentions. Every row of the
    source's files is either in one of the tables or counted in `set_aside`.
    """

    concepts: pl.DataFrame = field(default_factory=CONCEPTS.empty)
    mappings: pl.DataFrame = field(default_factory=MAPPINGS.empty)
    relations: pl.DataFrame = field(default_factory=RELATIONS.empty)
    associations: pl.DataFrame = field(default_factory=ASSOCIATIONS.empty)
    variants: pl.DataFrame = field(default_factory=VARIANTS.empty)
    cooccurrences: pl.DataFrame = field(default_factory=COOCCURRENCES.empty)
    gene_positions: pl.DataFrame = field(default_factory=GENE_POSITIONS.empty)
    gene_sets: pl.DataFrame = field(default_factory=GENE_SETS.empty)
    set_aside: pl.DataFrame = field(default_factory=SET_ASIDE.empty)


class SetAside:
    """Collects, row by row or frame by frame, what a reader cannot use and why."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._counts: dict[tuple[str, str, str], int] = {}

    def add(self, table: str, key: str, reason: str, *, n: int = 1) -> None:
        """One more row (or `n`) of `table` called `key` that was not used because of `reason`."""
        at = (table, key, reason)
        self._counts[at] = self._counts.get(at, 0) + n

    def add_frame(self, table: str, keys: pl.Series, reason: str) -> None:
        """All rows whose keys are given; equal keys are counted together."""
        for key, n in keys.cast(pl.String).fill_null("").value_counts().rows():
            self.add(table, key, reason, n=n)

    def frame(self) -> pl.DataFrame:
        """SET_ASIDE, sorted."""
        rows = [(self.source, *at, n) for at, n in sorted(self._counts.items())]
        return pl.DataFrame(rows, schema=SET_ASIDE.columns, orient="row")


def count_set_aside(rows: pl.DataFrame) -> pl.DataFrame:
    """SET_ASIDE, sorted, of rows with `source, table, key, reason`, one a thing set aside; equal rows are counted together."""
    counted = rows.group_by("source", "table", "key", "reason").agg(n=pl.len().cast(pl.Int64))
    return counted.select(*SET_ASIDE.columns).sort(SET_ASIDE.key)
