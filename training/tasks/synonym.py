"""The synonym task: a name of a concept against another name of it, or its definition, among those of other concepts.

The anchor is shown by text alone; the candidate may carry the concept's residual, since that is what a query's text is compared
with in the end. Names shared by two concepts are never each other's negatives.
"""

from dataclasses import dataclass, field

import numpy as np

from training.corpus import Corpus
from training.recipe import Recipe
from training.tasks.batch import NO_TIES, NOBODY, Batch, or_definitions


@dataclass(frozen=True)
class SynonymTask:
    """`asking` are the concepts with at least two training names, `answering` all that have a text worth reading."""

    corpus: Corpus = field(repr=False)
    recipe: Recipe = field(repr=False)
    asking: np.ndarray = field(repr=False)
    answering: np.ndarray = field(repr=False)
    size: int
    name: str = "synonym"
    family: str = "synonym"

    def draw(self, rng: np.random.Generator) -> Batch | None:
        """One step's batch: distinct concepts by two different names each, and random other concepts' names."""
        sampling, texts = self.recipe.sampling, self.corpus.texts
        concepts = np.unique(self.asking[rng.integers(0, len(self.asking), min(sampling.anchors, max(1, len(self.asking) // 2)))])
        counts = texts.count(concepts)
        left = (rng.random(len(concepts)) * counts).astype(np.int64)
        right = (left + 1 + (rng.random(len(concepts)) * (counts - 1)).astype(np.int64)) % counts
        others = np.setdiff1d(self.answering[rng.integers(0, len(self.answering), sampling.negatives)], concepts)
        anchor_texts = texts.of_concept[texts.offsets[concepts] + left]
        candidate_texts = np.concatenate((texts.of_concept[texts.offsets[concepts] + right], texts.preferred(others)))
        candidate_texts = or_definitions(texts, np.concatenate((concepts, others)), candidate_texts, share=sampling.definition_share, rng=rng)
        return self._batch(concepts, others, anchor_texts, candidate_texts, rng=rng)

    def _batch(self, concepts: np.ndarray, others: np.ndarray, anchor_texts: np.ndarray, candidate_texts: np.ndarray, *, rng: np.random.Generator) -> Batch:
        n, candidates = len(concepts), np.concatenate((concepts, others))
        kept = rng.random(len(candidates)) >= self.recipe.sampling.residual_dropout
        masked = _equal_texts(anchor_texts, candidate_texts)
        diagonal = np.arange(n)
        return Batch(
            task=self.name,
            concepts=np.concatenate((concepts, candidates)),
            texts=np.concatenate((anchor_texts, candidate_texts)),
            with_residual=np.concatenate((np.zeros(n, dtype=bool), kept)),
            composed=NOBODY, ties=NO_TIES,
            anchors=diagonal,
            candidates=n + np.arange(len(candidates)),
            anchor_concepts=concepts,
            candidate_concepts=candidates,
            positive_rows=diagonal,
            positive_columns=diagonal,
            positive_weights=np.ones(n, dtype=np.float32),
            masked_rows=np.concatenate((diagonal, masked[0])),
            masked_columns=np.concatenate((diagonal, masked[1])),
            # Drawn evenly: a constant log Q would cancel in the softmax.
            anchor_log_q=np.zeros(n, dtype=np.float32),
            candidate_log_q=np.zeros(len(candidates), dtype=np.float32),
        )


def synonym_task(corpus: Corpus, *, recipe: Recipe) -> SynonymTask | None:
    """The task, or None where hardly any concept has two names."""
    pool = np.flatnonzero(corpus.trained & ~corpus.is_composed)
    several = pool[corpus.texts.count(pool) > 1]
    if len(several) < recipe.sampling.smallest_task:
        return None
    return SynonymTask(corpus, recipe, several, pool, int((corpus.texts.count(several) - 1).sum()))


def _equal_texts(anchors: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells (anchor, candidate) that show the very same string."""
    order = np.argsort(candidates, kind="stable")
    first = np.searchsorted(candidates[order], anchors, side="left")
    counts = np.searchsorted(candidates[order], anchors, side="right") - first
    rows = np.repeat(np.arange(len(anchors)), counts)
    ends = np.cumsum(counts)
    within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
    return rows, order[np.repeat(first, counts) + within]
