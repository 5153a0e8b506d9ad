"""How much a concept gains as an answer to one relation, from one kind of query: `popularity.safetensors`.

What is popular among the answers of one relation need not be among those of another: the diseases that many genes are tied to are not
those that many drugs treat. `bias` in `vectors.safetensors` is the mean over relations, for queries that name none.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt
from generel.concepts.kinds import KINDS

Floats = NDArray[np.float32]


def popularity_key(relation: str, asking: str, answering: str) -> str:
    """The name of one list of gains: `treats:drug>disease` for a drug that asks for the diseases it treats, `treats:disease>drug` for the other way."""
    return f"{relation}:{asking}>{answering}"


def write_popularity(path: Path, gains: Mapping[str, Floats]) -> None:
    """Write the lists by their keys; each has one number a concept of the answering kind, in the order of rows, in cosine units."""
    from safetensors.numpy import save_file

    save_file({key: np.ascontiguousarray(gain) for key, gain in gains.items()}, path)


class Popularity:
    """The gains of a space, whose rows have these kinds.

    Args:
        gains: the lists by their keys.
        kinds: (n,) positions in KINDS of the space's rows.
        families: predicates that were trained together, by the family's name.
    """

    def __init__(self, gains: Mapping[str, Floats], *, kinds: NDArray[np.uint8], families: Mapping[str, Sequence[str]]) -> None:
        self._gains, self._kinds, self._families = gains, kinds, families

    def of(self, rows: NDArray[np.int64], *, predicate: str, asking: str) -> tuple[Floats, NDArray[np.bool_]]:
        """(rows,) what each gains as an answer of this predicate to a query of that kind, and whether that is known; 0 where it is not."""
        gains, said = np.zeros(len(rows), dtype=np.float32), np.zeros(len(rows), dtype=bool)
        family = next((name for name, members in self._families.items() if predicate in members), predicate)
        for number in np.unique(self._kinds[rows]).tolist():
            gain = self._gain(popularity_key(family, asking, KINDS[number]))
            if gain is not None:
                places = np.flatnonzero(self._kinds[rows] == number)
                gains[places], said[places] = gain[np.searchsorted(self._rows_of_kind(number), rows[places])], True
        return gains, said

    def _gain(self, key: str) -> Floats | None:
        return self._gains.get(key)

    def _rows_of_kind(self, number: int) -> NDArray[np.int64]:
        if number not in self._of_kind:
            self._of_kind[number] = np.flatnonzero(self._kinds == number)
        return self._of_kind[number]

    @cached_property
    def _of_kind(self) -> dict[int, NDArray[np.int64]]:
        return {}


class PopularityFile(Popularity):
    """The gains that a file holds; nothing is read before it is asked for."""

    def __init__(self, path: Path, *, kinds: NDArray[np.uint8], families: Mapping[str, Sequence[str]]) -> None:
        """Over the file at `path`; kinds and families as above."""
        super().__init__({}, kinds=kinds, families=families)
        self.path = path

    @cached_property
    def _cached(self) -> dict[str, Floats | None]:
        return {}

    def _gain(self, key: str) -> Floats | None:
        if key not in self._cached:
            from safetensors import SafetensorError, safe_open

            try:
                with safe_open(self.path, framework="np") as file:
                    self._cached[key] = file.get_tensor(key) if key in set(file.keys()) else None
            except (OSError, SafetensorError) as error:
                raise Corrupt(f"{self.path} cannot be read ({error}); release the space again or copy it anew") from error
        return self._cached[key]
