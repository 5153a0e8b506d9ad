"""The sets that lie beside a model: who is in them, what their vectors are, and how well their library was completed unseen."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.apps.gene_sets.network import Floats, Rows
from generel.apps.gene_sets.records import GeneSet, LibraryFigures
from generel.concepts.errors import BadInput

Numbers = NDArray[np.int64]
Marks = NDArray[np.bool_]


class StoredSets:
    """Sets by number."""

    def __init__(self, table: pl.DataFrame, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Of MODEL_SETS, and `members`, `offsets` and `vectors` as `model_folder` has them."""
        self._table = table
        self._members, self._offsets = tensors["members"], tensors["offsets"].astype(np.int64)
        self.vectors: Floats = tensors["vectors"].astype(np.float32)
        self.means, self.deviations = table["mean"].to_numpy(), table["deviation"].to_numpy()

    def __len__(self) -> int:
        return self._table.height

    @cached_property
    def libraries(self) -> dict[str, LibraryFigures]:
        """Each library's figures, by name, in ascending order."""
        figures = self._table.group_by("library").agg(pl.len(), pl.col("auroc").mean(), pl.col("average_precision").mean()).sort("library")
        return {row[0]: LibraryFigures(*row) for row in figures.iter_rows()}

    def members_of(self, number: int) -> Rows:
        """The genes of a set, ascending."""
        return self._members[self._offsets[number] : self._offsets[number + 1]]

    def sizes(self, within: Marks) -> Numbers:
        """(n_sets,) how many genes of each set are marked.

        Args:
            within: (n_genes,) the marks.
        """
        running = np.concatenate([[0], np.cumsum(within[self._members], dtype=np.int64)])
        return running[self._offsets[1:]] - running[self._offsets[:-1]]

    def select(self, libraries: Collection[str] | None) -> Numbers:
        """The numbers of the sets of these libraries, ascending; of all for None.

        Raises:
            BadInput: a library that is not there; those that are, are named.
        """
        if libraries is None:
            return np.arange(len(self))
        if strange := sorted(set(libraries) - set(self.libraries)):
            raise BadInput(f"the model has no library {', '.join(map(repr, strange))}; its libraries are {', '.join(self.libraries)}")
        return np.flatnonzero(self._table["library"].is_in(list(libraries)).to_numpy())

    def records(self, numbers: Sequence[int] | Numbers) -> list[GeneSet]:
        """The sets with these numbers, in their order."""
        rows = self._table[np.asarray(numbers, dtype=np.int64)].select("library", "set", "name", "n_genes", "auroc", "average_precision")
        return [GeneSet(*row) for row in rows.iter_rows()]
