"""Questions about what a split holds out as a whole: what became known later, whole loci, whole branches of diseases.

Traits are asked for among all traits that training knows of any variant, whatever their kind: a GWAS may be of a disease, a
measurement or a process. `gwas-time` gives a variant with known traits; `gwas-time-unseen` one of which training knows its genes and
nothing else, one of them with a variant that has traits. A variant of a held-out locus is asked about if training knows its gene, or it could
only be guessed at. A branch's diseases are asked about what training has seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS, Kind
from kg.split.parts import ASSOCIATED, BRANCH, LATER, LOCUS, OF_VARIANT, WITHHELD
from training.evaluate.questions import Questions, draw_rows, hide_known, relation_questions
from training.evaluate.split import NumberedSplit
from training.evaluate.variant_ties import VariantTies, variant_ties

TIME, TIME_UNSEEN, OF_LOCUS, OF_BRANCH = "gwas-time", "gwas-time-unseen", "locus", "branch"
KINDS_OF_TRAITS = "variant-trait"
Mask = NDArray[np.bool_]


def later_questions(split: NumberedSplit, *, limit: int, seed: int) -> Iterator[Questions]:
    """Which trait was the variant associated with later? Both have associations in training."""
    ties = variant_ties(split)
    yield from ask_traits(TIME, split, ties, part=LATER, askable=ties.known_variants, limit=limit, seed=seed)


def later_unseen_questions(split: NumberedSplit, *, limit: int, seed: int) -> Iterator[Questions]:
    """The same of variants that training knows by their genes alone."""
    ties = variant_ties(split)
    yield from ask_traits(TIME_UNSEEN, split, ties, part=LATER, askable=ties.in_known_genes & ~ties.told, limit=limit, seed=seed)


def locus_questions(split: NumberedSplit, *, limit: int, seed: int, families: Mapping[str, Sequence[str]]) -> Iterator[Questions]:
    """What is a variant of a held-out locus tied to? First traits, then the other predicates and families by name."""
    ties = variant_ties(split)
    in_genes = np.diff(ties.genes.indptr) > 0
    yield from ask_traits(OF_LOCUS, split, ties, part=LOCUS, askable=in_genes, limit=limit, seed=seed)
    others = pl.col("predicate").is_in([name for name in OF_VARIANT if name != ASSOCIATED])
    variants = split.kind_numbers == KINDS.index(Kind.VARIANT.value)
    asked = _only(split, LOCUS, others & _among("subject", in_genes & variants) & _among("object", _seen(split)))
    for questions in relation_questions(asked, part=LOCUS, limit=limit, seed=seed, families=families):
        yield replace(questions, protocol=OF_LOCUS)


def branch_questions(split: NumberedSplit, *, limit: int, seed: int, families: Mapping[str, Sequence[str]]) -> Iterator[Questions]:
    """What is a disease of a held-out branch tied to? Predicates and families by name, then by kinds."""
    asked = _only(split, BRANCH, _among("subject", split.cold) & _among("object", _seen(split)))
    for questions in relation_questions(asked, part=BRANCH, limit=limit, seed=seed, families=families):
        yield replace(questions, protocol=OF_BRANCH)


def ask_traits(protocol: str, split: NumberedSplit, ties: VariantTies, *, part: str, askable: Mask, limit: int, seed: int) -> Iterator[Questions]:
    """The part's pairs of an askable variant and a known trait; nothing if there are none."""
    candidates = ties.known_traits
    of_part = (pl.col("part") == part) & (pl.col("predicate") == ASSOCIATED)
    asked = split.relations.filter(of_part & _among("subject", askable) & pl.col("object").is_in(candidates.tolist())).sort("subject", "object")
    if asked.is_empty():
        return
    drawn = draw_rows(asked, limit=limit, seed=seed)
    queries, answers = drawn["subject"].to_numpy(), drawn["object"].to_numpy()
    hidden = hide_known(split.ties([ASSOCIATED]), queries, answers=answers, candidates=candidates)
    yield Questions(protocol, ASSOCIATED, (ASSOCIATED,), KINDS_OF_TRAITS, queries, answers, candidates, hidden, asked.height)


def _only(split: NumberedSplit, part: str, condition: pl.Expr) -> NumberedSplit:
    """The split in which only rows that fulfill the condition are of the part; the others stay true, and so are hidden."""
    passed_over = (pl.col("part") == part) & ~condition
    return replace(split, relations=split.relations.with_columns(part=pl.when(passed_over).then(pl.lit(WITHHELD)).otherwise("part")))


def _among(end: str, mask: Mask) -> pl.Expr:
    return pl.col(end).is_in(np.flatnonzero(mask).tolist())


def _seen(split: NumberedSplit) -> Mask:
    """(n,) whether the concept has a training row."""
    return np.diff(split.training_neighbors().indptr) > 0
