"""Cells as vectors of a space: read by blocks, averaged in threads, written beside and renamed.

One block of expression a thread lies in memory; the vectors go to the file as they come, so a million cells need no more than a thousand. Where
cells are compared, the file is read twice: first for mean and deviation of each gene.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.apps.cells.expression import Floats, GeneMoments, Weighing, gene_moments, prepare
from generel.apps.cells.files import CELLS_A_BLOCK, CellFile, open_copy
from generel.apps.cells.vectors import cell_maker
from generel.apps.gene_names import GeneNames, NamedGenes
from generel.concepts.atomic import write_beside
from generel.concepts.progress import SILENT, Progress
from generel.index.space_folder import VECTORS_FILE, read_manifest
from generel.index.vectors_file import VectorsFile

if TYPE_CHECKING:
    import anndata

KEY = "X_generel"
THREADS = 2
Result = TypeVar("Result")


@dataclass(frozen=True)
class GeneVectors:
    """What a space knows of genes: names, and (n_concepts, dims) vectors by row."""

    names: GeneNames
    vectors: Floats
    space: str

    @classmethod
    def open(cls, folder: Path) -> "GeneVectors":
        """Of the space in `folder`."""
        return cls(GeneNames.open(folder), VectorsFile.open(folder / VECTORS_FILE).vectors, read_manifest(folder).name)

    def of(self, named: NamedGenes) -> Floats:
        """(genes, dims) the vector of each name, zeros where it has no gene."""
        found = np.zeros((len(named.rows), self.vectors.shape[1]), dtype=np.float32)
        found[named.known] = self.vectors[named.rows[named.known]]
        return found


@dataclass(frozen=True)
class Embedded:
    """What came of it.

    Attributes:
        n_cells: how many cells.
        n_empty: of these, cells that express no gene of the space; their vector is zero.
        genes: what the names of the genes mean.
    """

    n_cells: int
    n_empty: int
    genes: NamedGenes


def embed_file(path: Path, out: Path, genes: GeneVectors, *, weighing: Weighing, layer: str = "", gene_column: str = "", progress: Progress = SILENT) -> Embedded:
    """Write the cells of `path` to `out` with their vectors as obsm[KEY]; what was in the file stays.

    Args:
        layer: of the expression: a layer's name, 'raw', or X where it is empty.
        gene_column: the column of `var` with the genes' names; its index where it is empty.

    Raises:
        NotThere, MissingExtra, Corrupt: see `files.open_cells`.
        BadTable: expression that is no weight (see `expression.prepare`), no such layer or column, or cells that are all alike.
        BadInput: no gene is in the space.
    """
    with write_beside(out) as temporary, open_copy(path, at=temporary, layer=layer) as cells:
        named = genes.names.find(cells.genes(gene_column))
        named.require_some(where=cells.where)
        moments = _moments(cells, weighing, progress=progress) if weighing.compares else None
        n_cells = cells.shape[0]
        with progress.task(f"Embed {n_cells:,} cells", total=n_cells) as advance:
            vectors = embed_blocks(cells.blocks(), genes.of(named), weighing=weighing, moments=moments, where=cells.where)
            n_empty = cells.store(KEY, _counted(vectors, advance), dims=genes.vectors.shape[1])
        cells.describe(KEY, {"space": genes.space, "top": str(weighing.top), "weights": weighing.weights, "layer": layer or "X"})
    return Embedded(n_cells, n_empty, named)


def embed_anndata(data: "anndata.AnnData", genes: GeneVectors, *, weighing: Weighing) -> Embedded:
    """Set obsm[KEY] of cells in memory, from X.

    Raises:
        BadTable, BadInput: as `embed_file`.
    """
    named = genes.names.find(data.var_names)
    named.require_some(where="the AnnData")
    vectors = embed_expression(csr_array(data.X), genes.of(named), weighing=weighing, where="X")
    data.obsm[KEY] = vectors
    return Embedded(len(vectors), int((~vectors.any(axis=1)).sum()), named)


def embed_expression(values: csr_array, vectors: Floats, *, weighing: Weighing, where: str) -> Floats:
    """(cells, dims) of expression in memory as a file holds it; zeros for cells that express no known gene.

    Args:
        vectors: (genes, dims), zeros for genes that are not known.
    """
    def blocks() -> Iterator[tuple[int, csr_array]]:
        return ((start, csr_array(values[start : start + CELLS_A_BLOCK])) for start in range(0, values.shape[0], CELLS_A_BLOCK))

    moments = gene_moments(prepare(block, weighing, where=where, first_cell=start) for start, block in blocks()) if weighing.compares else None
    return np.concatenate([rows for _, rows in embed_blocks(blocks(), vectors, weighing=weighing, moments=moments, where=where)])


def embed_blocks(
    blocks: Iterable[tuple[int, csr_array]], vectors: Floats, *, weighing: Weighing, moments: GeneMoments | None = None, where: str = "the expression"
) -> Iterator[tuple[int, Floats]]:
    """(first cell, (cells, dims) vectors) of each block, in order; several blocks are worked on at once.

    Args:
        moments: of the prepared expression, where `weighing.compares` cells.
    """
    average = cell_maker(vectors, weighing=weighing, moments=moments, where=where)

    def embed(block: tuple[int, csr_array]) -> tuple[int, Floats]:
        start, values = block
        return start, average(prepare(values, weighing, where=where, first_cell=start))

    return in_threads(embed, blocks, threads=THREADS)


def in_threads(work: Callable[[tuple[int, csr_array]], Result], blocks: Iterable[tuple[int, csr_array]], *, threads: int) -> Iterator[Result]:
    """The result of each block, in order; no more blocks are read ahead than there are threads."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Result]] = deque()
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _moments(cells: CellFile, weighing: Weighing, *, progress: Progress) -> GeneMoments:
    with progress.task("Mean and deviation of each gene", total=cells.shape[0]) as advance:
        def prepared() -> Iterator[csr_array]:
            for start, block in cells.blocks():
                yield prepare(block, weighing, where=cells.where, first_cell=start)
                advance(block.shape[0])

        return gene_moments(prepared())


def _counted(blocks: Iterable[tuple[int, NDArray[np.float32]]], advance: Callable[[float], None]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for start, rows in blocks:
        yield start, rows
        advance(len(rows))
