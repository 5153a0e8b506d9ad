"""Variants that training never saw: what are they associated with, given the genes they lie in?

A variant's genes follow from its position, so whoever has the rsID has them. The questions show these rows and no others: the vector of such a
variant is composed of its genes, what other variants of these and of its locus are tied to, as a user would fold it in; the floors know the same genes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS, Kind
from kg.split.parts import COLD, OF_GENE, TRAIN
from training.composer import compose
from training.evaluate.questions import Questions
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit
from training.evaluate.time_and_locus_questions import ask_traits
from training.evaluate.variant_ties import variant_ties
from training.makings import CONSEQUENCE, consequences_of, make_makings, positions_of

COLD_VARIANTS = "cold-variants"
Floats = NDArray[np.float32]


def show_genes(split: NumberedSplit) -> NumberedSplit:
    """The split in which the rows of cold variants to genes that are not cold are known."""
    variant = split.kind_numbers == KINDS.index(Kind.VARIANT.value)
    rows = split.relations
    shown = (
        (pl.col("part") == COLD) & (pl.col("predicate") == OF_GENE)
        & pl.Series((split.cold & variant)[rows["subject"].to_numpy()], dtype=pl.Boolean) & pl.Series(~split.cold[rows["object"].to_numpy()], dtype=pl.Boolean)
    )
    return replace(split, relations=rows.with_columns(part=pl.when(shown).then(pl.lit(TRAIN)).otherwise("part")))


def cold_variant_questions(shown: NumberedSplit, *, limit: int, seed: int) -> Iterator[Questions]:
    """Questions about the traits of cold variants in genes of which another variant has a trait; `shown` is of `show_genes`."""
    ties = variant_ties(shown)
    yield from ask_traits(COLD_VARIANTS, shown, ties, part=COLD, askable=shown.cold & ties.in_known_genes & ~ties.told, limit=limit, seed=seed)


def fold_in(vectors: Floats, shown: NumberedSplit) -> Floats:
    """(n, dims) the vectors, those of cold variants being the mean of their genes' at unit norm; zeros where no gene has a vector."""
    cold = np.flatnonzero(shown.cold & (shown.kind_numbers == KINDS.index(Kind.VARIANT.value)))
    means: Floats = (variant_ties(shown).genes[cold] @ vectors).astype(np.float32)
    folded = vectors.copy()
    folded[cold] = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return folded


def fold_into_space(space: SpaceVectors, shown: NumberedSplit, *, weights: Mapping[str, float], variants: pl.DataFrame, window: int) -> SpaceVectors:
    """The space with vectors for the cold variants, composed as training composes others: of their genes, what these are known for, and their locus.

    Args:
        shown: of `show_genes`.
        weights: of the sorts of ties, as the space's manifest has them; empty for a space from before there were any, whose cold variants are the mean of their genes.
        variants: VARIANTS, where they lie.
        window: base pairs on either side that belong to a variant's locus.
    """
    if not weights:
        vectors = fold_in(space.vectors, shown)
        return replace(space, vectors=vectors, missing=space.missing & ~vectors.any(axis=1))
    composed = shown.kind_numbers == KINDS.index(Kind.VARIANT.value)
    # Cold variants count as known now, with the rows that are shown; nothing else of what is cold has any.
    makings = make_makings(
        shown.training_neighbors(), composed=composed, kind_numbers=shown.kind_numbers, trained=~shown.cold | composed, window=window,
        positions=positions_of(variants, shown.curies), consequences=consequences_of(variants, shown.curies) if weights.get(CONSEQUENCE) else None,
    )
    cold = np.flatnonzero(shown.cold & composed)
    folded = space.vectors.copy()
    folded[cold] = compose(cold, space.vectors, makings.by_sort, weights=weights)
    return replace(space, vectors=folded, missing=space.missing & ~folded.any(axis=1))
