"""What a composed concept is made of: its own ties, and what is known of its genes, its locus, its linkage partners and its like.

A variant has no text worth reading, so its vector is put together from others. Ties of its own are few; what other variants of its
gene, or within some kilobases of it, or with the same consequence, are tied to says as much. Whatever others tell of a variant is counted without its own rows: shown as
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

OWN, GENES, GENE_PROFILE, LOCUS, LINKAGE, CONSEQUENCE = SORTS = ("own", "genes", "gene_profile", "locus", "linkage", "consequence")
# Which sorts would give away an answer of that kind: a gene is known by the profile that came through it.
TELLING = {Kind.GENE: (GENES, GENE_PROFILE), Kind.VARIANT: (LINKAGE, LOCUS)}
# Kinds whose concepts are shown as ties of the sort GENES, not OWN.
GENE = KINDS.index(Kind.GENE)
Mask = NDArray[np.bool_]
ROWS_A_BLOCK = 20_000
# Of what others tell, so many ties a concept are kept: more say nothing new, and a gene may have ten thousand variants.
MOST_TOLD = 64
# What a gene's or a consequence's variants are tied to, most often: without an end to that, all variants of one gene take time by its square.
MOST_OF_GROUP = 1024


class Positions(NamedTuple):
    """Where concepts lie: (n,) number of the chromosome on one genome build, -1 where unknown, and (n,) position in base pairs."""

    chromosomes: NDArray[np.int64]
    places: NDArray[np.int64]


@dataclass(frozen=True)
class Makings:
    """By sort, (n_concepts, n_concepts) weights of the written concepts that a composed one is made of; other rows are empty.

    Weights are 1 for a variant's own ties and genes, log(1 + number of other variants) for the strongest of what others tell.

    Attributes:
        strengths: the cells of the sort OWN as they count at release (`training.effects`); None where all count alike.
    """

    by_sort: Mapping[str, csr_array]
    strengths: csr_array | None = None

    @property
    def released(self) -> Mapping[str, csr_array]:
        """The makings by sort, own ties as they count at release."""
        return self.by_sort if self.strengths is None else {**self.by_sort, OWN: self.strengths}

    def sorts(self, *, target_kinds: tuple[str, ...] = ()) -> list[str]:
        """The sorts that have anything to show and do not tell an answer of these kinds."""
        hidden = {sort for kind, sorts in TELLING.items() if kind.value in target_kinds for sort in sorts}
        return [sort for sort in SORTS if sort not in hidden and self.by_sort[sort].nnz]


def make_makings(
    neighbors: csr_array, *, composed: Mask, kind_numbers: NDArray[np.int8], trained: Mask, positions: Positions | None, window: int,
    consequences: csr_array | None = None,
) -> Makings:
    """The makings of the concepts marked `composed`.

    Args:
        neighbors: (n, n) symmetric, every tie that training knows.
        composed: (n,) which concepts are made of others; a cold one is made of its locus alone.
        trained: (n,) what may be shown; cold concepts may not.
        positions: of the composed; None where nobody knows them.
        window: base pairs on either side within which another composed concept belongs to the locus.
        consequences: (n, number of consequences) 1 where the composed concept has the consequence; None to make nothing of them.
    """
    tied = neighbors.copy()
    tied.data = (tied.data > 0).astype(np.float32)
    rows, written = _only(composed & trained), trained & ~composed
    genes = _clean(rows @ tied @ _only(written & (kind_numbers == GENE)))
    own = _clean(rows @ tied @ _only(written & (kind_numbers != GENE)))
    linked, of_gene = _clean(rows @ tied @ _only(composed & trained)), _clean(genes.T @ own)
    alike = csr_array((len(composed), 0), dtype=np.float32) if consequences is None else consequences
    of_gene, of_consequence = _strongest(of_gene, MOST_OF_GROUP), _strongest(_clean(alike.T @ own), MOST_OF_GROUP)
    told: dict[str, list[csr_array]] = {sort: [] for sort in (GENE_PROFILE, LOCUS, LINKAGE, CONSEQUENCE)}
    near = Nearby.of(positions, np.diff(own.indptr) > 0, window=window) if positions else None
    # A block at a time: before it is cut to its strongest ties, what others tell of a well-studied gene's variants does not fit.
    for block in np.array_split(np.flatnonzero(composed), max(1, -(-int(composed.sum()) // ROWS_A_BLOCK))):
        theirs = own[block]
        for sort, groups, known in ((GENE_PROFILE, genes, of_gene), (CONSEQUENCE, alike, of_consequence)):
            told[sort].append(_counted(groups[block] @ known - diags_array(np.asarray(groups[block].sum(axis=1)).ravel()) @ theirs))
        told[LOCUS].append(_counted(near.rows(block) @ own if near else csr_array(theirs.shape, dtype=np.float32)))
        told[LINKAGE].append(_counted(linked[block] @ (own + genes)))
    return Makings({OWN: own, GENES: genes, **{sort: _at_rows(parts, composed) for sort, parts in told.items()}})


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


def consequences_of(variants: pl.DataFrame, curies: list[str]) -> csr_array:
    """(n_concepts, number of consequences) 1 where any row of VARIANTS gives the concept that consequence, in the order of their names."""
    rows = variants.drop_nulls("consequence").select("variant", "consequence").unique()
    rows = rows.join(pl.DataFrame({"variant": curies, "number": np.arange(len(curies))}), on="variant")
    names = {name: column for column, name in enumerate(rows["consequence"].unique().sort())}
    columns = np.array([names[name] for name in rows["consequence"]], dtype=np.int64)
    return csr_array((np.ones(rows.height, dtype=np.float32), (rows["number"].to_numpy().astype(np.int64), columns)), shape=(len(curies), len(names)))


@dataclass(frozen=True)
class Nearby:
    """Concepts that have something to tell, in the order of the genome.

    Attributes:
        numbers: (told,) concept numbers.
        line: (told,) where they lie on one line: chromosomes end to end, with gaps that no window reaches across.
        positions: of all concepts on that line, -1 where unknown.
        window: base pairs on either side.
    """

    numbers: NDArray[np.int64]
    line: NDArray[np.int64]
    positions: NDArray[np.int64]
    window: int

    @classmethod
    def of(cls, positions: Positions, telling: Mask, *, window: int) -> "Nearby":
        """Those marked as telling, if anybody knows where they lie."""
        gap = int(positions.places.max(initial=0)) + window + 1
        line = np.where(positions.chromosomes >= 0, positions.chromosomes * gap + positions.places, -1)
        numbers = np.flatnonzero(telling & (line >= 0))
        numbers = numbers[np.argsort(line[numbers], kind="stable")]
        return cls(numbers, line[numbers], line, window)

    def rows(self, block: NDArray[np.int64]) -> csr_array:
        """(block, n) 1 where a telling concept lies within the window of the block's, itself aside."""
        places = self.positions[block]
        first, last = np.searchsorted(self.line, places - self.window, side="left"), np.searchsorted(self.line, places + self.window, side="right")
        counts = np.where(places >= 0, last - first, 0)
        ends = np.cumsum(counts)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
        left, right = np.repeat(np.arange(len(block)), counts), self.numbers[np.repeat(first, counts) + within]
        apart = block[left] != right
        return csr_array((np.ones(int(apart.sum()), dtype=np.float32), (left[apart], right[apart])), shape=(len(block), len(self.positions)))


def _only(mask: Mask) -> csr_array:
    """(n, n) the identity on the marked rows."""
    return csr_array(diags_array(mask.astype(np.float32)))


def _clean(matrix: csr_array) -> csr_array:
    matrix = matrix.tocsr().astype(np.float32)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def _counted(matrix: csr_array) -> csr_array:
    """log(1 + count) of each row's MOST_TOLD largest counts; cells without a count are left out."""
    matrix = _clean(matrix)
    matrix.data = np.log1p(np.maximum(matrix.data, 0))
    return _strongest(_clean(matrix), MOST_TOLD)


def _strongest(matrix: csr_array, n: int) -> csr_array:
    """Each row's n largest values, the first columns on a tie; columns of a row ascend."""
    lengths = np.diff(matrix.indptr)
    if not len(matrix.data) or lengths.max() <= n:
        return matrix
    rows = np.repeat(np.arange(matrix.shape[0]), lengths)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    rank = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], lengths)
    kept = matrix.copy()
    kept.data[order[rank >= n]] = 0
    return _clean(kept)


def _at_rows(parts: list[csr_array], marked: Mask) -> csr_array:
    """(n, n) whose marked rows are those of the parts, one after the other."""
    lengths = np.zeros(len(marked), dtype=np.int64)
    lengths[marked] = np.concatenate([np.diff(part.indptr) for part in parts])
    data, columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("data", "indices"))
    return csr_array((data, columns, np.concatenate(([0], np.cumsum(lengths)))), shape=(len(marked), len(marked)))
