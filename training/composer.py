"""From the vectors of what a concept is made of to its own: one direction a sort, weighted, summed, at unit norm.

    vector = normalize( sum over sorts s of  weight_s * normalize( sum over ties i of sort s of  w_i * h_i ) )

Inside a sort many ties outvote few; between sorts they do not: ten traits of a locus say no more against two of the variant's own. The
weights of the sorts are learned with everything else, as logarithms, so none turns negative.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import nn
from torch.nn import functional

from training.makings import SORTS
from training.tasks.batch import Ties

# Where training starts: a variant's own traits count most.
FIRST_WEIGHTS = {"own": 1.0, "genes": 0.3, "gene_profile": 0.4, "locus": 0.4, "linkage": 0.4}
TINY = 1e-12


class Composer(nn.Module):
    """The weights of the sorts of ties, and what is made with them."""

    def __init__(self) -> None:
        super().__init__()
        self.log_weights = nn.Parameter(torch.log(torch.tensor([FIRST_WEIGHTS[sort] for sort in SORTS])))

    def forward(self, slots: torch.Tensor, ties: Ties, n_composed: int) -> torch.Tensor:
        """Composed vectors, (n_composed, dims) unit norm, of the (slots, dims) unit vectors; zeros for one without ties."""
        cells = torch.from_numpy(ties.owners * len(SORTS) + ties.sorts).to(slots.device)
        sums = torch.zeros(n_composed * len(SORTS), slots.shape[1], dtype=slots.dtype, device=slots.device)
        weighted = take(slots, ties.slots) * torch.from_numpy(ties.weights).unsqueeze(1).to(slots)
        directions = functional.normalize(sums.index_add(0, cells, weighted), dim=1).view(n_composed, len(SORTS), slots.shape[1])
        return functional.normalize((directions * self.log_weights.exp().to(slots.dtype)[None, :, None]).sum(1), dim=1)

    def compose(self, rows: NDArray[np.int64], vectors: NDArray[np.float32], by_sort: Mapping[str, csr_array]) -> NDArray[np.float32]:
        """(rows, dims) the vectors of these concepts of all their ties: unit norm, zeros without ties.

        Args:
            rows: concept numbers.
            vectors: (n_concepts, dims) unit norm; those of the ties are read.
            by_sort: as `training.makings.Makings`.
        """
        total = np.zeros((len(rows), vectors.shape[1]), dtype=np.float32)
        for sort, weight in self.weights().items():
            sums = np.asarray(by_sort[sort][rows] @ vectors, dtype=np.float32)
            total += weight * sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), TINY)
        return (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), TINY)).astype(np.float32)

    def weights(self) -> dict[str, float]:
        """The weight of each sort, as learned so far."""
        return dict(zip(SORTS, self.log_weights.detach().exp().cpu().tolist(), strict=True))


def take(rows: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
    """The rows with these numbers.

    Not `rows[numbers]`: the gradient of that is summed by several threads in no fixed order, and no two runs would be equal.
    """
    return rows.index_select(0, torch.from_numpy(numbers).to(rows.device))
