"""A set of genes to a vector, and a vector to a score for every gene: what the trained network computes, in numpy.

With rows `inputs[g]`, `outputs[g]` (dims,) and `profiles[g]` (profile dims,) of the genes, the set S has

    bag(S)     = unit(mean of inputs[g], g in S)
    learned(S) = unit(bag + second @ relu(first @ bag + first_bias) + second_bias)
    profile(S) = unit(mean of profiles[g], g in S)
    score(g)   = scale * learned(S) . outputs[g] + bias[g] + profile_scale * profile(S) . profiles[g]

and its vector is learned(S) beside profile(S), each over the root of two: the cosine of two sets is the mean of the two parts' cosines. Profiles
are what is known of a gene before anything is learned, so that a set of which the network makes nothing is still compared by them.

`training.gene_sets.network` holds the same in torch, and a test holds the two against each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]
LEAST = 1e-9
HALF = np.float32(0.5**0.5)
# Sets whose input rows are gathered at once: 4,096 members of 512 numbers are 8 MB.
MEMBERS_AT_ONCE = 65_536


@dataclass(frozen=True)
class Network:
    """A trained network.

    Attributes:
        inputs, outputs: (n_genes, dims) float32.
        bias: (n_genes,) what a gene's score gains in every set.
        first, first_bias, second, second_bias: (hidden, dims), (hidden,), (dims, hidden), (dims,).
        scale: (1,) positive.
        profiles: (n_genes, profile dims) unit norm or zero; no dims where there are none.
        profile_scale: (1,) what a profile's cosine weighs; zero where there are none.
    """

    inputs: Floats
    outputs: Floats
    bias: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    scale: Floats
    profiles: Floats
    profile_scale: Floats

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> "Network":
        """The network of a file's tensors; a missing one is a KeyError that names it."""
        return cls(**{field.name: tensors[field.name] for field in fields(cls)})

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What `from_tensors` takes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def n_genes(self) -> int:
        return len(self.inputs)

    @property
    def vector_dims(self) -> int:
        """Numbers in a set's vector."""
        return int(self.inputs.shape[1] + self.profiles.shape[1])

    def encode(self, sets: Sequence[Rows]) -> Floats:
        """(n, vector dims) float32: the sets' vectors, of unit norm where no part is zero."""
        bags, profiles = _bags(self.inputs, sets), _bags(self.profiles, sets)
        hidden = np.maximum(bags @ self.first.T + self.first_bias, 0)
        learned = unit(bags + hidden @ self.second.T + self.second_bias)
        return np.hstack([learned, profiles]) * HALF if self.profiles.shape[1] else learned

    def score(self, vectors: Floats) -> Floats:
        """(n, n_genes) every gene's score for the sets with these vectors."""
        return vectors @ self._targets.T + self.bias

    def score_of(self, vectors: Floats, gene: int) -> Floats:
        """(n,) one gene's score for the sets with these vectors."""
        return vectors @ self._targets[gene] + self.bias[gene]

    @cached_property
    def _targets(self) -> Floats:
        """(n_genes, vector dims) what a set's vector is multiplied with."""
        if not self.profiles.shape[1]:
            return self.scale * self.outputs
        return np.asarray(np.hstack([self.scale * self.outputs, self.profile_scale * self.profiles]) / HALF, dtype=np.float32)


def _bags(table: Floats, sets: Sequence[Rows]) -> Floats:
    """(n, dims) the sums of the sets' rows, brought to unit norm; zeros for an empty set."""
    bags = np.zeros((len(sets), table.shape[1]), np.float32)
    for at, rows in enumerate(sets):
        # A set may be large: its rows are added up part by part.
        for start in range(0, len(rows), MEMBERS_AT_ONCE):
            bags[at] += table[rows[start : start + MEMBERS_AT_ONCE]].sum(axis=0)
    return unit(bags)


def unit(vectors: Floats) -> Floats:
    """Rows of unit norm; rows of zeros stay."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), LEAST), dtype=np.float32)
