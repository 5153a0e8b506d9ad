"""Whole branches of diseases of which training sees nothing, as of cold concepts: what a model makes of an area that is new to it.

A branch is a disease and all that is a kind of it. A disease that is a kind of something outside as well goes in with its branch: were
it left out, training would know the phenotypes of a kind of what is asked about. What stays outside are the terms above a
branch. A member with a copy outside (`kg.split.copies`) is neither seen nor asked about.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from generel.concepts.kinds import Kind
from kg.split.copies import copied_outside
from kg.split.draw import draw_each

SMALLEST, LARGEST = 20, 300
Children = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Branches:
    """All concepts of the drawn branches, and those of them that have a copy outside; CURIEs, sorted."""

    members: pl.Series
    copied: pl.Series


def draw_branches(concepts: pl.DataFrame, relations: pl.DataFrame, names: pl.DataFrame, merges: pl.DataFrame, *, share: float, seed: int, numbered: bool) -> Branches:
    """As many drawn branches of 20 to 300 diseases as fit into the share of all diseases that have a place in the hierarchy.

    Args:
        relations: `subject, predicate, object`.
        names: `curie, kind, words`.
        merges: MERGES.
        numbered: whether a numbered sibling outside counts as a copy.
    """
    children = _children(concepts, relations)
    placed = {*children, *(child for each in children.values() for child in each)}
    heads = pl.Series("curie", sorted(children), dtype=pl.String)
    order = pl.Series(draw_each(heads, seed=seed, purpose="branches"), dtype=pl.UInt64).arg_sort()
    members = pl.Series("curie", sorted(_fill(heads.gather(order).to_list(), children, most=round(share * len(placed)))), dtype=pl.String)
    return Branches(members, copied_outside(members, names, merges, numbered=numbered))


def below(head: str, children: Children, *, most: int) -> set[str]:
    """The head and all below it; the walk ends once there are more than `most`. A circle of is_a rows does no harm."""
    found, waiting = {head}, [head]
    while waiting and len(found) <= most:
        new = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(new)
        waiting += new
    return found


def _fill(heads: Sequence[str], children: Children, *, most: int) -> set[str]:
    """The union of the branches, in order, that have the right size and still fit."""
    taken: set[str] = set()
    for head in heads:
        if len(taken) + SMALLEST > most:
            break
        branch = below(head, children, most=LARGEST)
        if head not in taken and SMALLEST <= len(branch) <= LARGEST and len(taken | branch) <= most:
            taken |= branch
    return taken


def _children(concepts: pl.DataFrame, relations: pl.DataFrame) -> Children:
    """The kinds of each disease that has any."""
    diseases = concepts.filter(pl.col("kind") == Kind.DISEASE.value)["curie"]
    rows = relations.filter((pl.col("predicate") == "is_a") & pl.col("subject").is_in(diseases.implode()))
    children: defaultdict[str, list[str]] = defaultdict(list)
    for child, parent in rows.select("subject", "object").unique().iter_rows():
        children[parent].append(child)
    return children
