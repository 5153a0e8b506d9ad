"""Folding the rows that several identifiers of one concept, or several sources, have for it into one.

Whatever is folded comes in one order: the member whose prefix has the lowest rank first, then the recipe's order of sources. So
the name is that of the database which names the concept, and all other names and synonyms become synonyms.
"""

import polars as pl

from generel.concepts.prefixes import BY_NAME
from generel.concepts.tables import CONCEPTS
from kg.curies import prefix_of
from kg.harvest import count_set_aside
from kg.identity import prefix_rank
from kg.spelling import normalized

OTHER_KIND = "the identifier names a concept of another kind"
REPEATED = "repeats another row of its source once identifiers are merged"


def one_kind_each(members: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The members without those whose canonical CURIE names a concept of another kind as well, and the CURIEs taken out.

    The kind that the prefix usually names stays (the first in its record).

    Args:
        members: `kind, alias, curie`.

    Returns:
        Members, and `kind, curie` of what was taken out.
    """
    usual = {(name, kind.value): place for name, prefix in BY_NAME.items() for place, kind in enumerate(prefix.kinds)}
    places = pl.DataFrame([(*key, place) for key, place in usual.items()], schema=["prefix", "kind", "place"], orient="row")
    named = members.select("kind", "curie", prefix=prefix_of(pl.col("curie"))).unique().join(places, on=["prefix", "kind"], how="left")
    chosen = named.sort("curie", "place", "kind", nulls_last=True).unique("curie", keep="first").select("kind", "curie")
    return members.join(chosen, on=["kind", "curie"]), named.join(chosen, on=["kind", "curie"], how="anti").select("kind", "curie")


def fold_concepts(concepts: pl.DataFrame, members: pl.DataFrame, *, sources: list[str]) -> pl.DataFrame:
    """CONCEPTS, one row a concept, sorted.

    Synonyms are distinct, and differ from the name, in normalized form; the definition is the first there is; `source` is
    that of the first row, whose name the concept bears.

    Args:
        concepts: CONCEPTS of all sources.
        members: `kind, alias, curie`.
        sources: names of sources in the recipe's order.
    """
    order = {source: place for place, source in enumerate(sources)}
    rows = concepts.rename({"curie": "alias"}).join(members, on=["kind", "alias"]).with_columns(
        rank=prefix_rank(pl.col("alias")), place=pl.col("source").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    )
    rows = rows.sort("curie", "rank", "alias", "place", "source")
    filled = pl.col("definition").filter(pl.col("definition").str.strip_chars() != "")
    folded = rows.group_by("curie", maintain_order=True).agg(pl.col("kind", "source", "source_version").first(), filled.first())
    return folded.join(_names(rows), on="curie").select(*CONCEPTS.columns).sort("curie")


def _names(rows: pl.DataFrame) -> pl.DataFrame:
    """`curie, name, synonyms` from rows in the order of folding."""
    texts = rows.select("curie", text=pl.concat_list(pl.col("name"), pl.col("synonyms"))).explode("text").drop_nulls("text")
    texts = texts.with_columns(normalized(texts["text"]).alias("form"), pl.int_range(pl.len()).over("curie").alias("position"))
    # A name without letter or digit still is a name; a synonym like that says nothing.
    texts = texts.filter((pl.col("form") != "") | (pl.col("position") == 0)).unique(["curie", "form"], keep="first", maintain_order=True)
    return texts.group_by("curie", maintain_order=True).agg(name=pl.col("text").first(), synonyms=pl.col("text").slice(1))


def fold_strongest(rows: pl.DataFrame, *, key: list[str], by: list[str], table: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row a key, the one with the largest values of `by` (nulls smallest), and SET_ASIDE of the others."""
    # The remaining columns that can be compared settle ties, so that the order of rows does not.
    rest = [name for name, kind in rows.schema.items() if name not in (*key, *by) and not kind.is_nested()]
    settled = rows.sort(*key, *by, *rest, descending=[False] * len(key) + [True] * (len(by) + len(rest)), nulls_last=True)
    first = settled.select(pl.struct(key).is_first_distinct()).to_series()
    repeated = settled.filter(~first).select("source", table=pl.lit(table), key=pl.concat_str(*key, separator=" "), reason=pl.lit(REPEATED))
    return settled.filter(first), count_set_aside(repeated)
