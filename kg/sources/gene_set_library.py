"""Members of gene sets turned into concepts, relations and gene sets: what all readers of pathways and annotations share.

A row of members says that a gene belongs to a set: `library, set, kind, name, synonyms, gene, confidence`, where `set` is the CURIE of
the pathway, process, function or component that the set stands for, and `gene` a CURIE or a mention.
"""

from dataclasses import replace

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.tables import GENE_SETS, RELATIONS, check
from kg.harvest import Harvest, SetAside, mention
from kg.sources.record import Source
from kg.sources.stamp import stamp_concepts, stamp_gene_sets, stamp_relations

PREDICATES = {
    Kind.PATHWAY.value: "takes_part_in", Kind.PROCESS.value: "takes_part_in", Kind.FUNCTION.value: "has_function", Kind.COMPONENT.value: "acts_in",
}
# That a gene belongs to a set, where nothing says how that is known.
UNKNOWN_EVIDENCE = 0.5
NO_SYNONYMS = pl.lit([], dtype=pl.List(pl.String))


def harvest_sets(members: pl.DataFrame, source: Source, *, set_aside: SetAside) -> Harvest:
    """CONCEPTS of the sets, RELATIONS of genes to them and GENE_SETS.

    A set that goes by several names has the first, and the others as synonyms. Rows of another license than the source's say so in
    a column `license`.
    """
    licensed = members if "license" in members.columns else members.with_columns(license=pl.lit(source.license))
    parts = [(rows, replace(source, license=str(license))) for (license,), rows in licensed.partition_by("license", as_dict=True).items()]
    relations = [stamp_relations(_relate(rows), part) for rows, part in parts]
    sets = [stamp_gene_sets(rows, part) for rows, part in parts]
    return Harvest(
        concepts=stamp_concepts(_name_sets(members), source),
        relations=check(pl.concat([RELATIONS.empty(), *relations]), RELATIONS),
        gene_sets=check(pl.concat([GENE_SETS.empty(), *sets]), GENE_SETS),
        set_aside=set_aside.frame(),
    )


def mention_gene(symbol: str) -> pl.Expr:
    """The mention of the gene whose symbol stands in that column."""
    return pl.lit(mention(Kind.GENE, "")) + pl.col(symbol)


def _relate(members: pl.DataFrame) -> pl.DataFrame:
    predicate = pl.col("kind").replace_strict(PREDICATES, return_dtype=pl.String)
    return members.select(subject="gene", predicate=predicate, object="set", confidence="confidence")


def _name_sets(members: pl.DataFrame) -> pl.DataFrame:
    named = members.select("set", "kind", "name", "synonyms").unique(["set", "name"], keep="first", maintain_order=True)
    of_set = named.group_by("set", maintain_order=True)
    folded = of_set.agg(pl.col("kind").first(), pl.col("name").first(), others=pl.col("name").slice(1), synonyms=pl.col("synonyms").list.explode())
    return folded.select("kind", "name", curie="set", synonyms=pl.concat_list("others", pl.col("synonyms").list.drop_nulls()))
