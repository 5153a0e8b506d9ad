"""What a composed concept is made of: its own ties, and what is known of its genes, its locus and its linkage partners.

A variant has no text worth reading, so its vector is put together from others. Ties of its own are few; what other variants of its
gene, or within some kilobases of it, are tied to says as much. Whatever others tell of a variant is counted without its own rows: shown as
context, they would hand training the very ties it is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from generel.concepts.kinds import KINDS, Kind

OWN, GENES, GENE_PROFILE, LOCUS, LINKAGE = SORTS = ("own", "genes", "gene_profile", "locus", "linkage")
# Which sorts would give away an answer of that kind: a gene is known by the profile that came through it.
TELLING = {Kind.GENE: (GENES, GENE_PROFILE), Kind.VARIANT: (LINKAGE, LOCUS)}
# Kinds whose concepts are shown as ties of the sort GENES, not OWN.
GENE = KINDS.index(Kind.GENE)
Mask = NDArray[np.bool_]


class Positions(NamedTuple):
    """Where concepts lie: (n,) number of the chromosome on one genome build, -1 where unknown, and (n,) position in base pairs."""

    chromosomes: NDArray[np.int64]
    places: NDArray[np.int64]


@dataclass(frozen=True)
class Makings:
    """By sort, (n_concepts, n_concepts) weights of the written concepts that a composed one is made of; other rows are empty.

    Weights are 1 for a variant's own ties and genes, log(1 + number of other variants) for what others tell.
    """

    by_sort: Mapping[str, csr_array]

    def sorts(self, *, target_kinds: tuple[str, ...] = ()) -> list[str]:
        """The sorts that have anything to show and do not tell an answer of these kinds."""
        hidden = {sort for kind, sorts in TELLING.items() if kind.value in target_kinds for sort in sorts}
        return [sort for sort in SORTS if sort not in hidden and self.by_sort[sort].nnz]


def make_makings(neighbors: csr_array, *, composed: Mask, kind_numbers: NDArray[np.int8], trained: Mask, positions: Positions | None, window: int) -> Makings:
    """The makings of the concepts marked `composed`.

    Args:
        neighbors: (n, n) symmetric, every tie that training knows.
        composed: (n,) which concepts are made of others; a cold one is made of its locus alone.
        trained: (n,) what may be shown; cold concepts may not.
        positions: of the composed; None where nobody knows them.
        window: base pairs on either side within which another composed concept belongs to the locus.
    """
    tied = neighbors.copy()
    tied.data = (tied.data > 0).astype(np.float32)
    rows = _only(composed & trained)
    genes = (rows @ tied @ _only(trained & ~composed & (kind_numbers == GENE))).tocsr()
    own = (rows @ tied @ _only(trained & ~composed & (kind_numbers != GENE))).tocsr()
    linked = (rows @ tied @ _only(composed & trained)).tocsr()
    n_genes = np.asarray(genes.sum(axis=1)).ravel()
    through_genes = genes @ (genes.T @ own) - diags_array(n_genes) @ own
    nearby = _nearby(positions, composed, window=window) if positions else csr_array(neighbors.shape, dtype=np.float32)
    return Makings({
        OWN: _clean(own), GENES: _clean(genes), GENE_PROFILE: _counted(through_genes), LOCUS: _counted(nearby @ own), LINKAGE: _counted(linked @ (own + genes)),
    })


def positions_of(variants: pl.DataFrame, curies: list[str]) -> Positions:
    """Where the concepts lie, on the genome build that most rows are of.

    Args:
        variants: VARIANTS; of several rows of one variant on that build the first by table order counts.
    """
    chromosomes, places = np.full(len(curies), -1, dtype=np.int64), np.zeros(len(curies), dtype=np.int64)
    if variants.is_empty():
        return Positions(chromosomes, places)
    most = variants["build"].value_counts().sort("count", "build", descending=[True, False])["build"][0]
    numbered = pl.DataFrame({"variant": curies, "number": np.arange(len(curies))})
    rows = variants.filter(pl.col("build") == most).unique("variant", keep="first", maintain_order=True).join(numbered, on="variant")
    names = rows["chromosome"].unique().sort().to_list()
    numbers = rows["number"].to_numpy()
    chromosomes[numbers] = rows["chromosome"].replace_strict({name: i for i, name in enumerate(names)}, return_dtype=pl.Int64).to_numpy()
    places[numbers] = rows["position"].to_numpy()
    return Positions(chromosomes, places)


def _nearby(positions: Positions, composed: Mask, *, window: int) -> csr_array:
    """(n, n) 1 where two composed concepts lie within the window of each other, not on the diagonal."""
    found = np.flatnonzero(composed & (positions.chromosomes >= 0))
    # Chromosomes are laid end to end with a gap that no window reaches across.
    gap = int(positions.places.max(initial=0)) + window + 1
    line = positions.chromosomes[found] * gap + positions.places[found]
    order = np.argsort(line, kind="stable")
    found, line = found[order], line[order]
    first, last = np.searchsorted(line, line - window, side="left"), np.searchsorted(line, line + window, side="right")
    counts = last - first
    ends = np.cumsum(counts)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
    left, right = np.repeat(found, counts), found[np.repeat(first, counts) + within]
    apart = left != right
    n = len(composed)
    return csr_array((np.ones(int(apart.sum()), dtype=np.float32), (left[apart], right[apart])), shape=(n, n))


def _only(mask: Mask) -> csr_array:
    """(n, n) the identity on the marked rows."""
    return csr_array(diags_array(mask.astype(np.float32)))


def _clean(matrix: csr_array) -> csr_array:
    matrix = matrix.tocsr().astype(np.float32)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def _counted(matrix: csr_array) -> csr_array:
    """log(1 + count), cells without a count left out."""
    matrix = _clean(matrix)
    matrix.data = np.log1p(np.maximum(matrix.data, 0))
    return _clean(matrix)
