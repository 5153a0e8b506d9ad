"""What a batch costs: three ways to compare a set's hidden genes with the others.

`softmax`: the mean over sets of the mean log chance of a hidden gene, among all genes. `sampled`: the same among the hidden genes of the whole
batch and a draw of others, each score lowered by the log of how likely the gene was to be a candidate, so that the sum stands for that over
all genes (Bengio and Senécal, IEEE TNN 2008). `bce`: each gene of all for itself, yes or no.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.gene_sets.batches import Batch
from training.gene_sets.network import SetNetwork

Floats = NDArray[np.float32]
Loss = Callable[[SetNetwork, Tensor, Batch], Tensor]


def softmax_loss(network: SetNetwork, vectors: Tensor, batch: Batch) -> Tensor:
    """Among all genes."""
    return _mean_log_chance(functional.log_softmax(network.score(vectors), dim=1), batch, torch.from_numpy(batch.targets), len(vectors))


def sampled_loss(network: SetNetwork, vectors: Tensor, batch: Batch, *, shares: Floats, negatives: int, rng: np.random.Generator) -> Tensor:
    """Among the batch's hidden genes and `negatives` others.

    Args:
        shares: (n_genes,) how likely each gene is to be the one asked for.
    """
    n_genes = len(shares)
    others = rng.integers(0, n_genes, min(negatives, n_genes))
    candidates = np.unique(np.concatenate([batch.targets, others]))
    # There by being asked for once in so many times, or by being drawn.
    absent = len(batch.targets) * np.log1p(-np.minimum(shares[candidates], 0.5)) + len(others) * np.log1p(-1 / max(n_genes, 2))
    chances = -np.expm1(absent)
    scores = network.score(vectors, torch.from_numpy(candidates)) - torch.from_numpy(np.log(np.maximum(chances, 1e-12)).astype(np.float32))
    columns = torch.from_numpy(np.searchsorted(candidates, batch.targets))
    return _mean_log_chance(functional.log_softmax(scores, dim=1), batch, columns, len(vectors))


def bce_loss(network: SetNetwork, vectors: Tensor, batch: Batch) -> Tensor:
    """Yes for the hidden genes that are asked for, no for all but those that were shown."""
    scores = network.score(vectors)
    wanted, counted = torch.zeros_like(scores), torch.ones_like(scores)
    wanted[torch.from_numpy(batch.lines), torch.from_numpy(batch.targets)] = 1
    sizes = np.diff(batch.offsets, append=len(batch.rows))
    counted[torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)), torch.from_numpy(batch.rows)] = 0
    return functional.binary_cross_entropy_with_logits(scores, wanted, weight=counted, reduction="sum") / len(vectors)


def _mean_log_chance(log_chances: Tensor, batch: Batch, columns: Tensor, n_sets: int) -> Tensor:
    chosen = log_chances[torch.from_numpy(batch.lines), columns]
    return -(chosen * torch.from_numpy(batch.weights)).sum() / n_sets
