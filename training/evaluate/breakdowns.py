"""The same questions by who asks and who answers: a space that only knows the well-studied shows it here.

Groups are cut by what training knew: how many ties the asking concept has, how many the answer has (for genes, how much they have been
studied), how near the nearest training concept of its kind is to the asking one by name, and whether a disease is a rare one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generel.concepts.kinds import KINDS
from training.evaluate.outcomes import Outcome, Row, row_of
from training.evaluate.questions import SYNONYM, Questions
from training.evaluate.settings import Settings
from training.evaluate.split import NumberedSplit, Numbers

Floats = NDArray[np.float32]
TIES = (("0", 0, 0), ("1-2", 1, 2), ("3-9", 3, 9), ("10-29", 10, 29), ("30 and more", 30, 2**31))
NEAREST = (("below .6", -2.0, 0.6), (".6 to .8", 0.6, 0.8), (".8 and more", 0.8, 2.0))
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
    rare: NDArray[np.bool_]

    def of(self, questions: Questions) -> dict[str, NDArray[np.bool_]]:
        """(q,) membership in each group, by its name; a group that all or none are in is left out."""
        ties = np.diff(self.split.training_neighbors().indptr)
        asking, answering = ties[questions.queries], ties[questions.answers]
        groups = {f"asking concept has {name} training ties": (asking >= low) & (asking <= high) for name, low, high in TIES}
        groups |= {f"answer has {name} training ties": (answering >= low) & (answering <= high) for name, low, high in TIES}
        near = self._nearest(questions.queries)
        groups |= {f"nearest training name {name}": (near >= low) & (near < high) for name, low, high in NEAREST}
        groups |= self._by_rarity(questions)
        return {name: members for name, members in groups.items() if 0 < members.sum() < len(members)}

    def _by_rarity(self, questions: Questions) -> dict[str, NDArray[np.bool_]]:
        disease = self.split.kind_numbers == KINDS.index("disease")
        named = {"asking": questions.queries, "answering": questions.answers}
        return {
            f"{end} disease is {word}": disease[numbers] & (self.rare[numbers] == rare)
            for end, numbers in named.items() if disease[numbers].any() for word, rare in (("rare", True), ("common", False))
        }

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
    """A row for every outcome and group of at least `LEAST_QUESTIONS` questions; synonyms, which no concept asks, have none."""
    members: dict[int, Mapping[str, NDArray[np.bool_]]] = {}
    rows = []
    for outcome in outcomes:
        questions = outcome.questions
        if questions.predicate == SYNONYM or questions.n < 2 * LEAST_QUESTIONS:
            continue
        if id(questions) not in members:
            members[id(questions)] = groups.of(questions)
        for name, inside in members[id(questions)].items():
            if inside.sum() >= LEAST_QUESTIONS:
                rows.append(row_of(questions, questions.kinds, outcome.method, outcome.ranks.of(inside), form=outcome.form, group=name, settings=settings))
    return rows
