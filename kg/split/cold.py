"""Cold concepts: those of which training sees nothing, neither name nor relation.

They measure what the model makes of a concept from its text alone. A concept that shares a name with another, in whatever
word order, does not qualify: the other one's would give it away; nor, if the settings say so, does a disease with a near-copy
(`kg.split.copies`). Nor does an attribute such as 'autosomal recessive inheritance', nor the last thing that a variant is tied to: a
variant has no text worth reading, and is what its ties make of it.
"""

from typing import Protocol

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.predicates import PREDICATES
from kg.split.copies import namesakes
from kg.split.draw import draw_each

# Objects of predicates that are neither held out nor derived are attributes: modes of inheritance, clinical courses.
ATTRIBUTES = [each.name for each in PREDICATES if not each.held_out and not each.derived_from]
DERIVED = [each.name for each in PREDICATES if each.derived_from]
LEAST_TIES_OF_A_VARIANT = 2


class ColdShares(Protocol):
    """The shares of those that qualify, and the seed; `kg.split.SplitSettings` has them."""

    @property
    def seed(self) -> int: ...
    @property
    def cold_diseases(self) -> float: ...
    @property
    def cold_genes(self) -> float: ...
    @property
    def cold_phenotypes(self) -> float: ...
    @property
    def cold_variants(self) -> float: ...


def choose_cold(concepts: pl.DataFrame, relations: pl.DataFrame, names: pl.DataFrame, *, settings: ColdShares, unfit: pl.Series) -> pl.Series:
    """The CURIEs of the cold concepts, sorted.

    Qualified are diseases with phenotypes, genes of diseases, phenotypes with synonyms, and variants with two ties or more.

    Args:
        concepts: CONCEPTS.
        relations: `subject, predicate, object, left, right`, distinct.
        names: `curie, words`, one row a name.
        unfit: concepts that are not to be drawn for another reason than these.
    """
    like = pl.concat([namesakes(names), unfit.rename("curie")])
    unlike = concepts.filter(~pl.col("curie").is_in(like.implode()))
    shares = {
        Kind.DISEASE: (_ends(relations, "subject", predicates=["has_phenotype"]), settings.cold_diseases),
        Kind.GENE: (_ends(relations, "subject", predicates=["gene_of_disease"]), settings.cold_genes),
        Kind.PHENOTYPE: (_described(concepts, relations), settings.cold_phenotypes),
        Kind.VARIANT: (_tied(relations), settings.cold_variants),
    }
    chosen = [concepts["curie"].clear()]
    for kind, (qualified, share) in shares.items():
        ours = concepts.filter((pl.col("kind") == kind.value) & pl.col("curie").is_in(qualified.implode()))["curie"]
        eligible = unlike.filter(pl.col("curie").is_in(ours.implode()))["curie"].sort()
        order = pl.Series(draw_each(eligible, seed=settings.seed, purpose=f"cold {kind.value}"), dtype=pl.UInt64).arg_sort()
        chosen.append(eligible.gather(order.head(round(share * len(ours)))))
    variants = concepts.filter(pl.col("kind") == Kind.VARIANT.value)["curie"]
    return release_needed(pl.concat(chosen), relations, by=variants)


def release_needed(cold: pl.Series, relations: pl.DataFrame, *, by: pl.Series) -> pl.Series:
    """The cold concepts, sorted, without those that a concept of `by` needs: one, the alphabetically first, of its cold neighbors.

    It needs one where it is not cold itself, has relations that are not derived, and all of them are to cold concepts.
    """
    original = relations.filter(~pl.col("predicate").is_in(DERIVED))
    pairs = pl.concat([original.select(concept=a, neighbor=b) for a, b in (("subject", "object"), ("object", "subject"))])
    pairs = pairs.filter(pl.col("concept").is_in(by.implode()))
    while True:
        # Marked before they are grouped: within a group the list of cold concepts would be copied for each.
        marked = pairs.with_columns(pl.col(end).is_in(cold.implode()).alias(f"cold_{end}") for end in ("concept", "neighbor"))
        warm = marked.filter(~pl.col("cold_concept")).group_by("concept").agg(pl.col("cold_neighbor").all(), pl.col("neighbor").min())
        needed = warm.filter("cold_neighbor")["neighbor"].unique()
        if needed.is_empty():
            return cold.sort()
        cold = cold.filter(~cold.is_in(needed.implode()))


def _ends(relations: pl.DataFrame, end: str, *, predicates: list[str]) -> pl.Series:
    return relations.filter(pl.col("predicate").is_in(predicates))[end].unique()


def _described(concepts: pl.DataFrame, relations: pl.DataFrame) -> pl.Series:
    """Concepts with a synonym that are no attributes."""
    attributes = _ends(relations, "object", predicates=ATTRIBUTES)
    return concepts.filter((pl.col("synonyms").list.len() > 0) & ~pl.col("curie").is_in(attributes.implode()))["curie"]


def _tied(relations: pl.DataFrame) -> pl.Series:
    """Concepts of as many groups as a cold variant needs."""
    groups = relations.select("left", "right").unique()
    ends = pl.concat([groups["left"].rename("curie"), groups["right"].rename("curie")])
    counts = ends.value_counts(name="n")
    return counts.filter(pl.col("n") >= LEAST_TIES_OF_A_VARIANT)["curie"]
