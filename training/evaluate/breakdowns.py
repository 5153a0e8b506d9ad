"""The same questions by who asks and who answers: a space that only knows the well-studied shows it here.

Groups are cut by how many training ties a concept has, how near the nearest training concept of its kind is by name, whether a disease is a rare
one, and how much a gene has been studied: by its annotations, all that the build ties it to, held-out rows among them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS, Kind
from training.evaluate.outcomes import Outcome, Row, row_of
from training.evaluate.questions import SYNONYM, Questions
from training.evaluate.settings import Settings
from training.evaluate.split import NumberedSplit, Numbers

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
TIES = (("0", 0, 0), ("1-2", 1, 2), ("3-9", 3, 9), ("10-29", 10, 29), ("30 and more", 30, 2**31))
NEAREST = (("below .6", -2.0, 0.6), (".6 to .8", 0.6, 0.8), (".8 and more", 0.8, 2.0))
ASKING, ANSWERING = "asking", "answering"
# Fewer questions give an interval that says nothing.
LEAST_QUESTIONS = 50
BLOCK = 256


@dataclass(frozen=True)
class Groups:
    """What questions are grouped by.

    Attributes:
        split: knows the training ties.
        raw: (n_concepts, dims) the language model's vectors of names, unit or zero.
        rare: (n_concepts,) whether a disease is known to a register of rare ones.
    """

    split: NumberedSplit
    raw: Floats
    rare: Flags

    def of(self, questions: Questions) -> dict[str, Flags]:
        """(q,) membership in each group, by its name; a group that all or none are in is left out.

        A synonym is asked about by no concept: it is grouped by its answer alone.
        """
        if questions.predicate == SYNONYM:
            return self.of_concepts({ANSWERING: questions.answers}, near=questions.answers)
        return self.of_concepts({ASKING: questions.queries, ANSWERING: questions.answers}, near=questions.queries)

    def of_concepts(self, ends: Mapping[str, Numbers], *, near: Numbers | None = None) -> dict[str, Flags]:
        """(n,) membership in each group of n rows about concepts, as in `of`.

        Args:
            ends: (n,) the concepts of each row, by what they are called in a group's name.
            near: (n,) those whose nearest training name is looked for; None for none.
        """
        groups: dict[str, Flags] = {}
        for end, numbers in ends.items():
            groups |= {**self._by_ties(end, numbers), **self._by_rarity(end, numbers), **self._by_study(end, numbers)}
        if near is not None:
            nearest = self._nearest(near)
            groups |= {f"nearest training name {name}": (nearest >= low) & (nearest < high) for name, low, high in NEAREST}
        return {name: members for name, members in groups.items() if 0 < members.sum() < len(members)}

    def _by_ties(self, end: str, numbers: Numbers) -> dict[str, Flags]:
        ties = np.diff(self.split.training_neighbors().indptr)[numbers]
        return {f"{end} concept has {name} training ties": (ties >= low) & (ties <= high) for name, low, high in TIES}

    def _by_rarity(self, end: str, numbers: Numbers) -> dict[str, Flags]:
        disease = self._is(Kind.DISEASE)[numbers]
        if not disease.any():
            return {}
        return {f"{end} disease is {word}": disease & (self.rare[numbers] == rare) for word, rare in (("rare", True), ("common", False))}

    def _by_study(self, end: str, numbers: Numbers) -> dict[str, Flags]:
        gene, cut = self._is(Kind.GENE)[numbers], self._well_studied
        if not gene.any():
            return {}
        well = self.well_studied(numbers)
        return {f"{end} gene is well studied ({cut:,} annotations or more)": gene & well, f"{end} gene is less studied": gene & ~well}

    def well_studied(self, numbers: Numbers) -> Flags:
        """(n,) whether a gene has at least as many annotations as the middle one of those that have any."""
        return self.annotations[numbers] >= self._well_studied

    @cached_property
    def annotations(self) -> Numbers:
        """(n_concepts,) how many others each concept is tied to in the build, by rows of any part."""
        directed = self.split.ties(self.split.relations["predicate"].unique().sort().to_list())
        return np.diff((directed + directed.T).tocsr().indptr).astype(np.int64)

    @cached_property
    def _well_studied(self) -> int:
        counts = self.annotations[self._is(Kind.GENE)]
        return int(np.median(counts[counts > 0])) if counts.any() else 0

    def _is(self, kind: Kind) -> Flags:
        return self.split.kind_numbers == KINDS.index(kind.value)

    def _nearest(self, queries: Numbers) -> Floats:
        """(q,) cosine of each query's name with the nearest other name of its kind among concepts that training saw."""
        nearest = np.full(len(queries), -1.0, dtype=np.float32)
        kinds = self.split.kind_numbers[queries]
        for kind in np.unique(kinds):
            seen = np.flatnonzero((self.split.kind_numbers == kind) & ~self.split.cold)
            for rows in np.array_split(np.flatnonzero(kinds == kind), max(1, int((kinds == kind).sum()) // BLOCK)):
                cosines = self.raw[queries[rows]] @ self.raw[seen].T
                cosines[queries[rows][:, None] == seen[None, :]] = -1.0
                nearest[rows] = cosines.max(axis=1, initial=-1.0)
        return nearest


def break_down(outcomes: Sequence[Outcome], groups: Groups, *, settings: Settings) -> list[Row]:
    """A row for every outcome and group of at least `LEAST_QUESTIONS` questions."""
    members: dict[int, Mapping[str, NDArray[np.bool_]]] = {}
    rows = []
    for outcome in outcomes:
        questions = outcome.questions
        if questions.n < 2 * LEAST_QUESTIONS:
            continue
        if id(questions) not in members:
            members[id(questions)] = groups.of(questions)
        for name, inside in members[id(questions)].items():
            if inside.sum() >= LEAST_QUESTIONS:
                rows.append(row_of(questions, questions.kinds, outcome.method, outcome.ranks.of(inside), form=outcome.form, group=name, settings=settings))
    return rows
