"""A released space laid beside the split of its build: one row a concept of the split, in the split's order.

A concept that the space has no vector for (a composed one without a training tie stays out of a release) has zeros here, so that it
is asked and answered with like any other, and at chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import BuildMismatch
from generel.concepts.kinds import KINDS
from generel.concepts.tables import SPACE_CONCEPTS, read_table
from generel.index.popularity_file import Popularity, PopularityFile
from generel.index.rankings_file import Rankings, read_rankings
from generel.index.space_folder import CONCEPTS_FILE, POPULARITY_FILE, RANKINGS_FILE, VECTORS_FILE, read_manifest
from generel.index.vectors_file import VectorsFile
from training.evaluate.split import NumberedSplit

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class SpaceVectors:
    """The space in the order of the split.

    Attributes:
        vectors: (n_concepts, dims) unit norm, zeros where the space has none.
        bias: (n_concepts, number of kinds) what a concept gains as an answer to a query of that kind, in cosine units.
        missing: (n_concepts,) whether the space has no vector.
        popularity: the same by relation; None where the space does not keep it.
        rows: (n in the space,) the concept of each of its rows.
        rankings: how it ranks the answers to a relation; None where it was released without.
    """

    vectors: Floats
    bias: Floats
    missing: NDArray[np.bool_]
    popularity: Popularity | None = None
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    rankings: Rankings | None = None

    def bias_by(self, predicate: str, *, asking: str) -> Floats:
        """`bias`, in which a query of that kind finds what answers gain by this predicate, where the space keeps that."""
        if self.popularity is None:
            return self.bias
        gains, said = self.popularity.of(np.arange(len(self.rows)), predicate=predicate, asking=asking)
        bias = self.bias.copy()
        bias[self.rows[said], KINDS.index(asking)] = gains[said]
        return bias

    def count_missing(self, split: NumberedSplit) -> dict[str, int]:
        """How many concepts of each kind have no vector; kinds without any are left out."""
        counts = np.bincount(split.kind_numbers[self.missing], minlength=len(KINDS)).tolist()
        return {kind: n for kind, n in zip(KINDS, counts, strict=True) if n}


def read_space(folder: Path, *, split: NumberedSplit) -> SpaceVectors:
    """The vectors and biases of the space in `folder`, by concept of the split.

    Raises:
        BuildMismatch: the space has concepts that the split does not know.
    """
    curies = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS).sort("row")["curie"].to_list()
    stored = VectorsFile.open(folder / VECTORS_FILE)
    try:
        rows = place_in_split(curies, split)
    except BuildMismatch as error:
        raise BuildMismatch(f"{folder}: {error}; evaluate it with the build that it was trained on") from error
    beside = lay_beside(split, rows, vectors=stored.vectors, bias=stored.bias, popularity=_popularity(folder, split.kind_numbers[rows]))
    return replace(beside, rankings=read_rankings(folder / RANKINGS_FILE))


def lay_beside(split: NumberedSplit, rows: NDArray[np.int64], *, vectors: Floats, bias: Floats, popularity: Popularity | None) -> SpaceVectors:
    """The vectors and biases of a space in the order of the split; `rows` is the concept of each of its rows."""
    all_vectors = np.zeros((split.n_concepts, vectors.shape[1]), dtype=np.float32)
    all_bias = np.zeros((split.n_concepts, len(KINDS)), dtype=np.float32)
    missing = np.ones(split.n_concepts, dtype=bool)
    all_vectors[rows], all_bias[rows], missing[rows] = vectors, bias, False
    return SpaceVectors(all_vectors, all_bias, missing, popularity, rows)


def _popularity(folder: Path, kinds: NDArray[np.int8]) -> PopularityFile | None:
    path = folder / POPULARITY_FILE
    families = read_manifest(folder).raw.get("recipe", {}).get("families", {})
    return PopularityFile(path, kinds=kinds.astype(np.uint8), families=families) if path.is_file() else None


def place_in_split(curies: Sequence[str], split: NumberedSplit) -> NDArray[np.int64]:
    """(n,) the concept of the split that each CURIE stands for.

    Raises:
        BuildMismatch: there is none.
    """
    number = {curie: row for row, curie in enumerate(split.curies)}
    unknown = [curie for curie in curies if curie not in number]
    if unknown:
        raise BuildMismatch(f"{len(unknown):,} concepts are not in the split of the build, such as {', '.join(unknown[:5])}")
    return np.array([number[curie] for curie in curies], dtype=np.int64)
