"""Floors that read the training graph and no text: co-sharing, and vectors from its matrix of ties (PPMI and singular values).

What these reach costs seconds; a space that does not beat them has learned the graph's counts and no more.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from training.evaluate.split import Numbers

Floats = NDArray[np.float32]


def sharing_rows(neighbors: csr_array) -> csr_array:
    """(n, n) unit rows of each concept's ties, every tie divided by the root of how many share it: ties to common concepts say less.

    Args:
        neighbors: (n, n) 1 where two concepts have any training tie, symmetric.
    """
    degrees = np.maximum(np.asarray(neighbors.sum(axis=0), dtype=np.float32), 1)
    return csr_array(normalize(neighbors @ diags_array(1 / np.sqrt(degrees), dtype=np.float32).tocsr()))


@dataclass(frozen=True)
class CoSharing:
    """Subjects that share neighbors with who asks vote for what they are tied to, each with the cosine of the two rows of ties.

    A subject never votes on itself.

    Attributes:
        rows: (n_concepts, n_concepts) of `sharing_rows`.
        ties: (n_concepts, n_concepts) training rows of what is asked about, subject to object.
        k: how many subjects vote, those with the largest cosines; None for all.
    """

    rows: csr_array
    ties: csr_array
    k: int | None = None
    # Sums of products of the same few numbers in another order.
    resolution: float = 1e-6

    @cached_property
    def _subjects(self) -> Numbers:
        return np.flatnonzero(np.diff(self.ties.indptr))

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) sums of cosines; 0 for a candidate that nobody votes for."""
        if not len(self._subjects):
            return np.zeros((len(queries), len(candidates)), dtype=np.float32)
        votes = (self.rows[queries] @ self._transposed).tocsr()
        votes.data[self._subjects[votes.indices] == np.repeat(queries, np.diff(votes.indptr))] = 0
        known = self.ties[self._subjects][:, candidates].tocsr()
        known.data = np.ones_like(known.data)
        scores: Floats = ((votes if self.k is None else keep_largest(votes, self.k)) @ known).toarray().astype(np.float32)
        return scores

    @cached_property
    def _transposed(self) -> csr_array:
        return csr_array(self.rows[self._subjects].T)


def keep_largest(matrix: csr_array, k: int) -> csr_array:
    """The matrix with all but the k largest values of each row set to 0; of equal ones at the edge any may stay."""
    kept = matrix.copy()
    for row in np.flatnonzero(np.diff(matrix.indptr) > k).tolist():
        values = kept.data[kept.indptr[row] : kept.indptr[row + 1]]
        values[np.argpartition(-values, k)[k:]] = 0
    return kept


def ppmi_vectors(neighbors: csr_array, *, dims: int, seed: int) -> tuple[Floats, Floats]:
    """(n, dims) unit rows for who asks and for who answers, zeros where a concept has no tie: the singular vectors of the matrix of PPMI.

    PPMI of two tied concepts is max(0, ln(n · sum / (degree · degree))), n being 1 for a tie, as Levy and Goldberg factor it (NIPS 2014); both
    sides are weighed with the root of the singular values. They differ: between two kinds that are tied to each other only, the products of
    the one side with itself cancel out.

    Args:
        neighbors: (n, n) symmetric, 1 for a training tie.
        dims: at most n - 1 are kept.
        seed: of the randomized decomposition.
    """
    coordinates = neighbors.tocoo()
    degrees = np.asarray(neighbors.sum(axis=0), dtype=np.float64)
    strength = np.log(coordinates.data * degrees.sum() / (degrees[coordinates.row] * degrees[coordinates.col]))
    ppmi = csr_array((np.maximum(strength, 0), (coordinates.row, coordinates.col)), shape=neighbors.shape)
    kept = min(dims, neighbors.shape[0] - 1)
    left, values, right = randomized_svd(ppmi, n_components=kept, n_iter=4, random_state=seed)
    asking, answering = (normalize(side * np.sqrt(values)).astype(np.float32) for side in (left, right.T))
    return asking, answering
