"""What training knows of variants: their traits, their genes, and what may be put together from the two."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.split.parts import ASSOCIATED, OF_GENE, OF_VARIANT
from training.evaluate.split import NumberedSplit, Numbers


@dataclass(frozen=True)
class VariantTies:
    """Training rows of variants, by concept number.

    Attributes:
        traits: (n, n) 1 where the variant is associated with the trait.
        genes: (n, n) 1 where the variant lies in or near the gene.
        told: (n,) whether training says anything that the concept does as a variant: a trait, a drug.
    """

    traits: csr_array
    genes: csr_array
    told: NDArray[np.bool_]

    @cached_property
    def popularity(self) -> NDArray[np.float32]:
        """(n,) with how many variants each trait is associated."""
        return np.asarray(self.traits.sum(axis=0), dtype=np.float32).ravel()

    @cached_property
    def gene_traits(self) -> csr_array:
        """(n, n) how many variants of the gene are associated with the trait."""
        return (self.genes.T @ self.traits).tocsr()

    @property
    def known_traits(self) -> Numbers:
        """The traits that some variant is associated with, ascending."""
        return np.flatnonzero(self.popularity)

    @property
    def known_variants(self) -> NDArray[np.bool_]:
        """(n,) whether the concept is a variant with a trait."""
        return np.diff(self.traits.indptr) > 0

    @property
    def in_known_genes(self) -> NDArray[np.bool_]:
        """(n,) whether the concept is a variant in a gene of which some variant has a trait."""
        of_gene = np.diff(self.gene_traits.indptr) > 0
        return self.genes @ of_gene.astype(np.float32) > 0


def variant_ties(split: NumberedSplit) -> VariantTies:
    """The training part's."""
    return VariantTies(
        traits=split.training_ties([ASSOCIATED]),
        genes=split.training_ties([OF_GENE]),
        told=np.diff(split.training_ties(OF_VARIANT).indptr) > 0,
    )
