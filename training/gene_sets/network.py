"""The part of the network that is learned, in torch; `generel.apps.gene_sets.network` computes the same, and adds the profiles.

Its tensors have the same names in both, and a test holds the two against each other.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Floats = NDArray[np.float32]
FIRST_SCALE = 12.0


class SetNetwork(nn.Module):
    """Vectors of the genes as input and as output, a bias, and two layers between."""

    def __init__(self, inputs: Floats, *, bias: Floats, hidden: int, rng: np.random.Generator) -> None:
        """Starts as the cosine of a gene's vector and the set's mean one: the second layer is zero.

        Args:
            inputs: (n_genes, dims) unit norm or zero; the outputs start as a copy.
            bias: (n_genes,) log share of the genes in what is drawn.
        """
        super().__init__()
        dims = inputs.shape[1]
        self.inputs = nn.Parameter(torch.from_numpy(inputs.copy()))
        self.outputs = nn.Parameter(torch.from_numpy(inputs.copy()))
        self.bias = nn.Parameter(torch.from_numpy(bias.copy()))
        self.first = nn.Parameter(torch.from_numpy((rng.standard_normal((hidden, dims)) / np.sqrt(dims)).astype(np.float32)))
        self.first_bias = nn.Parameter(torch.zeros(hidden))
        self.second = nn.Parameter(torch.zeros(dims, hidden))
        self.second_bias = nn.Parameter(torch.zeros(dims))
        self.scale = nn.Parameter(torch.tensor([FIRST_SCALE]))

    def encode(self, rows: Tensor, offsets: Tensor, keep: Tensor | None = None) -> Tensor:
        """(n_sets, dims) unit norm.

        Args:
            rows: genes, set after set.
            offsets: (n_sets,) where each set's begin.
            keep: (n_sets, hidden) factors of the hidden layer for dropout; None for none.
        """
        bags = functional.normalize(functional.embedding_bag(rows, self.inputs, offsets, mode="mean"), dim=1)
        hidden = torch.relu(bags @ self.first.T + self.first_bias)
        hidden = hidden if keep is None else hidden * keep
        return functional.normalize(bags + hidden @ self.second.T + self.second_bias, dim=1)

    def score(self, vectors: Tensor, genes: Tensor | None = None) -> Tensor:
        """(n_sets, n_genes or len(genes)) scores."""
        outputs, bias = (self.outputs, self.bias) if genes is None else (self.outputs[genes], self.bias[genes])
        return self.scale * (vectors @ outputs.T) + bias

    def parameter_groups(self, *, gene_rate: float, layer_rate: float) -> list[dict[str, object]]:
        """For the optimizer: the genes' vectors, and everything else."""
        tables = [self.inputs, self.outputs]
        others = [self.bias, self.first, self.first_bias, self.second, self.second_bias, self.scale]
        return [{"params": tables, "lr": gene_rate}, {"params": others, "lr": layer_rate}]

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """A copy of all parameters, by name."""
        return {name: parameter.detach().numpy().copy() for name, parameter in self.named_parameters()}

    def take(self, tensors: Mapping[str, NDArray[np.float32]]) -> None:
        """Take back what `tensors` gave."""
        for name, parameter in self.named_parameters():
            parameter.data.copy_(torch.from_numpy(tensors[name]))


class PlainNetwork(SetNetwork):
    """The plain multi-hot autoencoder, for comparison: genes, two rectified layers, genes; every vector begins at random."""

    def __init__(self, n_genes: int, *, bias: Floats, dims: int, hidden: int, rng: np.random.Generator) -> None:
        inputs = (rng.standard_normal((n_genes, dims)) / np.sqrt(dims)).astype(np.float32)
        super().__init__(inputs, bias=bias, hidden=hidden, rng=rng)
        self.second = nn.Parameter(torch.from_numpy((rng.standard_normal((dims, hidden)) / np.sqrt(hidden)).astype(np.float32)))
        self.scale = nn.Parameter(torch.ones(1))

    def encode(self, rows: Tensor, offsets: Tensor, keep: Tensor | None = None) -> Tensor:
        """(n_sets, dims) not of unit norm; a set's genes are added up and divided by the root of their number."""
        sizes = torch.diff(offsets, append=torch.tensor([len(rows)])).clamp_min(1).unsqueeze(1)
        bags = functional.embedding_bag(rows, self.inputs, offsets, mode="sum") / sizes.sqrt()
        hidden = torch.relu(bags @ self.first.T + self.first_bias)
        hidden = hidden if keep is None else hidden * keep
        return torch.relu(hidden @ self.second.T + self.second_bias)
