"""Withholding: a build that is not told which genes belong to concepts of some kinds, so that it can be asked for them.

Several sources tell of pathways and of GO, some of them of much else besides, so rows are left out by the kinds of their ends, whoever has them.
A gene set that is no concept has no kind, and stays.
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.tables import SET_ASIDE
from kg.graph import AssembledGraph
from kg.harvest import count_set_aside

WITHHELD = "the recipe leaves out the genes of its kind"


def withhold_genes(graph: AssembledGraph, *, kinds: Sequence[str]) -> AssembledGraph:
    """The graph without relations between a gene and a concept of these kinds, and without their gene sets; what goes is in its SET_ASIDE, by concept."""
    if not kinds:
        return graph
    genes = pl.Series("gene", graph.concepts.filter(kind=Kind.GENE.value)["curie"]).implode()
    asked = pl.Series("asked", graph.concepts.filter(pl.col("kind").is_in(list(kinds)))["curie"]).implode()
    out = pl.col("subject").is_in(genes) & pl.col("object").is_in(asked)
    back = pl.col("object").is_in(genes) & pl.col("subject").is_in(asked)
    of_kind = pl.col("set").is_in(asked)
    lost = [
        graph.relations.filter(out | back).select("source", table=pl.lit("RELATIONS"), key=pl.when(out).then("object").otherwise("subject")),
        graph.gene_sets.filter(of_kind).select("source", table=pl.lit("GENE_SETS"), key="set"),
    ]
    return replace(
        graph,
        relations=graph.relations.filter(~(out | back)), gene_sets=graph.gene_sets.filter(~of_kind),
        set_aside=pl.concat([graph.set_aside, count_set_aside(pl.concat(lost).with_columns(reason=pl.lit(WITHHELD)))]).select(*SET_ASIDE.columns),
    )
