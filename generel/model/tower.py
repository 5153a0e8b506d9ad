"""The concept tower: a string's cached text features and its bag of token rows become one vector.

    tower(text) = W x + mlp(x) + bag_scale * mean(rows of the bag)

`W` starts as the identity and everything else near zero, so an untrained tower *is* the language model's space. The rows are
not a parameter of this module: they live in a large sparse table, and whoever calls passes the mean of the bag's rows.
"""

from dataclasses import asdict, dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class TowerShape:
    """The sizes a tower is made of; saved beside its weights.

    Attributes:
        dims: length of a text feature and of a vector.
        hidden: width of the residual layer.
        n_tokens: rows for the tokenizer's vocabulary.
        n_pairs: rows for hashed pairs of tokens.
        bag_scale: factor of the bag's mean.
    """

    dims: int = 384
    hidden: int = 384
    n_tokens: int = 30522
    n_pairs: int = 131072
    bag_scale: float = 3.0

    @property
    def n_rows(self) -> int:
        return self.n_tokens + self.n_pairs

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


class ConceptTower(nn.Module):
    """The dense part of the tower; see the module's docstring for the formula."""

    def __init__(self, shape: TowerShape) -> None:
        super().__init__()
        self.shape = shape
        self.linear = nn.Linear(shape.dims, shape.dims)
        self.up = nn.Linear(shape.dims, shape.hidden)
        self.down = nn.Linear(shape.hidden, shape.dims)
        with torch.no_grad():
            self.linear.weight.copy_(torch.eye(shape.dims))
            self.linear.bias.zero_()
            self.down.weight.mul_(0.01)
            self.down.bias.zero_()

    def forward(self, features: torch.Tensor, bag_means: torch.Tensor) -> torch.Tensor:
        """Vectors (n, dims), not normalized.

        Args:
            features: (n, dims) centered and scaled text features.
            bag_means: (n, dims) mean of each string's token rows, zeros where it has none.
        """
        hidden = nn.functional.gelu(self.up(features))
        return self.linear(features) + self.down(hidden) + self.shape.bag_scale * bag_means


def bag_mean(rows: torch.Tensor, indices: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """The mean of each bag's rows: (number of bags, dims); zeros for an empty bag.

    Args:
        rows: (n_rows, dims) table.
        indices: (total,) row numbers of all bags, one after the other.
        offsets: (number of bags + 1,) where each begins; the last is the total.
    """
    return nn.functional.embedding_bag(indices, rows, offsets, mode="mean", include_last_offset=True)
