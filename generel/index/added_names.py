"""The names of a space and of the concepts added to it, searched as one.

Added concepts have the rows after the space's own. Either side is a whole names index and is asked by itself; what comes back is put
together in the order that the methods of `NamesIndex` promise.
"""

from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.index.names import ROLES, ConceptRow, NameHit, NamesIndex


class JoinedNames(NamesIndex):
    """The names index of a space, which knows the added concepts as well."""

    def __init__(self, path: Path, added: NamesIndex, *, n_own: int, relations: Iterable[tuple[str, str, str]]) -> None:
        """Opens the space's index at `path`.

        Args:
            added: has the rows from `n_own` on, and is closed with this one.
            relations: (subject, predicate, object) of the added concepts' ties.
        """
        super().__init__(path)
        self._added, self._n_own, self._relations = added, n_own, tuple(relations)

    def close(self) -> None:
        """Close both files."""
        super().close()
        self._added.close()

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """(n,) uint8: as `NamesIndex.kinds`, the added concepts' at the end."""
        return np.concatenate([self._array("kind", np.uint8), self._added.kinds])

    def concepts(self, rows: Iterable[int]) -> list[ConceptRow]:
        """The concepts of the rows, in their order."""
        wanted = [int(row) for row in rows]
        own = iter(super().concepts(row for row in wanted if row < self._n_own))
        added = iter(self._added.concepts(row for row in wanted if row >= self._n_own))
        return [next(own) if row < self._n_own else next(added) for row in wanted]

    def curies(self) -> list[str]:
        """All CURIEs in the order of their rows."""
        return [*super().curies(), *self._added.curies()]

    def by_curie(self, curie: str) -> ConceptRow | None:
        """The concept of a canonical CURIE, or None."""
        return super().by_curie(curie) or self._added.by_curie(curie)

    def near_curies(self, curie: str, *, k: int = 3) -> list[ConceptRow]:
        """The concepts of the same prefix whose identifiers are the fewest edits away, nearest first; at most k."""
        from rapidfuzz.distance import OSA

        found = [*super().near_curies(curie, k=k), *self._added.near_curies(curie, k=k)]
        return sorted(found, key=lambda concept: OSA.distance(curie, concept.curie))[:k]

    def named(self, text: str) -> list[NameHit]:
        """Every concept called `text`: names before synonyms, then spelled with the same capitals, then by row."""
        found = [*super().named(text), *self._added.named(text)]
        return sorted(found, key=lambda hit: (ROLES.index(hit.how), hit.text != text.strip()))

    def starting(self, text: str, k: int, *, kinds: Collection[str] | None = None) -> list[NameHit]:
        """The k names that begin with `text` and go on, the added concepts' by their score among the space's own."""
        return _merge(super().starting(text, k, kinds=kinds), self._added.starting(text, k, kinds=kinds), k)

    def resembling(self, text: str, k: int, *, kinds: Collection[str] | None = None) -> list[NameHit]:
        """The k names most like `text`, best first, one hit a concept."""
        return _merge(super().resembling(text, k, kinds=kinds), self._added.resembling(text, k, kinds=kinds), k)

    def ties_of(self, rows: Iterable[int], predicate: str | None = None) -> list[NDArray[np.uint32]]:
        """`ties` of each of the rows, in their order; the added concepts and their ties among them."""
        wanted = [int(row) for row in rows]
        own = super().ties_of(wanted, predicate)
        return [np.union1d(ties, self._added_to(row, predicate)) if row in self._added_ties else ties for row, ties in zip(wanted, own, strict=True)]

    def _added_to(self, row: int, predicate: str | None) -> NDArray[np.uint32]:
        return np.array([other for other, name in self._added_ties[row] if predicate in (None, name)], dtype=np.uint32)

    @cached_property
    def tie_norms(self) -> NDArray[np.float32]:
        """(n,) as `NamesIndex.tie_norms`; the space's own concepts keep theirs though an added one is tied to them."""
        squares = [sum(1 / len(self.ties(other)) for other in self.ties(row).tolist()) for row in range(self._n_own, self._n_own + len(self._added.kinds))]
        return np.concatenate([super().tie_norms, np.sqrt([square or 1 for square in squares])]).astype(np.float32)

    @cached_property
    def _added_ties(self) -> dict[int, list[tuple[int, str]]]:
        """By row, the other end and the predicate of each tie of an added concept, whichever of the two is the subject."""
        ties: dict[int, list[tuple[int, str]]] = {}
        for subject, predicate, target in self._relations:
            one, other = self.by_curie(subject), self.by_curie(target)
            if one and other:
                ties.setdefault(one.row, []).append((other.row, predicate))
                ties.setdefault(other.row, []).append((one.row, predicate))
        return ties


def _merge(own: list[NameHit], added: list[NameHit], k: int) -> list[NameHit]:
    """The first k of both, each list in its own order; an added hit goes before the first of the others that scores less."""
    merged = list(own)
    for hit in reversed(added):
        merged.insert(next((at for at, other in enumerate(merged) if other.score < hit.score), len(merged)), hit)
    return merged[:k]
