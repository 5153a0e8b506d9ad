"""Groups whose part is settled before any is drawn: what is cold, of a branch, of a locus, or became known later.

Where a group could go to several, the first of these has it: a branch, cold, a locus, later.
"""

from datetime import date

import polars as pl

from kg.graph import Graph
from kg.split.branch import Branches
from kg.split.later import pairs_after
from kg.split.locus import draw_loci, reserve_loci
from kg.split.parts import BRANCH, COLD, PAIR, WITHHELD


def reserve(
    graph: Graph, relations: pl.DataFrame, *, cold: pl.Series, branches: Branches, after: str, locus_share: float, locus_kb: int, seed: int
) -> pl.DataFrame:
    """`left, right, part` of the groups that are settled.

    Args:
        graph: with the dates of associations and the places of variants.
        relations: `subject, predicate, object, left, right`, distinct.
        after: a date as YYYY-MM-DD; empty for no cut by time.
        locus_share: of the loci; 0 for none.
    """
    parts = [_touching(relations, branches.copied, WITHHELD), _touching(relations, branches.members, BRANCH), _touching(relations, cold, COLD)]
    if locus_share:
        loci = draw_loci(graph.concepts, relations, graph.variants, share=locus_share, within_kb=locus_kb, seed=seed)
        parts.append(reserve_loci(relations, loci))
    if after:
        pairs = pairs_after(graph.relations, graph.associations, after=date.fromisoformat(after))
        parts.append(pairs.select(left=pl.min_horizontal("subject", "object"), right=pl.max_horizontal("subject", "object"), part="part"))
    return pl.concat(parts).unique(PAIR, keep="first", maintain_order=True)


def _touching(relations: pl.DataFrame, concepts: pl.Series, part: str) -> pl.DataFrame:
    """The groups of which an end is among the concepts."""
    groups = relations.select(PAIR).unique(maintain_order=True)
    return groups.filter(pl.any_horizontal(pl.col(end).is_in(concepts.implode()) for end in PAIR)).with_columns(part=pl.lit(part))
