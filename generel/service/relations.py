"""The relations of one concept at a time, found without reading all of them.

Both ends are kept as numbers with an order for each, 22 bytes a relation: reading the table anew for every page of every concept would take
a hundred times as long as finding its rows.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS
from generel.query.explain_paths import phrase
from generel.query.records import Concept
from generel.query.resolve import to_concept
from generel.service.answers import ConceptRelation

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

WHAT = ("predicate", "source", "source_version", "license")
NO_KIND = len(KINDS)
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """Relations seen from a concept.

    Attributes:
        places: of the rows, in the order of the answer: by predicate, direction, falling confidence, other end.
        forward: whether the concept is the subject of each.
    """

    places: Places
    forward: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, part: slice) -> "Seen":
        return Seen(self.places[part], self.forward[part])


class _Grouped:
    """The rows of a table by the value of one column."""

    def __init__(self, values: NDArray[np.uint32], *, n_ends: int) -> None:
        self._rows = np.argsort(values, kind="stable").astype(np.uint32)
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(values, minlength=n_ends))])

    def of(self, value: int) -> Places:
        """The rows with this value, ascending."""
        return self._rows[self._starts[value] : self._starts[value + 1]].astype(np.int64)


class RelationsOfConcepts:
    """See the module."""

    def __init__(self, space: "EmbeddingSpace") -> None:
        """Reads all relations of an open space once."""
        self._names = space.names
        self._homepages = {source["name"]: str(source.get("homepage", "")) for source in space.manifest.sources}
        frame = space.relations().collect()
        self._curies = pl.concat([frame["subject"], frame["object"]]).unique().sort()
        ends = pl.Enum(self._curies)
        self._subjects, self._objects = (frame[side].cast(ends).to_physical().to_numpy() for side in ("subject", "object"))
        self._out, self._into = (_Grouped(side, n_ends=len(self._curies)) for side in (self._subjects, self._objects))
        self._what = frame.select(WHAT).unique().sort(WHAT)
        coded = frame.select(WHAT).join(self._what.with_row_index("code"), on=list(WHAT), how="left", maintain_order="left")
        self._codes, self._confidences = coded["code"].to_numpy().astype(np.uint16), frame["confidence"].to_numpy()
        self._predicates = self._what["predicate"].rank("dense").to_numpy()
        self._kinds = self._kinds_of_ends()

    def _kinds_of_ends(self) -> NDArray[np.uint8]:
        known = pl.DataFrame({"curie": self._names.curies(), "kind": self._names.kinds})
        joined = self._curies.alias("curie").to_frame().join(known, on="curie", how="left", maintain_order="left")
        return joined["kind"].fill_null(NO_KIND).to_numpy().astype(np.uint8)

    def of(self, curie: str, *, predicate: str | None = None, kinds: Collection[str] | None = None) -> Seen:
        """The relations that a concept is in, by predicate and with other ends of these kinds where that is wanted."""
        end = int(self._curies.search_sorted(curie))
        if end == len(self._curies) or self._curies[end] != curie:
            return Seen(np.empty(0, np.int64), np.empty(0, np.bool_))
        out, into = self._out.of(end), self._into.of(end)
        # A relation of a concept with itself is shown once.
        into = into[self._subjects[into] != end]
        places, forward = np.concatenate([out, into]), np.repeat([True, False], [len(out), len(into)])
        others = np.where(forward, self._objects[places], self._subjects[places])
        keep = np.ones(len(places), np.bool_)
        if predicate is not None:
            keep &= (self._what["predicate"] == predicate).to_numpy()[self._codes[places]]
        if kinds:
            keep &= np.isin(self._kinds[others], [KINDS.index(kind) for kind in kinds])
        order = np.lexsort((others, -self._confidences[places], ~forward, self._predicates[self._codes[places]]))
        order = order[keep[order]]
        return Seen(places[order], forward[order])

    def records(self, seen: Seen) -> tuple[ConceptRelation, ...]:
        """These relations as they are answered."""
        return tuple(self._record(int(place), bool(forward)) for place, forward in zip(seen.places, seen.forward, strict=True))

    def _record(self, place: int, forward: bool) -> ConceptRelation:
        predicate, source, version, license = self._what.row(int(self._codes[place]))
        other = str(self._curies[int((self._objects if forward else self._subjects)[place])])
        found = self._names.by_curie(other)
        return ConceptRelation(
            predicate, "out" if forward else "in", phrase(predicate, forward=forward), to_concept(found) if found else Concept(other, "", other),
            source, version, license, float(self._confidences[place]), self._homepages.get(source, ""),
        )
