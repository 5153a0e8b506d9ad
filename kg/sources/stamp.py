"""Rows as a reader makes them, turned into the tables of a Harvest: cleaned, made distinct, and stamped with their source."""

from collections.abc import Iterable

import polars as pl

from generel.concepts.tables import ASSOCIATIONS, CONCEPTS, GENE_SETS, MAPPINGS, RELATIONS, VARIANTS, Table, check
from kg.curies import prefix_of
from kg.sources.record import Source


def stamp_concepts(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """CONCEPTS of `curie, kind, name, synonyms` and, where there is one, `definition`.

    Runs of blanks in names become one; a synonym that is the name, or another synonym, but for case is dropped.

    Raises:
        BadTable: if a CURIE occurs twice, or something is missing.
    """
    names = [" ".join(name.split()) for name in rows["name"].to_list()]
    synonyms = [clean_synonyms(name, given or ()) for name, given in zip(names, rows["synonyms"].to_list(), strict=True)]
    if "definition" not in rows.columns:
        rows = rows.with_columns(definition=pl.lit(None, dtype=pl.String))
    cleaned = rows.with_columns(pl.Series("name", names, dtype=pl.String), pl.Series("synonyms", synonyms, dtype=pl.List(pl.String)))
    return check(_stamp(cleaned, source), CONCEPTS)


def clean_synonyms(name: str, synonyms: Iterable[str]) -> list[str]:
    """The distinct synonyms in their order, none of them the name; case and blanks do not make a difference."""
    distinct = {name.casefold(): name}
    for synonym in synonyms:
        words = " ".join(synonym.split())
        if words:
            distinct.setdefault(words.casefold(), words)
    return list(distinct.values())[1:]


def stamp_mappings(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """MAPPINGS of `subject, predicate, object, kind`; a repeated row counts once.

    `confidence` is one over the number of rivals: the most of the subjects that share the object, and of the objects of
    one prefix that share the subject; at most one of rivals is the same thing. That a subject has several retired
    identifiers (objects of its own prefix) makes no rivals of these.
    """
    distinct = rows.select("subject", "predicate", "object", "kind").unique()
    sharing_object = pl.len().over("predicate", "object", prefix_of(pl.col("subject")))
    sharing_subject = pl.len().over("predicate", "subject", prefix_of(pl.col("object")))
    own_prefix = prefix_of(pl.col("subject")) == prefix_of(pl.col("object"))
    rivals = pl.max_horizontal(sharing_object, pl.when(own_prefix).then(1).otherwise(sharing_subject))
    return check(_stamp(distinct.with_columns(confidence=1 / rivals), source), MAPPINGS)


def stamp_relations(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """RELATIONS of `subject, predicate, object, confidence`; of equal rows the highest confidence is kept."""
    strongest = rows.group_by("subject", "predicate", "object").agg(pl.col("confidence").max())
    return check(_stamp(strongest, source).with_columns(license=pl.lit(source.license)), RELATIONS)


def stamp_associations(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """ASSOCIATIONS of rows with its key, `neg_log10_p`, `flags` and what else is known; columns that may be empty need not be there."""
    return check(_filled(_stamp(rows, source).with_columns(license=pl.lit(source.license)), ASSOCIATIONS), ASSOCIATIONS)


def stamp_variants(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """VARIANTS of `variant, build, chromosome, position, alternate_allele` and what else is known; equal rows are one."""
    return check(_filled(_stamp(rows, source), VARIANTS).unique(VARIANTS.key, keep="first", maintain_order=True), VARIANTS)


def stamp_gene_sets(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """GENE_SETS of `library, set, name, gene`; equal rows are one."""
    stamped = _stamp(rows, source).with_columns(license=pl.lit(source.license))
    return check(stamped.unique(GENE_SETS.key, keep="first", maintain_order=True), GENE_SETS)


def _filled(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows with nulls in those nullable columns that they lack."""
    return rows.with_columns(pl.lit(None, dtype=table.columns[name]).alias(name) for name in sorted(table.nullable) if name not in rows.columns)


def _stamp(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    return rows.with_columns(source=pl.lit(source.name), source_version=pl.lit(source.version))
