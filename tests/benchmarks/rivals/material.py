"""What all trainers are given: one build's training part as the recipe's tasks, as pairs of texts, and as triples.

Every form holds the same relations: those of the recipe's tasks. Texts are drawn as generel's own sampler draws them.
"""

import numpy as np

from training.evaluate.text_pairs import TextPairs
from training.tasks.relation import RelationTask
from training.trainer import make_tasks


class Material(TextPairs):
    """The recipe's tasks over a corpus, as pairs of texts and as triples."""

    def triples(self) -> np.ndarray:
        """(n, 3) int64: subject, predicate and object of every relation of the tasks, by number."""
        relations = self.corpus.relations
        rows = np.concatenate([task.rows for task in make_tasks(self.corpus, self.recipe) if isinstance(task, RelationTask)])
        return np.stack((relations.subjects[rows], relations.predicate_numbers[rows], relations.objects[rows]), axis=1)
