"""Training relations and names as pairs of texts, as libraries take them that train a language model on pairs.

The relations are those of the recipe's tasks, and texts are drawn as generel's own sampler draws them, so that no trainer is given other material.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from training.corpus import Corpus
from training.recipe import Recipe
from training.tasks.batch import pick_texts
from training.tasks.relation import RelationTask
from training.tasks.synonym import SynonymTask
from training.trainer import make_tasks, task_chances

# Anchors and their positives.
Pairs = tuple[list[str], list[str]]


@dataclass(frozen=True)
class TextPairs:
    """The recipe's tasks over a corpus, as pairs of texts."""

    corpus: Corpus
    recipe: Recipe

    def draw(self, n: int, *, rng: np.random.Generator, without: Collection[str] = ()) -> dict[str, Pairs]:
        """About `n` pairs by task, as many of each task as its chance in the recipe.

        A task's relations come in random order, every one once before any comes again.

        Args:
            without: kinds whose relations are left out, because their names say nothing.
        """
        tasks = [task for task in make_tasks(self.corpus, self.recipe) if not (isinstance(task, RelationTask) and {task.subject_kind, task.object_kind} & set(without))]
        if not tasks:
            return {}
        counts = np.ceil(n * task_chances(tasks, self.recipe)).astype(int).tolist()
        drawn = {task.name: self._draw(task, count, rng) for task, count in zip(tasks, counts, strict=True)}
        return {name: pairs for name, pairs in drawn.items() if pairs[0]}

    def _draw(self, task: object, n: int, rng: np.random.Generator) -> Pairs:
        """None of a task that is neither of names nor of relations."""
        if isinstance(task, SynonymTask):
            several = np.flatnonzero(self.corpus.trained & (np.diff(self.corpus.texts.offsets) > 1))
            return self._two_names(_cycle(several, n, rng), rng)
        if not isinstance(task, RelationTask):
            return [], []
        rows, relations = _cycle(task.rows, n, rng), self.corpus.relations
        share = 1.0 if task.by_text else self.recipe.sampling.definition_share
        return self._text(relations.subjects[rows], share, rng), self._text(relations.objects[rows], share, rng)

    def _text(self, concepts: np.ndarray, definition_share: float, rng: np.random.Generator) -> list[str]:
        sampling = self.recipe.sampling
        return self._strings(pick_texts(self.corpus.texts, concepts, name_share=sampling.name_share, definition_share=definition_share, rng=rng))

    def _two_names(self, concepts: np.ndarray, rng: np.random.Generator) -> Pairs:
        """Two different names of each concept."""
        texts = self.corpus.texts
        counts = texts.count(concepts)
        left = (rng.random(len(concepts)) * counts).astype(np.int64)
        right = (left + 1 + (rng.random(len(concepts)) * (counts - 1)).astype(np.int64)) % counts
        anchors, positives = (self._strings(texts.of_concept[texts.offsets[concepts] + places]) for places in (left, right))
        return anchors, positives

    def _strings(self, numbers: np.ndarray) -> list[str]:
        return [self.corpus.texts.strings[number] for number in numbers.tolist()]


def _cycle(rows: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` of the rows in random order, every one once before any comes again."""
    rounds = [rng.permutation(rows) for _ in range(-(-n // len(rows)))]
    return np.concatenate(rounds)[:n]
