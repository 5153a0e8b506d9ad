"""Sets that texts make: the genes whose summaries, names or symbols have a term in common.

A network that is trained on gene sets alone forgets what was written of the genes, and ranks the genes of a new library worse than it did before
its first step (average precision .178 -> .119 on GO's processes, which are in no library it learns from). Learned beside the sets, terms keep it
from that, and teach it that "kinase" is a set like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from training.gene_sets.profiles import NAMES, SUMMARIES, SYMBOLS

# How often a set of each sort of text is drawn, beside gene sets with .55; chosen on GO's molecular functions and cellular components.
SHARES = {SUMMARIES: 0.25, NAMES: 0.12, SYMBOLS: 0.08}
OF_GENE_SETS = 1 - sum(SHARES.values())
# Terms of fewer genes tell nothing, those of more are no set.
LEAST, MOST = 3, 1500


@dataclass(frozen=True)
class WrittenSets:
    """Terms as sets.

    Attributes:
        members: (n_terms, n_genes) stored where a gene has the term.
        chances: (n_terms,) of each to be drawn, when a step draws a set; they sum to less than 1, the rest is that of the gene sets.
    """

    members: csr_array
    chances: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.chances)


def no_written_sets(n_genes: int) -> WrittenSets:
    """None at all."""
    return WrittenSets(csr_array((0, n_genes), dtype=np.float32), np.empty(0))


def written_sets(blocks: Mapping[str, csr_array], *, n_genes: int) -> WrittenSets:
    """The terms of enough and not too many genes, each sort of text with its share of the draws and all its terms alike.

    Args:
        blocks: (n_genes, terms) by sort of text, stored where a gene has the term; those of `profiles.text_blocks`.
    """
    matrices, chances = [csr_array((0, n_genes), dtype=np.float32)], [np.empty(0)]
    for sort, block in blocks.items():
        terms = csr_array(block.T)
        kept = np.flatnonzero((np.diff(terms.indptr) >= LEAST) & (np.diff(terms.indptr) <= MOST))
        matrices.append(terms[kept])
        chances.append(np.full(len(kept), SHARES[sort] / max(len(kept), 1)))
    return WrittenSets(csr_array(vstack(matrices, format="csr")), np.concatenate(chances))
