"""What all trainers are given: one build's training part as the recipe's tasks, as pairs of texts, and as triples.

Every form holds the same relations: those of the recipe's tasks. Texts are drawn as generel's own sampler draws them.
"""

from dataclasses import dataclass

import numpy as np

from training.corpus import Corpus
from training.recipe import Recipe
from training.tasks.batch import pick_texts
from training.tasks.relation import RelationTask
from training.tasks.synonym import SynonymTask
from training.trainer import Task, make_tasks, task_chances

Pairs = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Material:
    """The recipe's tasks over a corpus."""

    corpus: Corpus
    recipe: Recipe

    def draw_pairs(self, n: int, *, rng: np.random.Generator) -> dict[str, Pairs]:
        """About `n` pairs (anchors, positives) of texts by task, as many of each task as its chance in the recipe.

        A task's relations come in random order, every one once before any comes again.
        """
        tasks = make_tasks(self.corpus, self.recipe)
        counts = np.ceil(n * task_chances(tasks, self.recipe)).astype(int).tolist()
        return {task.name: self._draw(task, count, rng) for task, count in zip(tasks, counts, strict=True)}

    def triples(self) -> np.ndarray:
        """(n, 3) int64: subject, predicate and object of every relation of the tasks, by number."""
        relations = self.corpus.relations
        rows = np.concatenate([task.rows for task in make_tasks(self.corpus, self.recipe) if isinstance(task, RelationTask)])
        return np.stack((relations.subjects[rows], relations.predicate_numbers[rows], relations.objects[rows]), axis=1)

    def _draw(self, task: Task, n: int, rng: np.random.Generator) -> Pairs:
        if isinstance(task, SynonymTask):
            return self._two_names(_cycle(task.several, n, rng), rng)
        rows = _cycle(task.rows, n, rng)
        relations = self.corpus.relations
        return self._text(relations.subjects[rows], rng), self._text(relations.objects[rows], rng)

    def _text(self, concepts: np.ndarray, rng: np.random.Generator) -> list[str]:
        texts = self.corpus.texts
        return self._strings(pick_texts(texts.offsets, texts.of_concept, concepts, name_share=self.recipe.sampling.name_share, rng=rng))

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
