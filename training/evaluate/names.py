"""Names as the rivals read them: raw sentence vectors, and TF-IDF; both untrained on relations, both by concept.

Kinds whose names say nothing (rsIDs) have the barycenter of what they are tied to in training, as in the space itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, vstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from generel.concepts.kinds import KINDS
from generel.concepts.progress import SILENT, Progress
from generel.model.feature_cache import Encoder, FeatureCache
from training.evaluate.split import NumberedSplit, Numbers

Floats = NDArray[np.float32]
Matrix = TypeVar("Matrix", NDArray[np.float32], csr_array)
# The forms of TF-IDF between which validation chooses; the first is taken where there is nothing to choose on.
FORMS: dict[str, dict[str, Any]] = {
    "char_wb 2-4": {"analyzer": "char_wb", "ngram_range": (2, 4)},
    # scikit-learn's own pattern leaves out words of one letter, as in "vitamin C".
    "word 1-2": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
}


@dataclass(frozen=True)
class RawFeatures:
    """The language model's vectors of strings: `features` (n, dims) float16, `row` of each string."""

    row: dict[str, int]
    features: NDArray[np.float16]

    def of(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dims) float32, unit norm.

        Raises:
            KeyError: a text that was not encoded.
        """
        taken: Floats = self.features[[self.row[text] for text in texts]].astype(np.float32)
        # Half precision has moved the norms by up to 1e-3.
        return taken / np.maximum(np.linalg.norm(taken, axis=1, keepdims=True), 1e-12)


def read_features(texts: Iterable[str], encoder: Encoder, *, cache: Path, progress: Progress = SILENT) -> RawFeatures:
    """Features of all distinct texts, from the cache folder where they are there."""
    distinct = sorted(set(texts))
    features = FeatureCache(cache, encoder).features(distinct, progress=progress)
    return RawFeatures({text: row for row, text in enumerate(distinct)}, features)


class NameTerms:
    """TF-IDF of one form, fitted on the training names; a cold concept's name is read, but has no say in the weights."""

    def __init__(self, split: NumberedSplit, *, form: str, composed: NDArray[np.bool_]) -> None:
        """Of the split; `composed` as in `barycenters`."""
        names, self._offsets = split.training_names(np.arange(split.n_concepts))
        cold = np.repeat(split.cold, np.diff(self._offsets))
        self._vectorizer = TfidfVectorizer(dtype=np.float32, **FORMS[form])
        seen = self._vectorizer.fit_transform([name for name, unseen in zip(names, cold, strict=True) if not unseen])
        unseen_names = [names[row] for row in np.flatnonzero(cold)]
        rows = vstack((seen, self._vectorizer.transform(unseen_names))) if unseen_names else seen
        order = np.argsort(np.concatenate((np.flatnonzero(~cold), np.flatnonzero(cold))))
        self._names = csr_array(rows)[order]
        self.concepts = barycenters(self._names[self._offsets[:-1]], split.training_neighbors(), composed=composed)

    def of(self, texts: Sequence[str]) -> csr_array:
        """(len(texts), terms) unit norm; zeros for a text without a known term."""
        # scikit-learn refuses to weigh no rows: a build may hold out synonyms for tests and none for validation.
        return csr_array(self._vectorizer.transform(texts)) if texts else csr_array((0, len(self._vectorizer.vocabulary_)), dtype=np.float32)

    def names(self, concepts: Numbers) -> csr_array:
        """Rows of all training names of these (ascending) concepts, in the order of `NumberedSplit.training_names`."""
        counts = np.diff(self._offsets)[concepts]
        ends = np.cumsum(counts)
        within = np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
        return self._names[np.repeat(self._offsets[:-1][concepts], counts) + within]


def composed_mask(split: NumberedSplit, kinds: Iterable[str]) -> NDArray[np.bool_]:
    """(n_concepts,) whether the concept is of one of the kinds that are composed from their ties."""
    return np.isin(split.kind_numbers, [KINDS.index(kind) for kind in kinds])


def barycenters(names: Matrix, ties: csr_array, *, composed: NDArray[np.bool_]) -> Matrix:
    """Each concept's row, unit norm: that of its name, or for a composed one the mean of its ties' names.

    Args:
        names: (n, dims) rows of preferred names; dense or sparse, and the result alike. Those of composed concepts are not read.
        ties: (n, n) symmetric.
        composed: (n,) which are composed; one without a tie to a concept that is not has a row of zeros.
    """
    written = diags_array((~composed).astype(np.float32), dtype=np.float32).tocsr() @ names
    shares = diags_array(composed.astype(np.float32), dtype=np.float32).tocsr() @ ties
    return normalize(written + shares @ written, copy=False)
