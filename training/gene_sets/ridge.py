"""The terms that `generel.apps.gene_sets.ridge` regresses on, what its scores weigh beside a network's, and the two as one method of ranking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.preprocessing import normalize

from generel.apps.gene_sets.network import Network
from generel.apps.gene_sets.ridge import Ridge, solve
from training.gene_sets.scorer import Scorer

Floats = NDArray[np.float32]
# The penalty, and how far the scores spread over how far the network's do, chosen on GO's molecular functions and cellular components; the latter
# beside the profiles' cosine alone, which stood for the network. A penalty of 4 gives the same average precision there and a lower AUROC.
PENALTY, WEIGHT = 8.0, 1.0
# Lists solved at once: each step holds a number for every term of each.
AT_ONCE = 256


def make_ridge(blocks: Sequence[csr_array]) -> Ridge:
    """The regression on these terms; its scores weigh nothing yet.

    Args:
        blocks: (n_genes, terms) weighted, as profiles are made of.
    """
    terms = csr_array(normalize(csr_array(hstack(blocks, format="csr", dtype=np.float32))))
    scalars = {"penalty": np.full(1, PENALTY, np.float32), "scale": np.zeros(1, np.float32)}
    return Ridge(terms.data.astype(np.float32), terms.indices.astype(np.int32), terms.indptr.astype(np.int64), **scalars)


def weigh_ridge(ridge: Ridge, network: Network, shown: csr_array, *, weight: float = WEIGHT) -> Ridge:
    """The regression with scores that spread `weight` times as far as the network's do, over all genes and these lists.

    Args:
        shown: (n_sets, n_genes) 1 where a gene is shown.
    """
    learned = Scorer(network)(shown)
    raw = RidgeScorer(replace(ridge, scale=np.ones(1, np.float32)))(shown)
    scale = weight * _spread(learned) / max(_spread(raw), 1e-9)
    return replace(ridge, scale=np.full(1, scale, np.float32))


@dataclass(frozen=True)
class RidgeScorer:
    """What `Ridge.score` gives, for many lists at once; a method of `training.evaluate.gene_set_halves`."""

    ridge: Ridge

    def __call__(self, shown: csr_array) -> Floats:
        """(n_sets, n_genes) float32.

        Args:
            shown: (n_sets, n_genes) 1 where a gene is shown.
        """
        scores = np.empty(shown.shape, dtype=np.float32)
        for start in range(0, shown.shape[0], AT_ONCE):
            lists = shown[start : start + AT_ONCE]
            wanted = (lists.toarray() / np.sqrt(np.maximum(lists.sum(axis=1), 1))[:, None]).T.astype(np.float32)
            scores[start : start + AT_ONCE] = (self.ridge.scale * solve(self._multiply, np.ascontiguousarray(wanted), penalty=float(self.ridge.penalty[0]))).T
        return scores

    def _multiply(self, weights: Floats) -> Floats:
        centered = self._transposed @ weights - np.outer(self._means, weights.sum(axis=0))
        return np.asarray(self._terms @ centered - self._means @ centered, dtype=np.float32)

    @cached_property
    def _terms(self) -> csr_array:
        return csr_array((self.ridge.values, self.ridge.terms, self.ridge.offsets), shape=(self.ridge.n_genes, int(self.ridge.terms.max(initial=-1)) + 1))

    @cached_property
    def _transposed(self) -> csr_array:
        return csr_array(self._terms.T)

    @cached_property
    def _means(self) -> Floats:
        return np.asarray(self._terms.mean(axis=0), dtype=np.float32)


@dataclass(frozen=True)
class CompletionScorer:
    """The scores that a list is completed by: the network's and, where there is one, the regression's."""

    network: Network
    ridge: Ridge | None

    def __call__(self, shown: csr_array) -> Floats:
        """(n_sets, n_genes) float32; see `RidgeScorer`."""
        scores = Scorer(self.network)(shown)
        return scores if self.ridge is None else scores + RidgeScorer(self.ridge)(shown)


def _spread(scores: Floats) -> float:
    """The middle deviation of a list's scores."""
    return float(np.median(scores.std(axis=1)))
