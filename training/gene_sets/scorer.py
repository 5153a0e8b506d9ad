"""Networks, trained or in training, as the ranking of hidden genes wants them: shown halves in, scores out."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.gene_sets.network import Network, Rows
from training.gene_sets.network import SetNetwork


@dataclass(frozen=True)
class NetworkScorer:
    """Scores of every gene for shown halves; a method of `training.evaluate.gene_set_halves`."""

    network: SetNetwork

    def __call__(self, shown: csr_array) -> NDArray[np.float32]:
        """(n_sets, n_genes) float32.

        Args:
            shown: (n_sets, n_genes) 1 where a gene is shown.
        """
        with torch.no_grad():
            rows, offsets = (torch.from_numpy(part.astype(np.int64)) for part in (shown.indices, shown.indptr[:-1]))
            scores: NDArray[np.float32] = self.network.score(self.network.encode(rows, offsets)).numpy()
        return scores


@dataclass(frozen=True)
class Scorer:
    """The same of a trained network, profiles included."""

    network: Network

    def __call__(self, shown: csr_array) -> NDArray[np.float32]:
        """(n_sets, n_genes) float32; see `NetworkScorer`."""
        return self.network.score(self.network.encode(self.members(shown)))

    def members(self, shown: csr_array) -> list[Rows]:
        """The genes shown of each set."""
        return [shown.indices[start:stop] for start, stop in pairwise(shown.indptr.tolist())]
