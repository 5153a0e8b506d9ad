"""From the vectors of what a concept is made of to its own: one direction a sort, weighted, summed, at unit norm.

    vector = normalize( sum over sorts s of  weight_s * strength_s * normalize( sum over ties i of sort s of  w_i * h_i ) )

The strength is 1, but for a variant's own ties at release: there it is the mean of their w_i, so that a variant of large effects is nearer to its
traits than one of small effects, of which more is left to its genes and its locus.

Inside a sort many ties outvote few; between sorts they do not: ten traits of a locus say no more against two of the variant's own. The weights
are settings. Learned, that of the genes grows for a wrong reason: a gene's vector remembers the very traits that its variants are asked for,
so that on later associations of new loci the MRR falls while it trains. For the same reason no gradient flows into genes from what they make up.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch.nn import functional

from training.makings import GENES, OWN, SORTS
from training.tasks.batch import Ties

TINY = 1e-12


def compose_slots(slots: torch.Tensor, ties: Ties, n_composed: int, *, weights: Mapping[str, float]) -> torch.Tensor:
    """Composed vectors, (n_composed, dims) unit norm, of the (slots, dims) unit vectors; zeros for one without ties."""
    cells = torch.from_numpy(ties.owners * len(SORTS) + ties.sorts).to(slots.device)
    shown = take(slots, ties.slots)
    shown = torch.where(torch.from_numpy(ties.sorts == SORTS.index(GENES)).to(slots.device).unsqueeze(1), shown.detach(), shown)
    weighted = shown * torch.from_numpy(ties.weights).unsqueeze(1).to(slots)
    sums = torch.zeros(n_composed * len(SORTS), slots.shape[1], dtype=slots.dtype, device=slots.device).index_add(0, cells, weighted)
    directions = functional.normalize(sums, dim=1).view(n_composed, len(SORTS), slots.shape[1])
    by_sort = torch.tensor([weights[sort] for sort in SORTS]).to(slots)
    return functional.normalize((directions * by_sort[None, :, None]).sum(1), dim=1)


def compose(rows: NDArray[np.int64], vectors: NDArray[np.float32], by_sort: Mapping[str, csr_array], *, weights: Mapping[str, float]) -> NDArray[np.float32]:
    """(rows, dims) the vectors of these concepts, of all their ties: unit norm, zeros without ties.

    Args:
        rows: concept numbers.
        vectors: (n_concepts, dims) unit norm; those of the ties are read.
        by_sort: as `training.makings.Makings.released`.
        weights: of the sorts.
    """
    total = np.zeros((len(rows), vectors.shape[1]), dtype=np.float32)
    for sort, weight in weights.items():
        ties = by_sort[sort][rows]
        sums = np.asarray(ties @ vectors, dtype=np.float32)
        strengths = _means(ties) if sort == OWN else np.float32(1)
        total += weight * strengths * sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), TINY)
    return (total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), TINY)).astype(np.float32)


def _means(ties: csr_array) -> NDArray[np.float32]:
    """(rows, 1) the mean weight of each row's ties; 0 without any."""
    return (np.asarray(ties.sum(axis=1)).reshape(-1, 1) / np.maximum(np.diff(ties.indptr).reshape(-1, 1), 1)).astype(np.float32)


def take(rows: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
    """The rows with these numbers.

    Not `rows[numbers]`: the gradient of that is summed by several threads in no fixed order, and no two runs would be equal.
    """
    return rows.index_select(0, torch.from_numpy(numbers).to(rows.device))
