"""The ends of rows, from whatever the sources write to canonical CURIEs of the kinds that the predicate takes.

A CURIE has no kind of its own: `mesh:D006261` may lead to a disease and to a phenotype. The predicate decides: of the pairs
of kinds that it takes and that both ends can have, the first in the order of its record is chosen.
"""

from functools import cache

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.predicates import PREDICATES
from kg.harvest import count_set_aside

UNKNOWN = "no concept has the identifier"
WRONG_KINDS = "the predicate does not take the kinds of its ends"
ONE_CONCEPT = "both ends are one concept"
COLUMNS = ("subject", "object")


@cache
def pairs_of_kinds() -> pl.DataFrame:
    """`predicate, subject_kind, object_kind, preference`: every pair of kinds that a predicate takes, the preferred one first."""
    rows = [
        (each.name, subject.value, object_.value, preference)
        for each in PREDICATES
        for preference, (subject, object_) in enumerate((s, o) for s in each.subjects for o in each.objects if s == o or not each.same_kind)
    ]
    return pl.DataFrame(rows, schema=["predicate", "subject_kind", "object_kind", "preference"], orient="row")


def check_predicates(relations: pl.DataFrame) -> None:
    """Nothing where every predicate is known.

    Raises:
        BadTable: otherwise; it names them with their sources.
    """
    unknown = relations.filter(~pl.col("predicate").is_in([each.name for each in PREDICATES])).select("predicate", "source").unique().sort("predicate", "source")
    if unknown.height:
        first = ", ".join(f"'{predicate}' of {source}" for predicate, source in unknown.head(5).rows())
        raise BadTable(f"{unknown.height} predicates are not in generel.concepts.predicates: {first}; add them there, or mend the reader")


def place_ends(rows: pl.DataFrame, directory: pl.DataFrame, *, table: str, unresolved: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows whose two ends are different concepts of fitting kinds, canonical CURIEs in place, and SET_ASIDE of the others.

    Args:
        rows: with `subject, predicate, object, source` and anything else; order is kept.
        directory: `alias, kind, curie`, one row an (alias, kind); mentions are aliases too.
        table: what the rows are called in SET_ASIDE.
        unresolved: `mention, reason` of mentions that are not in the directory.
    """
    rows = rows.with_row_index("row")
    candidates = rows.select("row", "predicate", *COLUMNS)
    for end in COLUMNS:
        candidates = candidates.join(directory.rename({"alias": end, "kind": f"{end}_kind", "curie": f"{end}_curie"}), on=end)
    fitting = candidates.join(pairs_of_kinds(), on=["predicate", "subject_kind", "object_kind"])
    chosen = fitting.filter(pl.col("preference") == pl.col("preference").min().over("row")).select("row", "subject_curie", "object_curie")
    placed = rows.join(chosen, on="row", maintain_order="left")
    to_itself = pl.col("subject_curie") == pl.col("object_curie")
    lost = [_unplaced(rows.join(chosen, on="row", how="anti"), directory, unresolved), placed.filter(to_itself).select("source", key=_key(), reason=pl.lit(ONE_CONCEPT))]
    placed = placed.filter(~to_itself).with_columns(subject="subject_curie", object="object_curie")
    return placed.drop("row", "subject_curie", "object_curie"), count_set_aside(pl.concat(lost).with_columns(table=pl.lit(table)))


def _unplaced(rows: pl.DataFrame, directory: pl.DataFrame, unresolved: pl.DataFrame) -> pl.DataFrame:
    """`source, key, reason` of each row; the key is the end that leads nowhere, or the whole row if it is the kinds that do not fit."""
    reasons = dict(unresolved.select("mention", "reason").iter_rows())
    known = directory["alias"].unique().implode()
    lost = pl.coalesce(pl.when(~pl.col(end).is_in(known)).then(pl.col(end)) for end in COLUMNS)
    rows = rows.with_columns(lost=lost)
    reason = pl.when(pl.col("lost").is_null()).then(pl.lit(WRONG_KINDS)).otherwise(pl.col("lost").replace_strict(reasons, default=UNKNOWN, return_dtype=pl.String))
    return rows.select("source", key=pl.coalesce("lost", _key()), reason=reason)


def _key() -> pl.Expr:
    return pl.concat_str("subject", "predicate", "object", separator=" ")
