"""A quick look at a model during training: MRR on held-out relations of the validation part, by family of predicates.

It ranks a sample of answers among all concepts of their kind with known ones filtered, like the full evaluation, but only by cosine and
without baselines; figures for the README come from `generel evaluate`.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.sparse import coo_array

from training.corpus import Corpus, expand
from training.model import ConceptModel
from training.recipe import Recipe
from training.vectors import concept_vectors

QUERIES_A_FAMILY = 500
QUERIES_A_BLOCK = 250


@dataclass(frozen=True)
class Validation:
    """The sampled validation relations by family: subjects and objects by concept number, and all known pairs to filter."""

    corpus: Corpus = field(repr=False)
    pairs: dict[str, np.ndarray]
    known: dict[str, np.ndarray] = field(repr=False)

    @classmethod
    def of_split(cls, relations: pl.DataFrame, *, corpus: Corpus, recipe: Recipe) -> "Validation":
        """The sample of a split's SPLIT_RELATIONS, drawn with the recipe's seed."""
        number = {curie: row for row, curie in enumerate(corpus.curies)}
        families = {predicate: recipe.family(predicate) for predicate in relations["predicate"].unique().to_list()}
        table = relations.with_columns(
            pl.col("predicate").replace_strict(families).alias("family"),
            pl.col("subject").replace_strict(number, return_dtype=pl.Int64).alias("left"),
            pl.col("object").replace_strict(number, return_dtype=pl.Int64).alias("right"),
        )
        held = table.filter(pl.col("part") == "validation").sort("left", "right")
        pairs, known = {}, {}
        for family in held["family"].unique().sort().to_list():
            rows = held.filter(pl.col("family") == family)
            rows = rows.sample(min(rows.height, QUERIES_A_FAMILY), seed=recipe.seed)
            pairs[family] = rows.select("left", "right").to_numpy()
            known[family] = table.filter(pl.col("family") == family).select("left", "right").unique().to_numpy()
        return cls(corpus, pairs, known)

    def figures(self, model: ConceptModel) -> dict[str, float]:
        """MRR by family, and their mean under 'mean'."""
        vectors = concept_vectors(model, self.corpus)
        figures = {family: round(self._mrr(family, vectors), 4) for family in self.pairs}
        return figures | ({"mean": round(float(np.mean(list(figures.values()))), 4)} if figures else {})

    def _mrr(self, family: str, vectors: np.ndarray) -> float:
        pairs, known, n = self.pairs[family], self.known[family], self.corpus.n_concepts
        filtered = coo_array((np.ones(len(known), dtype=np.float32), (known[:, 0], known[:, 1])), shape=(n, n)).tocsr()
        kinds = self.corpus.kind_numbers
        reciprocal = []
        for kind in np.unique(kinds[pairs[:, 1]]):
            candidates = np.flatnonzero(kinds == kind)
            column = np.full(n, -1)
            column[candidates] = np.arange(len(candidates))
            asked = pairs[kinds[pairs[:, 1]] == kind]
            for start in range(0, len(asked), QUERIES_A_BLOCK):
                block = asked[start : start + QUERIES_A_BLOCK]
                scores = vectors[block[:, 0]] @ vectors[candidates].T
                truth = scores[np.arange(len(block)), column[block[:, 1]]].copy()
                rows, objects, _ = expand(filtered, block[:, 0])
                inside = column[objects] >= 0
                scores[rows[inside], column[objects[inside]]] = -np.inf
                # A concept is no answer to itself, and what ties with the answer is above it half of the time.
                itself = np.flatnonzero(column[block[:, 0]] >= 0)
                scores[itself, column[block[itself, 0]]] = -np.inf
                above, tied = (scores > truth[:, None]).sum(1), (scores == truth[:, None]).sum(1)
                reciprocal.append(1 / (1 + above + tied / 2))
        return float(np.concatenate(reciprocal).mean())
