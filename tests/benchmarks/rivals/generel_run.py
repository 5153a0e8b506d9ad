"""generel's own trainer under the same clock, unchanged: the features of all texts are at hand before it starts.

What the features cost is measured in a process of its own (`encode_features`).
"""

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from generel.concepts.progress import Advance
from generel.model.bag import make_bags
from generel.model.embedder import TextEmbedder, center
from generel.model.encoder import TextEncoder
from generel.model.feature_cache import FeatureCache
from generel.model.tower import TowerShape
from rivals.material import Material
from rivals.questions import Exam, Figure
from training.evaluate.clock import Clock, TimeIsUp
from training.memory import keep_no_products
from training.model import ConceptModel
from training.tasks.batch import Batch
from training.tasks.relation import RelationTask, draws_a_step
from training.trainer import Run, make_tasks
from training.vectors import concept_vectors

# Neither checkpoints nor validation: the rivals write and ask nothing while they train either.
NEVER = 1_000_000_000


class CountingModel(ConceptModel):
    """The model, counting what its steps learn from: relations drawn, and all known ones among anchors x candidates."""

    drawn: Mapping[str, float]
    n_pairs, n_known, n_steps = 0.0, 0, 0

    def step(self, batch: Batch, *, rng: np.random.Generator) -> float:
        """Count and train."""
        # Every anchor of a synonym batch is a pair that was drawn.
        self.n_pairs += self.drawn.get(batch.task, len(batch.anchors))
        self.n_known += len(batch.positive_rows)
        self.n_steps += 1
        return super().step(batch, rng=rng)


class Stopwatch:
    """A progress that looks at the clock after every step."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    @contextmanager
    def task(self, description: str, *, total: float | None = None) -> Iterator[Advance]:
        """Start the clock; TimeIsUp comes out of the yielded function."""
        self.clock.start()
        yield lambda amount: self.clock.check()

    def say(self, message: str) -> None:
        """Nothing."""


class GenerelRun:
    """One training of generel."""

    def __init__(self, material: Material, *, encoder: Path, cache: Path, seed: int, scratch: Path) -> None:
        keep_no_products()
        recipe = dataclasses.replace(material.recipe, seed=seed, checkpoint_every=NEVER, validate_every=NEVER)
        self.corpus, self.recipe, self.scratch = material.corpus, recipe, scratch
        self.encoder = TextEncoder.open(encoder, max_tokens=recipe.encoder.max_tokens)
        features = FeatureCache(cache, self.encoder).features(self.corpus.texts.strings)
        self.mean = torch.from_numpy(features.mean(axis=0, dtype=np.float64).astype(np.float32))
        self.tasks = make_tasks(self.corpus, recipe)
        self.model = self._model(center_in_place(features, self.mean))

    def train(self, clock: Clock) -> dict[str, float]:
        """Train until the time or the recipe's steps are over; pairs drawn, known relations in the batches, steps."""
        run = Run(self.scratch, self.model, self.corpus, self.recipe, {}, tasks=self.tasks)
        with suppress(TimeIsUp):
            run.train(progress=Stopwatch(clock))
        return {"pairs": self.model.n_pairs, "known": self.model.n_known, "steps": self.model.n_steps}

    def answer(self, exam: Exam) -> dict[str, Figure]:
        """Figures of plain cosine by predicate and of synonyms."""
        embedder = TextEmbedder(self.encoder, self.model.tower, feature_mean=self.mean, rows=self.model.tokens.weight)
        return exam.ask_vectors(concept_vectors(self.model, self.corpus), embedder.embed(exam.texts.texts))

    def _model(self, features: torch.Tensor) -> CountingModel:
        """As training.pipeline makes it."""
        settings, strings = self.recipe.tower, self.corpus.texts.strings
        shape = TowerShape(self.encoder.dims, settings.hidden, self.encoder.tokenizer.get_vocab_size(), settings.n_pairs, settings.bag_scale)
        bags = make_bags(self.encoder.tokenize(strings), n_tokens=shape.n_tokens, n_pairs=shape.n_pairs)
        model = CountingModel(features, bags, shape=shape, written=np.flatnonzero(~self.corpus.is_composed), tasks=self.tasks, recipe=self.recipe)
        model.drawn = {task.name: distinct_draws(task.size, self.recipe.sampling.anchors) for task in self.tasks if isinstance(task, RelationTask)}
        return model


def distinct_draws(size: int, most: int) -> float:
    """How many different relations of `size` a step draws on average: those drawn a second time do not count.

    Of n draws with replacement out of N, N * (1 - (1 - 1/N)**n) differ.
    """
    return size * (1 - (1 - 1 / size) ** draws_a_step(size, most))


def center_in_place(features: NDArray[np.float16], mean: torch.Tensor) -> torch.Tensor:
    """The features centered and at unit norm, (n, dims) float16, block by block in their own memory."""
    centered = torch.from_numpy(features)
    for start in range(0, len(features), 65536):
        centered[start : start + 65536] = center(centered[start : start + 65536], mean).half()
    return centered


def encode_features(strings: Sequence[str], *, encoder: Path, cache: Path, max_tokens: int) -> float:
    """Fill the empty cache with all texts that training reads; the seconds it took, the encoder being open."""
    store = FeatureCache(cache, TextEncoder.open(encoder, max_tokens=max_tokens))
    began = time.perf_counter()
    store.features(strings)
    return time.perf_counter() - began
