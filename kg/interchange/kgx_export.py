"""A graph as KGX: `nodes.tsv` and `edges.tsv` in the words of the Biolink Model.

An edge is a relation as one source tells it, so a relation of two sources is two edges, each with its source's license. Our own predicate
stands in `original_predicate`, as `generel:treats`, for Biolink's may be wider. `infores:` names of sources are ours, in the
catalog's way of writing; not all of them are registered there.
"""

from dataclasses import astuple
from pathlib import Path

import polars as pl

from kg.graph import Graph
from kg.interchange.biolink import CATEGORY_OF, WORDINGS
from kg.interchange.kgx import OWN_WORD, QUALIFIERS
from kg.interchange.spellings import spelled
from kg.interchange.text_files import one_field, one_line, write_rows

NODES, EDGES = "nodes.tsv", "edges.tsv"


def write_kgx(graph: Graph, folder: Path) -> dict[str, int]:
    """Write both files; how many rows each has."""
    return {NODES: write_rows(_nodes_of(graph), folder / NODES), EDGES: write_rows(_edges_of(graph), folder / EDGES)}


def _nodes_of(graph: Graph) -> pl.DataFrame:
    same = graph.merges.sort("kind", "curie", "alias").group_by("kind", "curie", maintain_order=True).agg(equivalent=spelled(pl.col("alias")))
    concepts = graph.concepts.sort("curie").join(same, on=["kind", "curie"], how="left", maintain_order="left")
    name = one_line(pl.col("name"))
    return concepts.select(
        id=spelled(pl.col("curie")),
        category=pl.col("kind").replace_strict(CATEGORY_OF),
        name=pl.when(name == "").then("curie").otherwise(name),
        description=one_line(pl.col("definition")),
        synonym=one_field(pl.col("synonyms")),
        equivalent_identifiers=pl.col("equivalent").list.join("|"),
        provided_by=_infores(pl.col("source")),
    )


def _edges_of(graph: Graph) -> pl.DataFrame:
    words = pl.DataFrame(
        [(each.ours, f"biolink:{each.written}", *astuple(each.qualifiers), each.level, each.agent) for each in WORDINGS],
        schema=dict.fromkeys(["ours", "written", *QUALIFIERS, "level", "agent"], pl.String), orient="row",
    )
    relations = graph.relations.rename({"predicate": "ours"}).sort("subject", "ours", "object", "source")
    return relations.join(words, on="ours", how="left", maintain_order="left").select(
        pl.format("generel:{}", pl.int_range(1, pl.len() + 1)).alias("id"),
        subject=spelled(pl.col("subject")),
        predicate=pl.col("written").fill_null("biolink:related_to"),
        object=spelled(pl.col("object")),
        category=pl.lit("biolink:Association"),
        original_predicate=pl.lit(OWN_WORD) + pl.col("ours"),
        **{name: pl.col(name) for name in QUALIFIERS},
        primary_knowledge_source=_infores(pl.col("source")),
        source_version=one_line(pl.col("source_version")),
        license=one_line(pl.col("license")),
        has_confidence_score=pl.col("confidence"),
        knowledge_level=pl.col("level"),
        agent_type=pl.col("agent"),
    )


def _infores(source: pl.Expr) -> pl.Expr:
    return pl.lit("infores:") + source.str.replace_all("_", "-", literal=True)
