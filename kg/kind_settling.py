"""Settling kinds: a concept that its source calls a disease, while all that is known about its identifier says phenotype.

SNOMED CT and MeSH do not draw the line between disease and phenotype where MONDO and HPO draw it, so a reader has to guess the
kind. Where nothing of the guessed kind is the same, and exactly one concept of another kind is, the concept is of that
kind. Without this, 'chronic pain' would be there twice, and its patients would stay with the copy that no annotation knows.
"""

import polars as pl

from generel.concepts.prefixes import BY_NAME
from kg.curies import prefix_of
from kg.identity import trust_of


def settle_kinds(concepts: pl.DataFrame, mappings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The concepts and mappings, with the kind changed of those whose identifier only a concept of another kind claims.

    A kind that the prefix cannot name is never given. Mappings that an identifier has in its former kind follow it.
    """
    known = concepts.select("kind", here="curie").unique()
    same = mappings.filter(trust_of(pl.col("predicate")).is_not_null())
    both_ways = pl.concat([same.select("kind", here=a, there=b) for a, b in (("subject", "object"), ("object", "subject"))])
    leads = both_ways.filter(pl.col("here") != pl.col("there")).join(known.rename({"here": "there"}), on=["kind", "there"]).unique()
    at_home = leads.join(known, on=["kind", "here"]).select("here", former="kind")
    claims = leads.join(known, on=["kind", "here"], how="anti").join(known.rename({"kind": "former"}), on="here")
    claims = claims.join(at_home, on=["here", "former"], how="anti").join(_nameable(), on="kind").filter(prefix_of(pl.col("here")) == pl.col("prefix"))
    claimed = claims.group_by("here", "former").agg(pl.col("kind").unique(), n=pl.col("there").n_unique())
    moves = claimed.filter(pl.col("n") == 1).select("here", "former", to=pl.col("kind").list.first())
    return _moved(concepts, moves, column="curie"), _moved(_moved(mappings, moves, column="subject"), moves, column="object")


def _nameable() -> pl.DataFrame:
    """`prefix, kind`: what each prefix can name."""
    return pl.DataFrame([(name, kind.value) for name, prefix in BY_NAME.items() for kind in prefix.kinds], schema=["prefix", "kind"], orient="row")


def _moved(rows: pl.DataFrame, moves: pl.DataFrame, *, column: str) -> pl.DataFrame:
    """The rows with the new `kind` of the identifiers in `column`; order and columns are kept."""
    joined = rows.join(moves.rename({"here": column, "former": "kind"}), on=[column, "kind"], how="left", maintain_order="left")
    return joined.with_columns(kind=pl.coalesce("to", "kind")).drop("to")
