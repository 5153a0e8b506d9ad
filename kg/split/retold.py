"""Rows that one record tells twice: an annotation "variant v of gene g changes drug d" gives v-d and g-d.

If v-d is held out while g-d is in training, v's gene gives the answer away; and a held-out g-d is no question where a training
v-d answers it. Grouping by pair cannot see this, since the pairs differ; so such rows are withheld: from training where they tell, from
the held-out parts where they are told.

Associations of genes with traits come from other sources than those of variants, and count as knowledge of their own. But
they are gathered from the same studies and have no date, so where a locus or what came later is held out, they are withheld like the
others: nothing shows that they were known without the variant.
"""

import polars as pl

from kg.split.parts import ASSOCIATED, DRAWN, OF_GENE, SET_APART, TRAIN, WITHHELD

TELLING = "affects_"
RESPONSE, ASSOCIATION = "response", "association"
KEY = ("subject", "object", "family")


def withhold_retold(relations: pl.DataFrame) -> pl.DataFrame:
    """The relations with `part` withheld for gene rows that retell a held-out variant row, and for held-out gene rows that training retells.

    A gene row stays in training while at least one training variant of the gene has the same object.

    Args:
        relations: `subject, predicate, object, part` and whatever else; order is kept.
    """
    telling = _twins(relations).group_by(KEY).agg(in_training=(pl.col("twin_part") == TRAIN).any(), set_apart=pl.col("twin_part").is_in(SET_APART).any())
    marked = relations.with_columns(family=_family()).join(telling, on=KEY, how="left", maintain_order="left")
    is_response = pl.col("family") == RESPONSE
    tells = (pl.col("part") == TRAIN) & ~pl.col("in_training") & (is_response | pl.col("set_apart"))
    is_told = is_response & pl.col("part").is_in(DRAWN) & pl.col("in_training")
    part = pl.when((tells | is_told).fill_null(False)).then(pl.lit(WITHHELD)).otherwise("part")
    return _withhold_unseen(marked.with_columns(part=part).drop("in_training", "set_apart", "family"))


def _withhold_unseen(relations: pl.DataFrame) -> pl.DataFrame:
    """The relations with `part` withheld for held-out rows of which an end has lost its last training row."""
    seen = relations.filter(pl.col("part") == TRAIN).select(pl.concat([pl.col("subject"), pl.col("object")]).unique())["subject"]
    both_seen = pl.col("subject").is_in(seen.implode()) & pl.col("object").is_in(seen.implode())
    return relations.with_columns(part=pl.when(pl.col("part").is_in(DRAWN) & ~both_seen).then(pl.lit(WITHHELD)).otherwise("part"))


def retold(relations: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object` of held-out variant rows whose gene alone, by a training row, still names the object.

    Only where no *other* training variant of the gene names it too: that one is knowledge, not the same record.
    """
    twins = _twins(relations)
    alone = twins.group_by(KEY).agg(in_training=(pl.col("twin_part") == TRAIN).any()).filter(~pl.col("in_training"))
    genes = relations.filter(pl.col("part") == TRAIN).select("subject", "object", family=_family()).drop_nulls().unique()
    told = twins.join(alone.select(KEY), on=KEY).join(genes, on=KEY)
    told = told.filter((pl.col("family") == RESPONSE) | pl.col("twin_part").is_in(SET_APART))
    return told.select(subject="variant", predicate="twin_predicate", object="object").unique()


def _family() -> pl.Expr:
    """What variants and genes can both say: a drug's response, or an association; null for all else."""
    associated = pl.col("predicate").is_in([ASSOCIATED, "gene_associated_with"])
    return pl.when(pl.col("predicate").str.starts_with(TELLING)).then(pl.lit(RESPONSE)).when(associated).then(pl.lit(ASSOCIATION))


def _twins(relations: pl.DataFrame) -> pl.DataFrame:
    """`subject, object, family, variant, twin_predicate, twin_part`: for each gene and object, the rows of the gene's variants with that object."""
    genes = relations.filter(pl.col("predicate") == OF_GENE).select(variant="subject", subject="object")
    rows = relations.select("object", variant="subject", family=_family(), twin_predicate="predicate", twin_part="part").drop_nulls("family")
    return genes.join(rows, on="variant").select(*KEY, "variant", "twin_predicate", "twin_part")
