"""The methods: a space's own cosine and vote, and the floors that knowing nothing, or only the training rows, reaches.

All of them see the training part only. A concept without a vector (a variant without a training tie) has a zero vector: as a query
it makes all candidates tie, as a candidate it scores 0.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from training.evaluate.ranking import Scorer
from training.evaluate.split import Numbers

Floats = NDArray[np.float32]
# Two equal vectors may get cosines that differ by the order in which a processor adds up their products.
ROUNDING = 1e-6
POWER = 6


@dataclass(frozen=True)
class Cosine:
    """The cosine of stored vectors, plus what a candidate's bias adds.

    Attributes:
        asking: (queries, dims) unit or zero.
        answering: (n_concepts, dims) unit or zero.
        bias: (n_concepts, kinds of query) added to the cosine; None for the plain cosine.
        query_kinds: (queries,) columns of `bias`.
    """

    asking: Floats
    answering: Floats
    bias: Floats | None = None
    query_kinds: NDArray[np.int8] | None = None
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) cosine, or cosine plus bias."""
        cosines = self.asking[queries] @ self.answering[candidates].T
        if self.bias is None or self.query_kinds is None:
            return cosines
        return cosines + Bias(self.bias, self.query_kinds).scores(queries, candidates)


@dataclass(frozen=True)
class Bias:
    """What a candidate gains as an answer, by the kind that asks: `bias` is (n_concepts, kinds of query), `query_kinds` (queries,) its columns."""

    bias: Floats
    query_kinds: NDArray[np.int8]
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) gains in cosine units."""
        return self.bias[candidates][:, self.query_kinds[queries]].T


@dataclass(frozen=True)
class Vote:
    """The nearest training subjects vote for what they are tied to: sum over the k nearest of max(0, cosine)**6.

    A subject never votes on itself. Which of several subjects at the k-th cosine votes is arbitrary, but the same every time.

    Attributes:
        vectors: (n_concepts, dims) unit or zero.
        ties: (n_concepts, n_concepts) training rows, subject to object.
        k: how many subjects vote.
    """

    vectors: Floats
    ties: csr_array
    k: int
    # Two candidates with the same voters get the very same sum.
    resolution: float = 0.0
    subjects: Numbers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "subjects", np.flatnonzero(np.diff(self.ties.indptr)))

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) sums of weights; 0 for a candidate no voter is tied to."""
        if not len(self.subjects):
            return np.zeros((len(queries), len(candidates)), dtype=np.float32)
        known = self.ties[self.subjects][:, candidates].tocsr()
        known.data = np.ones_like(known.data)
        return (self._weights(queries) @ known).toarray()

    def _weights(self, queries: Numbers) -> csr_array:
        """(q, number of training subjects): the weight of each of the k nearest."""
        cosines = self.vectors[queries] @ self.vectors[self.subjects].T
        places = np.minimum(np.searchsorted(self.subjects, queries), len(self.subjects) - 1)
        themselves = np.flatnonzero(self.subjects[places] == queries)
        cosines[themselves, places[themselves]] = -np.inf
        k = min(self.k, len(self.subjects))
        nearest = np.sort(np.argpartition(-cosines, k - 1, axis=1)[:, :k], axis=1)
        weights = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 0) ** POWER
        starts = np.arange(0, len(queries) * k + 1, k)
        return csr_array((weights.ravel(), nearest.ravel(), starts), shape=cosines.shape)


@dataclass(frozen=True)
class Difference:
    """What speaks for an answer by one method, less what speaks for it by another."""

    more: Scorer
    less: Scorer

    @property
    def resolution(self) -> float:
        """That of the coarser."""
        return max(self.more.resolution, self.less.resolution)

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c), in the units of both."""
        difference: Floats = self.more.scores(queries, candidates) - self.less.scores(queries, candidates)
        return difference


@dataclass(frozen=True)
class Degree:
    """How often a candidate is an answer at all, whoever asks: (n_concepts,) counts of training rows."""

    counts: Floats
    resolution: float = 0.0

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c), the same for every query."""
        return np.repeat(self.counts[candidates][None, :], len(queries), axis=0)


@dataclass(frozen=True)
class SparseCosine:
    """The cosine of sparse rows, as of TF-IDF: `asking` (queries, terms), `answering` (n_concepts, terms), unit or zero."""

    asking: csr_array
    answering: csr_array
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) cosine."""
        return (self.asking[queries] @ self.answering[candidates].T.tocsr()).toarray()


@dataclass(frozen=True)
class NearestName:
    """The largest cosine with any name of a candidate.

    Attributes:
        asking: (queries, dims), dense or sparse.
        names: (names, dims) of the same sort: the names of candidate after candidate.
        offsets: (c + 1,) where each candidate's begin.
        candidates: (c,) whose names they are; the only candidates that can be asked for.
    """

    asking: Floats | csr_array
    names: Floats | csr_array
    offsets: Numbers
    candidates: Numbers
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) cosine with the nearest name.

        Raises:
            ValueError: other candidates than those it was made for.
        """
        if not np.array_equal(np.sort(candidates), self.candidates):
            raise ValueError("the names at hand are those of other candidates")
        cosines = self.asking[queries] @ self.names.T
        dense = cosines if isinstance(cosines, np.ndarray) else cosines.toarray()
        best: Floats = np.maximum.reduceat(dense, self.offsets[:-1], axis=1)
        return best[:, np.searchsorted(self.candidates, candidates)]
