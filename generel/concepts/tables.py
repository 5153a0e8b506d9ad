"""The tables that pass between rooms: their columns, keys and stamps.

Every write checks, sorts by key and stamps the table's name and version into the Parquet file; every read checks the
stamp. A frame that does not fit is refused with *all* that is wrong with it, not the first thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from generel.concepts.atomic import write_beside
from generel.concepts.errors import BadTable, Corrupt, NotThere

STAMP = "generel.table"
Text, Count, Real = pl.String, pl.Int64, pl.Float64


@dataclass(frozen=True)
class Table:
    """A schema.

    Attributes:
        name: as stamped into files, with the version.
        version: raised when columns change meaning.
        key: columns that together occur once; rows are sorted by them.
        columns: every column in order, the key's included.
        nullable: columns that may hold nulls; no other may.
    """

    name: str
    version: int
    key: tuple[str, ...]
    columns: dict[str, pl.DataType | type[pl.DataType]]
    nullable: frozenset[str] = frozenset()

    @property
    def stamp(self) -> str:
        return f"{self.name}/{self.version}"

    def empty(self) -> pl.DataFrame:
        """A frame of this schema without rows."""
        return pl.DataFrame(schema=self.columns)


CONCEPTS = Table(
    "CONCEPTS", 1, ("curie", "source"),
    {"curie": Text, "kind": Text, "name": Text, "synonyms": pl.List(Text), "definition": Text, "source": Text, "source_version": Text},
    frozenset({"definition"}),
)
MAPPINGS = Table(
    "MAPPINGS", 1, ("subject", "predicate", "object", "source"),
    {"subject": Text, "predicate": Text, "object": Text, "kind": Text, "confidence": Real, "source": Text, "source_version": Text},
)
RELATIONS = Table(
    "RELATIONS", 1, ("subject", "predicate", "object", "source"),
    {"subject": Text, "predicate": Text, "object": Text, "source": Text, "source_version": Text, "license": Text, "confidence": Real},
)
ASSOCIATIONS = Table(
    "ASSOCIATIONS", 2, ("variant", "trait", "study", "effect_allele"),
    {
        "variant": Text, "trait": Text, "study": Text, "effect_allele": Text, "other_allele": Text, "beta": Real,
        "effect_unit": Text, "standard_error": Real, "neg_log10_p": Real, "effect_allele_frequency": Real, "n": Count,
        "ancestry": Text, "date": pl.Date, "build": Text, "flags": pl.List(Text), "source": Text, "source_version": Text, "license": Text,
    },
    frozenset({"other_allele", "beta", "effect_unit", "standard_error", "effect_allele_frequency", "n", "ancestry", "date", "build"}),
)
VARIANTS = Table(
    "VARIANTS", 2, ("variant", "build", "position", "alternate_allele", "source"),
    {
        "variant": Text, "build": Text, "chromosome": Text, "position": Count, "reference_allele": Text,
        "alternate_allele": Text, "consequence": Text, "source": Text, "source_version": Text,
    },
    frozenset({"reference_allele", "consequence"}),
)
# Where genes lie: `start` and `end` count from 1 and are both inside.
GENE_POSITIONS = Table(
    "GENE_POSITIONS", 1, ("gene", "build", "chromosome", "start", "source"),
    {
        "gene": Text, "build": Text, "chromosome": Text, "start": Count, "end": Count, "strand": Text, "biotype": Text,
        "source": Text, "source_version": Text, "license": Text,
    },
    frozenset({"strand", "biotype"}),
)
# A set is a CURIE where its provider has identifiers, else the name it goes by in its library.
GENE_SETS = Table(
    "GENE_SETS", 1, ("library", "set", "gene", "source"),
    {"set": Text, "gene": Text, "library": Text, "name": Text, "source": Text, "source_version": Text, "license": Text},
)
COOCCURRENCES = Table(
    "COOCCURRENCES", 1, ("left", "right", "cohort"),
    {
        "left": Text, "right": Text, "cohort": Text, "n_together": Count, "n_left": Count, "n_right": Count,
        "n_patients": Count, "window_days": Count, "ppmi": Real, "source": Text, "source_version": Text, "license": Text,
    },
    frozenset({"window_days"}),
)
SET_ASIDE = Table(
    "SET_ASIDE", 1, ("source", "table", "key", "reason"),
    {"source": Text, "table": Text, "key": Text, "reason": Text, "n": Count},
)
MERGES = Table(
    "MERGES", 1, ("kind", "alias", "curie"),
    {"kind": Text, "alias": Text, "curie": Text},
)
# The three tables of a split. `part` is train, validation, test, cold (touches a concept kept out of training altogether), later,
# locus or branch (held out by date, place or ontology) or withheld (a row that would give a held-out one away). See kg.split.parts.
SPLIT_RELATIONS = Table(
    "SPLIT_RELATIONS", 1, ("subject", "predicate", "object"),
    {"subject": Text, "predicate": Text, "object": Text, "part": Text, "weight": Real},
)
SPLIT_NAMES = Table(
    "SPLIT_NAMES", 1, ("curie", "name"),
    {"curie": Text, "name": Text, "role": Text, "part": Text},
)
SPLIT_CONCEPTS = Table(
    "SPLIT_CONCEPTS", 1, ("curie",),
    {"curie": Text, "kind": Text, "part": Text},
)
# The concepts of a released space; row i of the vectors is the concept whose `row` is i.
SPACE_CONCEPTS = Table(
    "SPACE_CONCEPTS", 1, ("row",),
    {
        "row": Count, "curie": Text, "kind": Text, "name": Text, "synonyms": pl.List(Text), "definition": Text,
        "source": Text, "n_relations": Count,
    },
    frozenset({"definition"}),
)
# Cosines of random pairs by pair of kinds (left <= right), at `quantile` of their distribution; see query.calibration.
CALIBRATION = Table(
    "CALIBRATION", 1, ("left_kind", "right_kind", "quantile"),
    {"left_kind": Text, "right_kind": Text, "quantile": Real, "cosine": Real, "n_pairs": Count},
)
# Where the concepts of a space lie on its map; x and y in [0, 1]. Names are shown from `level` 1, a few of the most tied concepts, upward
# while one zooms in; 0 is for those that are named only when they are pointed at.
SPACE_MAP = Table(
    "SPACE_MAP", 1, ("row",),
    {"row": Count, "x": Real, "y": Real, "level": Count},
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        CONCEPTS, MAPPINGS, RELATIONS, ASSOCIATIONS, VARIANTS, GENE_POSITIONS, COOCCURRENCES, GENE_SETS, SET_ASIDE, MERGES,
        SPLIT_RELATIONS, SPLIT_NAMES, SPLIT_CONCEPTS, SPACE_CONCEPTS, CALIBRATION, SPACE_MAP,
    )
}


def check(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame with exactly the table's columns, types and order, sorted by its key.

    Raises:
        BadTable: missing columns, types that cannot be cast, nulls where none may be, a key that occurs twice; all of
            them in one message.
    """
    missing = [column for column in table.columns if column not in frame.columns]
    wrong = [f"the columns {', '.join(missing)} are missing (it has {', '.join(frame.columns)})"] if missing else []
    cast: dict[str, pl.Series] = {}
    for column in table.columns:
        if column in frame.columns:
            try:
                cast[column] = _cast(frame[column], table.columns[column])
            except pl.exceptions.PolarsError as error:
                wrong.append(f"'{column}' is of the wrong type: {error}")
    wrong += [f"{cast[column].null_count():,} empty values in '{column}'" for column in cast if column not in table.nullable and cast[column].null_count()]
    checked = pl.DataFrame(cast)
    wrong += _repeated_keys(checked, table) if set(table.key) <= set(cast) else []
    if wrong:
        raise BadTable(f"{table.name} cannot be taken: {'; '.join(wrong)}")
    return checked.sort(table.key)


def _cast(column: pl.Series, kind: pl.DataType | type[pl.DataType]) -> pl.Series:
    """The column in that type; a number with a fraction is refused where whole ones belong, which polars would cut off."""
    cast = column.cast(kind)
    if column.dtype.is_float() and kind == Count and (cast.cast(column.dtype) != column).any():
        raise pl.exceptions.InvalidOperationError("whole numbers belong there, and some have a fraction")
    return cast


def _repeated_keys(frame: pl.DataFrame, table: Table) -> list[str]:
    repeated = frame.filter(frame.select(table.key).is_duplicated()).select(table.key).unique().sort(table.key)
    if not repeated.height:
        return []
    first = "; ".join(" | ".join(map(str, row)) for row in repeated.head(5).rows())
    return [f"{repeated.height:,} keys ({', '.join(table.key)}) that occur more than once, such as {first}"]


def write_table(frame: pl.DataFrame, table: Table, path: Path, *, notes: Mapping[str, str] | None = None) -> None:
    """Check, sort, stamp and write the frame to `path` as Parquet (zstd); equal frames give equal bytes. `notes` go into its metadata."""
    checked = check(frame, table)
    with write_beside(path) as temporary:
        checked.write_parquet(temporary, compression="zstd", metadata={**(notes or {}), STAMP: table.stamp})


def read_table(path: Path, table: Table) -> pl.DataFrame:
    """The frame at `path`.

    Raises:
        NotThere: no file at `path`.
        Corrupt: not a Parquet file, or cut short.
        BadTable: another table, or another version of this one.
    """
    if not path.exists():
        raise NotThere(f"{path} is not there; it should hold the table {table.name}")
    try:
        stamp = pl.read_parquet_metadata(path).get(STAMP)
        if stamp != table.stamp:
            raise BadTable(f"{path} is stamped {stamp!r}, not {table.stamp!r}; it was written by another version of generel, so build it again")
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Corrupt(f"{path} cannot be read as the table {table.name} ({error}); build it again") from error
