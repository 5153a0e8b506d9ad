"""Rows that one record tells twice: an annotation "variant v of gene g changes drug d" gives v-d and g-d.

If v-d is held out while g-d is in training, v's gene gives the answer away; and a held-out g-d is no question where a training
v-d answers it. Grouping by pair cannot see this, since the pairs differ; so such rows are withheld: from training where they tell, from
the held-out parts where they are told.
"""

import polars as pl

TRAIN, WITHHELD = "train", "withheld"
ASKED = ("validation", "test")
OF_GENE, TELLING = "variant_of_gene", "affects_"


def withhold_retold(relations: pl.DataFrame) -> pl.DataFrame:
    """The relations with `part` withheld for gene rows that retell a held-out variant row, and for held-out gene rows that training retells.

    A gene row stays in training while at least one training variant of the gene has the same object.

    Args:
        relations: `subject, predicate, object, part` and whatever else; order is kept.
    """
    twins = _twins(relations)
    telling = twins.group_by("subject", "object").agg(in_training=(pl.col("twin_part") == TRAIN).any())
    is_gene_row = pl.col("predicate").str.starts_with(TELLING)
    marked = relations.join(telling, on=["subject", "object"], how="left", maintain_order="left")
    tells = is_gene_row & (pl.col("part") == TRAIN) & ~pl.col("in_training")
    is_told = is_gene_row & pl.col("part").is_in(ASKED) & pl.col("in_training")
    part = pl.when((tells | is_told).fill_null(False)).then(pl.lit(WITHHELD)).otherwise("part")
    return _withhold_unseen(marked.with_columns(part=part).drop("in_training"))


def _withhold_unseen(relations: pl.DataFrame) -> pl.DataFrame:
    """The relations with `part` withheld for held-out rows of which an end has lost its last training row."""
    seen = relations.filter(pl.col("part") == TRAIN).select(pl.concat([pl.col("subject"), pl.col("object")]).unique())["subject"]
    both_seen = pl.col("subject").is_in(seen.implode()) & pl.col("object").is_in(seen.implode())
    return relations.with_columns(part=pl.when(pl.col("part").is_in(ASKED) & ~both_seen).then(pl.lit(WITHHELD)).otherwise("part"))


def retold(relations: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object` of held-out variant rows whose gene alone, by a training row, still names the object.

    Only where no *other* training variant of the gene names it too: that one is knowledge, not the same record.
    """
    twins = _twins(relations)
    alone = twins.group_by("subject", "object").agg(in_training=(pl.col("twin_part") == TRAIN).any()).filter(~pl.col("in_training"))
    genes = relations.filter(pl.col("predicate").str.starts_with(TELLING), pl.col("part") == TRAIN).select("subject", "object").unique()
    told = twins.join(alone.select("subject", "object"), on=["subject", "object"]).join(genes, on=["subject", "object"])
    return told.select(subject="variant", predicate="twin_predicate", object="object").unique()


def _twins(relations: pl.DataFrame) -> pl.DataFrame:
    """`subject, object, variant, twin_predicate, twin_part`: for each gene and object, the rows of the gene's variants with that object."""
    genes = relations.filter(pl.col("predicate") == OF_GENE).select(variant="subject", subject="object")
    rows = relations.filter(pl.col("predicate").str.starts_with(TELLING)).select(variant="subject", object="object", twin_predicate="predicate", twin_part="part")
    return genes.join(rows, on="variant").select("subject", "object", "variant", "twin_predicate", "twin_part")
