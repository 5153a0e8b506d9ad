"""One method in one process, so that its peak memory is its own: prepare, train under the clock, measure, answer the questions."""

import dataclasses
import resource
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from generel.concepts.home import Home
from generel.model.encoder import TextEncoder
from generel.model.feature_cache import FeatureCache
from kg.build import find_build
from rivals.generel_run import GenerelRun, encode_features
from rivals.material import Material
from rivals.questions import Exam, Figure, make_exam
from training.corpus import make_corpus
from training.evaluate.clock import Clock
from training.recipe import read_recipe

GENEREL, GENEREL_FEATURES_IN_TIME, RAW, FEATURES, TRANSE = "generel", "generel-features-in-time", "raw", "features", "transe"
Record = dict[str, Any]


class Trainer(Protocol):
    """What the worker needs of a method."""

    def train(self, clock: Clock) -> Mapping[str, float]:
        """Train until the time is up; 'pairs', and what else there is to count."""
        ...

    def answer(self, exam: Exam) -> Mapping[str, Figure]:
        """Figures by predicate, and of synonyms if it has an answer to those."""
        ...


@dataclass(frozen=True)
class Job:
    """What one process does.

    Attributes:
        method: 'features', 'raw', 'generel', 'transe' or one of fine_tuning.SETTINGS.
        build: name or path.
        recipe: name or file.
        encoder: folder of the language model's weights.
        cache: folder of the text features, filled by 'features'.
        seconds: of training.
        questions: at most so many of each sort.
        seed: added to the recipe's.
        threads: torch may use.
    """

    method: str
    build: str
    recipe: str
    encoder: str
    cache: str
    seconds: float
    questions: int
    seed: int
    threads: int


class Worker:
    """A job with its material."""

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(job.threads)
        self.job = job
        self.split = find_build(job.build, home=Home.from_environment()).split
        self.recipe = read_recipe(job.recipe)
        self.corpus = make_corpus(self.split.concepts, self.split.names, self.split.relations, recipe=self.recipe)

    def run(self) -> Record:
        """What came of it; the keys depend on the method."""
        if self.job.method == FEATURES:
            return self._encode()
        return self._ask_raw() if self.job.method == RAW else self._train()

    def _exam(self) -> Exam:
        return make_exam(self.split, corpus=self.corpus, limit=self.job.questions, seed=self.recipe.seed)

    def _encode(self) -> Record:
        strings = self.corpus.texts.strings
        seconds = encode_features(strings, encoder=Path(self.job.encoder), cache=Path(self.job.cache), max_tokens=self.recipe.encoder.max_tokens)
        return {"texts": len(strings), "seconds": seconds, "peak_mb": peak_mb(), "concepts": self.corpus.n_concepts, "relations": len(self.corpus.relations.subjects)}

    def _ask_raw(self) -> Record:
        """The language model as it is."""
        cache = FeatureCache(Path(self.job.cache), TextEncoder.open(Path(self.job.encoder), max_tokens=self.recipe.encoder.max_tokens))
        exam = self._exam()
        return {"figures": exam.ask_text_model(self.corpus, lambda texts: cache.features(texts).astype(np.float32)), "questions": exam.describe()}

    def _train(self) -> Record:
        began, clock = time.perf_counter(), Clock(self.job.seconds)
        with tempfile.TemporaryDirectory() as scratch:
            trainer = self._trainer(Path(scratch))
            prepared = time.perf_counter() - began
            counts = trainer.train(clock)
        # The questions come after the peak has been read: asking takes memory of its own.
        record: Record = {**counts, "prepared": prepared, "seconds": clock.spent, "peak_mb": peak_mb()}
        return record | {"figures": trainer.answer(self._exam())}

    def _trainer(self, scratch: Path) -> Trainer:
        """The method's trainer; each method's libraries are imported only in its own process, and count as its memory."""
        material, encoder, seed = Material(self.corpus, self.recipe), Path(self.job.encoder), self.recipe.seed + self.job.seed
        if self.job.method == GENEREL:
            return GenerelRun(material, encoder=encoder, cache=Path(self.job.cache), seed=seed, scratch=scratch)
        if self.job.method == TRANSE:
            from rivals.transe import TransERun

            return TransERun(material, seed=seed)
        from rivals.fine_tuning import SETTINGS, FineTuningRun

        return FineTuningRun(material, SETTINGS[self.job.method], encoder=encoder, seed=seed, scratch=scratch)


def peak_mb() -> float:
    """The largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def as_record(job: Job) -> Record:
    """The job as plain values."""
    return dataclasses.asdict(job)
