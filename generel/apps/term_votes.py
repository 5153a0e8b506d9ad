"""Terms with known genes as voters: what a name means is told by the terms nearest to it, and these vote for their genes.

A name that no gene was ever tied to can so be asked by what is tied to its neighbors. The other way, the cosine of the name and each gene, is that
of `generel.apps.gene_ranking`, where the two are joined.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import Kind
from generel.concepts.tables import RELATIONS, SPACE_CONCEPTS, read_table
from generel.index.space_folder import CONCEPTS_FILE, RELATIONS_FILE, VECTORS_FILE
from generel.index.vectors_file import VectorsFile

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
VOTERS = (Kind.PROCESS.value, Kind.FUNCTION.value, Kind.COMPONENT.value, Kind.PATHWAY.value)
# Chosen on WikiPathways and Hallmark; letting only the nearest 20, 100 or 400 terms vote was worse.
TEMPERATURE = 0.05


@dataclass(frozen=True)
class KnownTerms:
    """The processes, functions, components and pathways whose genes a space was told.

    Attributes:
        curies, names, kinds: of the terms.
        vectors: (terms, dims) unit norm.
        n_genes: of the space.
        tied_terms, tied_genes: (ties,) places of the term and of the gene, among the space's genes in order of rows; each pair once.
    """

    curies: list[str]
    names: list[str]
    kinds: list[str]
    vectors: Floats
    n_genes: int
    tied_terms: Numbers
    tied_genes: Numbers

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Those of the space in `folder`."""
        concepts = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS)
        genes = concepts.filter(kind=Kind.GENE.value).select(subject="curie").with_row_index("gene")
        voters = concepts.filter(pl.col("kind").is_in(VOTERS))
        told = read_table(folder / RELATIONS_FILE, RELATIONS).join(genes, on="subject").join(voters.select(object="curie"), on="object").select("object", "gene").unique()
        terms = voters.filter(pl.col("curie").is_in(told["object"].unique().implode())).with_row_index("term")
        ties = told.join(terms.select("term", object="curie"), on="object").sort("term", "gene")
        vectors = VectorsFile.open(folder / VECTORS_FILE).vectors[terms["row"].to_numpy()]
        return cls(
            terms["curie"].to_list(), terms["name"].to_list(), terms["kind"].to_list(), vectors, genes.height, ties["term"].to_numpy().astype(np.int64), ties["gene"].to_numpy().astype(np.int64)
        )

    def with_vectors(self, vectors: Floats) -> Self:
        """The same terms, told apart by other vectors, (terms, dims) unit norm."""
        return replace(self, vectors=vectors)

    def say(self) -> str:
        """How many there are of each kind."""
        counts = Counter(self.kinds)
        return ", ".join(f"{counts[kind]:,} of kind {kind}" for kind in VOTERS)

    def vote(self, vectors: Floats, *, without: Collection[str] = ()) -> Floats:
        """(names, genes) the terms' votes for their genes, from 0 to 1: a term weighs exp(cosine / TEMPERATURE), all together 1.

        Args:
            vectors: (names, dims) unit norm.
            without: CURIEs of terms that have no vote.
        """
        asked = np.array([curie not in without for curie in self.curies], dtype=np.bool_)
        votes = np.empty((len(vectors), self.n_genes), dtype=np.float32)
        for place, cosines in enumerate(vectors @ self.vectors.T):
            weights = np.exp((cosines - cosines.max(initial=-1)) / TEMPERATURE) * asked
            weights /= max(float(weights.sum()), np.finfo(np.float32).tiny)
            votes[place] = np.bincount(self.tied_genes, weights=weights[self.tied_terms], minlength=self.n_genes)
        return votes
