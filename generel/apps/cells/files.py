"""Files of cells (AnnData, .h5ad), block by block: a million cells never lie in memory at once.

The one thing to get wrong: anndata's own backed mode leaves only X on the disk and reads every layer. Here the matrix is read from the
HDF5 file itself, by rows. A file that anndata wrote before 0.7, or by columns (CSC), has no rows to read: it goes through memory once.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.concepts.errors import BadTable, MissingExtra, NotThere

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float32]
EXTRA = "cells"
RAW = "raw"
CELLS_A_BLOCK = 2048


class CellFile:
    """An .h5ad file of today's format, open; use `open_cells`."""

    def __init__(self, path: Path, file: Any, *, layer: str = "") -> None:
        """The expression in `layer`: a layer's name, 'raw', or X where it is empty.

        Raises:
            BadTable: no such layer; those that there are, are named.
        """
        self.file, self.name = file, path.name
        place = "X" if not layer else "raw/X" if layer == RAW else f"layers/{layer}"
        if place not in file:
            there = [*(["raw"] if "raw/X" in file else []), *file.get("layers", ())]
            raise BadTable(f"{self.name} has no {layer or 'X'}; its other layers are: {', '.join(there) or 'none'}")
        self._matrix = file[place]
        self._var = file["raw/var" if layer == RAW else "var"]
        self.where = f"{self.name} ({place})"

    @property
    def shape(self) -> tuple[int, int]:
        """(cells, genes)"""
        cells, genes = self._matrix.attrs.get("shape", getattr(self._matrix, "shape", None))
        return int(cells), int(genes)

    def genes(self, column: str = "") -> list[str]:
        """The name of each gene: the index of `var`, or one of its columns.

        Raises:
            BadTable: no such column.
        """
        from anndata.io import read_elem

        var = read_elem(self._var)
        if not column:
            return list(map(str, var.index))
        if column not in var:
            raise BadTable(f"{self.name} has no column '{column}' in var; it has {', '.join(map(str, var)) or 'none'}")
        return ["" if value is None or value != value else str(value) for value in var[column]]

    def obs(self) -> "pd.DataFrame":
        """What is known of each cell."""
        from anndata.io import read_elem

        frame: pd.DataFrame = read_elem(self.file["obs"])
        return frame

    def blocks(self, *, cells: int = CELLS_A_BLOCK) -> Iterator[tuple[int, csr_array]]:
        """(first cell, (at most `cells`, genes) block) from the first to the last."""
        rows = self._rows()
        for start in range(0, self.shape[0], cells):
            yield start, csr_array(rows[start : start + cells])

    def expression(self) -> csr_array:
        """(cells, genes) all of it, in memory."""
        return csr_array(self._rows()[:])

    def store(self, key: str, blocks: Iterable[tuple[int, Floats]], *, dims: int) -> int:
        """Write (first cell, (cells, dims) vectors) under `key` in obsm as they come; how many rows are zero."""
        obsm = self.file.require_group("obsm")
        if key in obsm:
            del obsm[key]
        stored = obsm.create_dataset(key, shape=(self.shape[0], dims), dtype="float32")
        stored.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        n_zero = 0
        for start, rows in blocks:
            stored[start : start + len(rows)] = rows
            n_zero += int((~rows.any(axis=1)).sum())
        return n_zero

    def describe(self, key: str, facts: Mapping[str, str]) -> None:
        """Write how `key` was made to uns."""
        from anndata.io import write_elem

        write_elem(self.file.require_group("uns"), key, dict(facts))

    def _rows(self) -> Any:
        """Something that slices by rows."""
        from anndata.io import read_elem, sparse_dataset

        encoding = self._matrix.attrs.get("encoding-type", "array")
        if encoding == "csc_matrix":
            return csr_array(read_elem(self._matrix))
        return sparse_dataset(self._matrix) if encoding == "csr_matrix" else self._matrix


@contextmanager
def open_cells(path: Path, *, layer: str = "") -> Iterator[CellFile]:
    """The file at `path`, to read.

    Raises:
        NotThere: no such file.
        MissingExtra: anndata is not installed.
        BadTable: not an AnnData file, or cut short.
        BadTable: no cells, no genes, or no such layer.
    """
    with tempfile.TemporaryDirectory() as folder:
        today = path if _is_current(path) else _rewrite(path, Path(folder) / path.name)
        with _h5py().File(today) as file:
            yield _require_cells(CellFile(path, file, layer=layer))


@contextmanager
def open_copy(path: Path, *, at: Path, layer: str = "") -> Iterator[CellFile]:
    """A copy of the file at `path`, written to `at` in today's format, to read and to add to.

    Raises:
        As `open_cells`.
    """
    if _is_current(path):
        shutil.copyfile(path, at)
    else:
        _rewrite(path, at)
    with _h5py().File(at, "r+") as file:
        yield _require_cells(CellFile(path, file, layer=layer))


def _is_current(path: Path) -> bool:
    """Whether the file is of the format that anndata has written since 0.7."""
    if not path.is_file():
        raise NotThere(f"{path} is not there; it should hold cells as AnnData (.h5ad)")
    h5py = _h5py()
    try:
        with h5py.File(path) as file:
            if missing := [part for part in ("obs", "var") if part not in file]:
                raise BadTable(f"{path} is HDF5 but not AnnData: it has no {' and no '.join(missing)}")
            return isinstance(file["obs"], h5py.Group)
    except OSError as error:
        raise BadTable(f"{path} cannot be read as AnnData ({error}); is it an .h5ad file, and whole?") from error


def _rewrite(path: Path, at: Path) -> Path:
    """An older file in today's format, at `at`."""
    import anndata

    try:
        with warnings.catch_warnings():
            # anndata advises to write the file anew, which is what happens here.
            warnings.simplefilter("ignore")
            anndata.read_h5ad(path).write_h5ad(at)
    except (OSError, KeyError, ValueError) as error:
        raise BadTable(f"{path} cannot be read as AnnData ({error}); is it an .h5ad file, and whole?") from error
    return at


def _h5py() -> Any:
    """The library that reads the files; anndata comes with it.

    Raises:
        MissingExtra: one of them is not installed.
    """
    try:
        import anndata  # noqa: F401
        import h5py
    except ImportError as error:
        raise MissingExtra("anndata", EXTRA, "reading cells") from error
    return h5py


def _require_cells(cells: CellFile) -> CellFile:
    n_cells, n_genes = cells.shape
    if not n_cells or not n_genes:
        raise BadTable(f"{cells.where} is empty: it has {n_cells:,} cells and {n_genes:,} genes")
    return cells


def labels_of(cells: CellFile, column: str, *, usual: Sequence[str] = ()) -> tuple[np.ndarray, list[str], np.ndarray]:
    """(labels as numbers, their names, which cells have one) of a column of obs, by default the first of `usual` that there is.

    Raises:
        BadTable: no such column, or fewer than two labels.
    """
    obs = cells.obs()
    column = column or next((name for name in usual if name in obs), "")
    if column not in obs:
        raise BadTable(f"{cells.name} has no column '{column or usual[0]}' that says what a cell is; obs has {', '.join(map(str, obs)) or 'no columns'}")
    known = obs[column].notna().to_numpy()
    names, numbers = np.unique(obs[column].to_numpy()[known].astype(str), return_inverse=True)
    if len(names) < 2:
        raise BadTable(f"all cells of {cells.name} have one label in '{column}' ({', '.join(names.tolist()) or 'none at all'}); there is nothing to tell apart")
    return numbers, names.tolist(), known
