"""Pruning the vocabulary: concepts that nothing is known about but their name stay only where the recipe wants them.

ChEBI and MeSH name far more than a graph has ties for. By default an is-a row does not count as a tie, for every term of a
vocabulary has one; is-a rows to a concept that goes, go with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from generel.concepts.tables import SET_ASIDE
from kg.curies import prefix_of
from kg.graph import AssembledGraph
from kg.harvest import count_set_aside

EVERY = "all"
UNTIED = "no relation touches it"
DANGLING = "an end of it is left out, for no other relation touches it"


def prune(graph: AssembledGraph, *, keep_untied: Mapping[str, str], is_a_ties: Sequence[str] = ()) -> AssembledGraph:
    """The graph without the concepts that nothing ties, unless the recipe keeps them; what goes is in its SET_ASIDE.

    Args:
        keep_untied: by source, 'all', or a prefix: only the source's concepts with an identifier of that prefix too.
        is_a_ties: sources whose is_a rows count as ties.
    """
    kept = pl.concat([_tied(graph, is_a_ties), *[_wanted(graph, source, which) for source, which in sorted(keep_untied.items())]]).unique()
    stays = {name: pl.col(name).is_in(kept.implode()) for name in ("curie", "subject", "object", "variant", "gene")}
    both = stays["subject"] & stays["object"]
    lost_relations = graph.relations.filter(~both).with_columns(key=pl.when(stays["subject"]).then("object").otherwise("subject"))
    lost = [
        _lost(graph.concepts.filter(~stays["curie"]), table="CONCEPTS", key="curie", reason=UNTIED),
        _lost(lost_relations, table="RELATIONS", key="key", reason=DANGLING),
        _lost(graph.gene_sets.filter(~stays["gene"]), table="GENE_SETS", key="gene", reason=UNTIED),
        _lost(graph.variants.filter(~stays["variant"]), table="VARIANTS", key="variant", reason=UNTIED),
    ]
    return replace(
        graph,
        concepts=graph.concepts.filter(stays["curie"]), relations=graph.relations.filter(both),
        variants=graph.variants.filter(stays["variant"]), gene_sets=graph.gene_sets.filter(stays["gene"]), merges=graph.merges.filter(stays["curie"]),
        set_aside=pl.concat([graph.set_aside, count_set_aside(pl.concat(lost))]).select(*SET_ASIDE.columns),
    )


def _tied(graph: AssembledGraph, is_a_ties: Sequence[str]) -> pl.Series:
    """The concepts that a relation, association or co-occurrence touches; is_a only of the given sources."""
    counts = graph.relations.filter((pl.col("predicate") != "is_a") | pl.col("source").is_in(list(is_a_ties)))
    ends = [counts["subject"], counts["object"], graph.associations["variant"], graph.associations["trait"]]
    ends += [graph.cooccurrences["left"], graph.cooccurrences["right"]]
    return pl.concat([end.rename("curie") for end in ends])


def _wanted(graph: AssembledGraph, source: str, which: str) -> pl.Series:
    """The concepts of a source that stay in any case."""
    ours = graph.concepts.filter(pl.col("source") == source)["curie"]
    if which == EVERY:
        return ours
    named = graph.merges.filter(prefix_of(pl.col("alias")) == which)["curie"].unique()
    return ours.filter(ours.is_in(named.implode()))


def _lost(rows: pl.DataFrame, *, table: str, key: str, reason: str) -> pl.DataFrame:
    return rows.select("source", table=pl.lit(table), key=pl.col(key), reason=pl.lit(reason))
