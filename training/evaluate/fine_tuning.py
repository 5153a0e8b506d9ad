"""Stock sentence-transformers on pairs of texts: its trainer, its samplers and its in-batch negatives, stopped by the clock.

The learning rate falls linearly to zero as by default, but over the time instead of over steps, since nobody knows how many there
will be. A batch is of one task, and a task has as many batches as pairs.
"""

from collections.abc import Callable, Mapping, Sequence
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
from transformers import PrinterCallback, TrainerCallback

from generel.model.encoder import TextEncoder
from training.evaluate.clock import Clock
from training.evaluate.opening import unit
from training.evaluate.text_pairs import Pairs

Floats = NDArray[np.float32]
EPOCHS_WITHOUT_END = 10_000
TEXTS_A_BATCH = 4096


@dataclass(frozen=True)
class FineTuning:
    """One way to train with sentence-transformers.

    Attributes:
        static: whether the model is a table of token vectors instead of the whole language model.
        bf16: whether autocast is on; it is not by default.
    """

    batch: int
    learning_rate: float
    static: bool = False
    bf16: bool = False


MINILM = FineTuning(batch=64, learning_rate=5e-5)
STATIC = FineTuning(batch=1024, learning_rate=0.05, static=True)


def follow(clock: Clock, trainer: Any) -> None:
    """Let the learning rate of a trainer decay linearly over the clock's time, whatever number of steps it thinks it has."""

    def create_scheduler(num_training_steps: int, optimizer: torch.optim.Optimizer | None = None) -> LambdaLR:
        trainer.lr_scheduler = LambdaLR(optimizer or trainer.optimizer, lambda step: clock.left)
        return trainer.lr_scheduler

    # Not a subclass: its base is only there where the library is, and a type checker without it knows no class.
    trainer.create_scheduler = create_scheduler


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


class TunedModel:
    """A language model, or a table of its token vectors, to be trained on pairs of texts."""

    def __init__(self, how: FineTuning, *, language_model: Path) -> None:
        self.how = how
        self.model = open_static(language_model) if how.static else SentenceTransformer(str(language_model), device="cpu", local_files_only=True)

    def train(self, pairs: Mapping[str, Pairs], *, clock: Clock, seed: int, scratch: Path) -> int:
        """Train on the pairs of each task until the time is up; how many pairs were seen.

        A task that does not fill one batch is left out; 0 where that leaves none.
        """
        data = {
            task.replace(":", "_"): Dataset.from_dict({"anchor": anchors, "positive": positives})
            for task, (anchors, positives) in pairs.items() if len(anchors) >= self.how.batch
        }
        if not data:
            return 0
        stop = Stop(clock, self.how.batch)
        trainer = SentenceTransformerTrainer(
            model=self.model, args=self._arguments(seed=seed, scratch=scratch), train_dataset=data, loss=MultipleNegativesRankingLoss(self.model), callbacks=[stop],
        )
        follow(clock, trainer)
        # It prints a summary to stdout, which is for data.
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return stop.n_pairs

    def reader(self, *, max_tokens: int) -> Callable[[Sequence[str]], Floats]:
        """What turns texts into (n, dims) unit vectors.

        A language model reads by generel's encoder: the same vectors in a sixth of the time.

        Args:
            max_tokens: longer texts are cut there; a table of token vectors reads them whole.
        """
        self.model.eval()
        if self.how.static:
            return lambda texts: unit(self.model.encode(list(texts), batch_size=TEXTS_A_BATCH, convert_to_numpy=True, show_progress_bar=False))
        transformer: Any = self.model[0]
        # generel's encoder never pads, and then the plain attention is the faster one.
        transformer.auto_model.set_attn_implementation("eager")
        tokenizer = Tokenizer.from_str(transformer.tokenizer.backend_tokenizer.to_str())
        return TextEncoder(transformer.auto_model, tokenizer, digest="", max_tokens=max_tokens).encode

    def _arguments(self, *, seed: int, scratch: Path) -> SentenceTransformerTrainingArguments:
        return SentenceTransformerTrainingArguments(
            output_dir=str(scratch), num_train_epochs=EPOCHS_WITHOUT_END, per_device_train_batch_size=self.how.batch,
            learning_rate=self.how.learning_rate, bf16=self.how.bf16, seed=seed, use_cpu=True, dataloader_drop_last=True,
            dataloader_pin_memory=False, multi_dataset_batch_sampler="proportional", save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True,
        )


def open_static(language_model: Path) -> SentenceTransformer:
    """A StaticEmbedding that starts with the language model's input token vectors."""
    transformer: Any = SentenceTransformer(str(language_model), device="cpu", local_files_only=True)[0]
    weights = transformer.auto_model.get_input_embeddings().weight
    tokenizer = Tokenizer.from_file(str(language_model / "tokenizer.json"))
    tokenizer.no_truncation()
    return SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights.detach().clone())], device="cpu")
