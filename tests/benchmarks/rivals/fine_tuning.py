"""Stock sentence-transformers on the recipe's pairs of texts, as `generel evaluate --rival` trains it, counted and clocked."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from rivals.material import Material
from rivals.questions import Exam, Figure
from training.evaluate.clock import Clock
from training.evaluate.fine_tuning import MINILM, STATIC, FineTuning, TunedModel
from training.evaluate.text_rivals import PAIRS

SETTINGS: Mapping[str, FineTuning] = {"minilm": MINILM, "minilm-bf16": replace(MINILM, bf16=True), "static": STATIC}


class FineTuningRun:
    """One training with sentence-transformers."""

    def __init__(self, material: Material, settings: FineTuning, *, encoder: Path, seed: int, scratch: Path) -> None:
        self.material, self.scratch, self.seed = material, scratch, seed
        self.tuned = TunedModel(settings, language_model=encoder)
        self.pairs = material.draw(PAIRS, rng=np.random.default_rng(seed))

    def train(self, clock: Clock) -> dict[str, int]:
        """Train until the time is up; the pairs that were seen."""
        return {"pairs": self.tuned.train(self.pairs, clock=clock, seed=self.seed, scratch=self.scratch)}

    def answer(self, exam: Exam) -> dict[str, Figure]:
        """Figures by predicate and of synonyms."""
        return exam.ask_text_model(self.material.corpus, self.tuned.reader(max_tokens=self.material.recipe.encoder.max_tokens))
