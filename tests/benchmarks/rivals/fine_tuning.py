"""Stock sentence-transformers on the recipe's pairs of texts: its trainer, its samplers and its in-batch negatives, stopped by the clock.

The learning rate falls linearly to zero as by default, but over the time instead of over steps, since nobody knows how many there
will be. A batch is of one task, tasks come as often as in the recipe.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer
from torch.optim.lr_scheduler import LambdaLR
from transformers import TrainerCallback

from generel.model.encoder import TextEncoder
from rivals.clock import Clock
from rivals.material import Material
from rivals.questions import Exam, Figure, normalize

# More pairs than the fine-tuned model sees; the static one begins anew after them.
PAIRS = 300_000
EPOCHS_WITHOUT_END = 10_000
TEXTS_A_BATCH = 4096


@dataclass(frozen=True)
class Settings:
    """One way to train with sentence-transformers.

    Attributes:
        static: whether the model is a table of token vectors instead of the whole language model.
        bf16: whether autocast is on; it is not by default.
    """

    batch: int
    learning_rate: float
    static: bool = False
    bf16: bool = False


SETTINGS: Mapping[str, Settings] = {
    "minilm": Settings(batch=64, learning_rate=5e-5),
    "minilm-bf16": Settings(batch=64, learning_rate=5e-5, bf16=True),
    "static": Settings(batch=1024, learning_rate=0.05, static=True),
}


class TimedTrainer(SentenceTransformerTrainer):
    """The trainer with a learning rate that follows a clock."""

    clock: Clock

    def create_scheduler(self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None) -> LambdaLR:
        """Linear decay over the clock's time."""
        schedule = LambdaLR(optimizer or self.optimizer, lambda step: self.clock.left)  # type: ignore[arg-type]
        self.lr_scheduler = schedule
        return schedule


class Stop(TrainerCallback):
    """Counts pairs, starts the clock with the first epoch (before its first batch is drawn) and ends the training in time."""

    def __init__(self, clock: Clock, batch: int) -> None:
        self.clock, self.batch, self.n_pairs = clock, batch, 0

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock, once."""
        if state.global_step == 0:
            self.clock.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count a full batch: incomplete ones are dropped."""
        self.n_pairs += self.batch
        control.should_training_stop = self.clock.is_over


class FineTuningRun:
    """One training with sentence-transformers."""

    def __init__(self, material: Material, settings: Settings, *, encoder: Path, seed: int, scratch: Path) -> None:
        self.material, self.settings, self.scratch, self.seed = material, settings, scratch, seed
        self.model = open_static(encoder) if settings.static else SentenceTransformer(str(encoder), device="cpu", local_files_only=True)
        pairs = material.draw_pairs(PAIRS, rng=np.random.default_rng(seed))
        # A dataset that does not fill one batch would give none.
        self.data = {
            task.replace(":", "_"): Dataset.from_dict({"anchor": anchors, "positive": positives})
            for task, (anchors, positives) in pairs.items() if len(anchors) >= settings.batch
        }

    def train(self, clock: Clock) -> dict[str, int]:
        """Train until the time is up; the pairs that were seen."""
        stop = Stop(clock, self.settings.batch)
        trainer = TimedTrainer(
            model=self.model, args=self._arguments(), train_dataset=self.data, loss=MultipleNegativesRankingLoss(self.model), callbacks=[stop],
        )
        trainer.clock = clock
        trainer.train()
        return {"pairs": stop.n_pairs}

    def answer(self, exam: Exam) -> dict[str, Figure]:
        """Figures by predicate and of synonyms."""
        self.model.eval()
        return exam.ask_text_model(self.material.corpus, self._encode_static if self.settings.static else self._encoder())

    def _arguments(self) -> SentenceTransformerTrainingArguments:
        return SentenceTransformerTrainingArguments(
            output_dir=str(self.scratch), num_train_epochs=EPOCHS_WITHOUT_END, per_device_train_batch_size=self.settings.batch,
            learning_rate=self.settings.learning_rate, bf16=self.settings.bf16, seed=self.seed, use_cpu=True, dataloader_drop_last=True,
            dataloader_pin_memory=False, multi_dataset_batch_sampler="proportional", save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True,
        )

    def _encoder(self) -> Any:
        """The trained model's reading of texts, by generel's encoder: the same vectors in a sixth of the time."""
        transformer: Any = self.model[0]
        # generel's encoder never pads, and then the plain attention is the faster one.
        transformer.auto_model.set_attn_implementation("eager")
        tokenizer = Tokenizer.from_str(transformer.tokenizer.backend_tokenizer.to_str())
        return TextEncoder(transformer.auto_model, tokenizer, digest="", max_tokens=self.material.recipe.encoder.max_tokens).encode

    def _encode_static(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return normalize(self.model.encode(list(texts), batch_size=TEXTS_A_BATCH, convert_to_numpy=True, show_progress_bar=False))


def open_static(encoder: Path) -> SentenceTransformer:
    """A StaticEmbedding that starts with the language model's input token vectors."""
    transformer: Any = SentenceTransformer(str(encoder), device="cpu", local_files_only=True)[0]
    weights = transformer.auto_model.get_input_embeddings().weight
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_truncation()
    return SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights.detach().clone())], device="cpu")
