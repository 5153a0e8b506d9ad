"""What became known after a day: pairs of variant and trait that no study had associated by then.

A pair counts as known from its first association on, however weak, and from ever if any association of it has no date, or if a
source says that it is related without an association to show for it. A pair that was known by the day, but not as significant as a relation
is, became a relation through later studies: it is no question, and nothing that training may know either.

A variant whose pairs are all later keeps its relations to genes: they follow from where it lies, and lay open before anyone
tested it. They are what the question about an unseen variant gives. (Its rows weigh by the strongest study of any time, which says
nothing about a pair that is asked.)
"""

from datetime import date

import polars as pl

from kg.split.parts import ASKED, ASSOCIATED, LATER, OF_VARIANT, TRAIN, WITHHELD

EVER = date.min
ENDS = ("subject", "object")


def pairs_after(relations: pl.DataFrame, associations: pl.DataFrame, *, after: date) -> pl.DataFrame:
    """`subject, object, part` of the pairs that are `later`, and of those that are withheld since they were known but not significant.

    Args:
        relations: RELATIONS.
        associations: ASSOCIATIONS.
    """
    dated = date_pairs(relations, associations)
    part = pl.when(pl.col("known") > after).then(pl.lit(LATER)).otherwise(pl.lit(WITHHELD))
    return dated.filter(pl.col("significant") > after).select(*ENDS, part=part)


def date_pairs(relations: pl.DataFrame, associations: pl.DataFrame) -> pl.DataFrame:
    """`subject, object, known, significant` of each variant_associated_with pair: the days of its first association and of its first significant one.

    An association is significant if it is as strong as the weakest that alone makes a relation. Without a date it is from ever (year 1).
    """
    related = relations.filter(pl.col("predicate") == ASSOCIATED).select(*ENDS, "source").unique()
    rows = associations.select("neg_log10_p", "source", subject="variant", object="trait", date=pl.col("date").fill_null(EVER))
    best = rows.group_by(*ENDS, "source").agg(best=pl.col("neg_log10_p").max())
    shown = related.join(best, on=[*ENDS, "source"], how="left").group_by(ENDS).agg(unshown=pl.col("best").is_null().any(), best=pl.col("best").min())
    weakest = shown["best"].min()
    is_significant = pl.col("neg_log10_p") >= pl.lit(weakest, dtype=pl.Float64)
    days = rows.group_by(ENDS).agg(known=pl.col("date").min(), significant=pl.col("date").filter(is_significant).min())
    joined = shown.join(days, on=ENDS, how="left")
    return joined.select(*ENDS, *(pl.when("unshown").then(EVER).otherwise(pl.col(day)).fill_null(EVER).alias(day) for day in ("known", "significant")))


def withhold_twins(relations: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The relations with `part` withheld for rows of a variant where a twin, another one at the same place, has the object in training.

    Two rsIDs of one place are often two names of one variant, or one record told of both.

    Args:
        relations: `subject, predicate, object, part` and whatever else; order is kept.
        places: `variant, chromosome, position`.
    """
    told = told_by_twins(relations, places).with_columns(told=pl.lit(True))
    marked = relations.join(told, on=["subject", "predicate", "object"], how="left", maintain_order="left")
    return marked.with_columns(part=pl.when("told").then(pl.lit(WITHHELD)).otherwise("part")).drop("told")


def told_by_twins(relations: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object` of the rows of variants that are asked and that a twin has in training."""
    where = ["chromosome", "position"]
    crowded = places.unique().filter(pl.len().over(where) > 1)
    twins = crowded.join(crowded.rename({"variant": "twin"}), on=where).filter(pl.col("variant") != pl.col("twin")).select("variant", "twin").unique()
    rows = relations.filter(pl.col("predicate").is_in(OF_VARIANT))
    known = rows.filter(pl.col("part") == TRAIN).select("object", twin="subject").unique()
    asked = rows.filter(pl.col("part").is_in(ASKED)).select("subject", "predicate", "object")
    return asked.join(twins.rename({"variant": "subject"}), on="subject").join(known, on=["twin", "object"]).select("subject", "predicate", "object").unique()
