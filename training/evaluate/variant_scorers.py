"""What anyone could say of a variant's traits without a model, each a line of arithmetic over the training rows.

A variant's own rows may count in these sums: they speak for its known traits alone, which are hidden from its questions. Where counts
tie, as most do at 0, the more popular trait goes first; knowing nothing else is knowing that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from training.evaluate.ranking import Scorer
from training.evaluate.scorers import ROUNDING, Degree
from training.evaluate.split import Numbers
from training.evaluate.variant_ties import VariantTies

Floats = NDArray[np.float32]
POPULARITY, BARYCENTER = "trait popularity", "raw encoder, barycenter of known traits"
SHARED_GENES, SHARED_VARIANTS, OWN_GENES = "traits sharing genes", "traits sharing variants", "profile of own genes"
SUM, GENES_BARYCENTER, GENES_SHARED = "weighted sum", "raw encoder, barycenter of the genes' traits", "traits sharing genes with the genes' traits"


@dataclass(frozen=True)
class TraitBarycenter:
    """The cosine of a trait's name with the mean of the names of the variant's traits.

    Attributes:
        vectors: (n_concepts, dims) of names, unit or zero; only those of traits are read.
        ties: (n_concepts, n_concepts) weights of the traits of each variant.
    """

    vectors: Floats
    ties: csr_array
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) cosine; 0 for a variant without a trait."""
        means = normalize(np.asarray(self.ties[queries] @ self.vectors, dtype=np.float32))
        cosines: Floats = means @ self.vectors[candidates].T
        return cosines


@dataclass(frozen=True)
class Profile:
    """How often what the variant is tied to is tied to the trait: the sum over its ties of their counts.

    Attributes:
        ties: (n_concepts, m) of each variant.
        counts: (m, n_concepts) of traits.
        popularity: (n_concepts,) by which ties are broken.
    """

    ties: csr_array
    counts: csr_array
    popularity: Floats
    resolution: float = 0.0

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) counts, and less than 1 for popularity."""
        own: Floats = (self.ties[queries] @ self.counts)[:, candidates].toarray().astype(np.float32)
        return own + (self.popularity[candidates] / (self.popularity.max(initial=0) + 1))[None, :]


@dataclass(frozen=True)
class SharedTies:
    """With how many things the trait shares with the variant's traits: the sum over these of the genes (or variants) they have in common.

    Attributes:
        traits: (n_concepts, n_concepts) of each variant.
        things: (m, n_concepts) what is tied to which trait; any count is one.
        popularity: as in Profile.
    """

    traits: csr_array
    things: csr_array
    popularity: Floats
    resolution: float = 0.0

    @cached_property
    def profile(self) -> Profile:
        """The same as a profile over traits."""
        once = self.things.copy()
        once.data = np.ones_like(once.data)
        return Profile(self.traits, (once.T @ once).tocsr(), self.popularity)

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) counts, and less than 1 for popularity."""
        return self.profile.scores(queries, candidates)


@dataclass(frozen=True)
class Term:
    """One of the scores that are added up; counts are taken as log(1 + count)."""

    scorer: Scorer
    weight: float
    is_count: bool = True


@dataclass(frozen=True)
class WeightedSum:
    """The sum of scores, each standardized over the candidates of a query (mean 0, deviation 1), times fixed weights."""

    terms: Sequence[Term] = field(repr=False)
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c); a score that is the same for all candidates adds nothing."""
        total = np.zeros((len(queries), len(candidates)), dtype=np.float32)
        for term in self.terms:
            scores = term.scorer.scores(queries, candidates)
            scores = np.log1p(scores) if term.is_count else scores
            deviations = scores.std(axis=1, keepdims=True)
            total += term.weight * (scores - scores.mean(axis=1, keepdims=True)) / np.where(deviations > ROUNDING, deviations, np.inf)
        return total


def known_variant_scorers(ties: VariantTies, names: Floats) -> dict[str, Scorer]:
    """What answers questions about variants with known traits, by its name in the table.

    Args:
        names: (n_concepts, dims) the raw encoder's vectors of preferred names, unit or zero.
    """
    popularity = Degree(ties.popularity)
    barycenter = TraitBarycenter(names, ties.traits)
    shared_genes, shared_variants = (SharedTies(ties.traits, things, ties.popularity) for things in (ties.gene_traits, ties.traits))
    own = Profile(ties.genes, ties.gene_traits, ties.popularity)
    total = WeightedSum([Term(barycenter, 1.0, is_count=False), Term(shared_genes, 1.0), Term(shared_variants, 0.5), Term(own, 0.5), Term(popularity, 0.5)])
    return {POPULARITY: popularity, BARYCENTER: barycenter, SHARED_GENES: shared_genes, SHARED_VARIANTS: shared_variants, OWN_GENES: own, SUM: total}


def unseen_variant_scorers(ties: VariantTies, names: Floats) -> dict[str, Scorer]:
    """What answers questions about variants of which the genes alone are known; `names` as above."""
    through_genes = (ties.genes @ ties.gene_traits).tocsr()
    popularity = Degree(ties.popularity)
    barycenter = TraitBarycenter(names, through_genes)
    own = Profile(ties.genes, ties.gene_traits, ties.popularity)
    shared = SharedTies(through_genes, ties.gene_traits, ties.popularity)
    total = WeightedSum([Term(barycenter, 1.0, is_count=False), Term(own, 1.0), Term(shared, 1.0), Term(popularity, 1.0)])
    return {POPULARITY: popularity, GENES_BARYCENTER: barycenter, OWN_GENES: own, GENES_SHARED: shared, SUM: total}
