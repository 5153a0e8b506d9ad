"""Gene sets in canonical CURIEs: who belongs to which set of which library.

A set is named by the CURIE of the concept that it is (a pathway, a process), where it is one, else it keeps the name that its library
gives it. Sets of concepts are relations as well (their readers say so); this table is what gene-set models learn from.
"""

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.tables import GENE_SETS
from kg.ends import UNKNOWN
from kg.folding import fold_strongest
from kg.harvest import count_set_aside

OF_SETS = [kind.value for kind in (Kind.PATHWAY, Kind.PROCESS, Kind.FUNCTION, Kind.COMPONENT)]


def place_gene_sets(gene_sets: pl.DataFrame, entries: pl.DataFrame, *, unresolved: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """GENE_SETS whose genes are concepts, canonical CURIEs in place, and SET_ASIDE of the other rows.

    Args:
        gene_sets: GENE_SETS of all sources; genes may be mentions.
        entries: `alias, kind, curie`: where identifiers and mentions lead.
        unresolved: `mention, reason`.
    """
    genes = entries.filter(pl.col("kind") == Kind.GENE.value).select(gene="alias", gene_curie="curie").unique("gene")
    sets = entries.filter(pl.col("kind").is_in(OF_SETS)).select(set="alias", set_curie="curie").unique("set", keep="first", maintain_order=True)
    joined = gene_sets.join(genes, on="gene", how="left", maintain_order="left").join(sets, on="set", how="left", maintain_order="left")
    reasons = unresolved.rename({"mention": "gene"})
    lost = joined.filter(pl.col("gene_curie").is_null()).join(reasons, on="gene", how="left", maintain_order="left")
    lost = lost.select("source", table=pl.lit(GENE_SETS.name), key="gene", reason=pl.col("reason").fill_null(UNKNOWN))
    placed = joined.filter(pl.col("gene_curie").is_not_null()).with_columns(gene="gene_curie", set=pl.coalesce("set_curie", "set"))
    folded, repeated = fold_strongest(placed.select(*GENE_SETS.columns), key=list(GENE_SETS.key), by=["source_version"], table=GENE_SETS.name)
    return folded, pl.concat([count_set_aside(lost), repeated])
