"""The encoder while it is trained: upper layers in float32 with AdamW, the rest frozen and rounded; and one step of it.

It has the face that `training.trainer.Run` and `training.checkpoint` ask of a model. A step encodes each distinct text of its batch once. Frozen
layers are run without gradients, or not at all where their outputs are cached.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from generel.model.encoder import computing_dtype
from generel.model.packed_bert import PackedBert, pool
from generel.model.packed_texts import Packing, pack, token_batches
from training.composer import take
from training.fine_tuning.layer_cache import LayerOutputs
from training.fine_tuning.texts import TuningTexts
from training.learning_rate import rate_factor, steps_done
from training.losses import Offsets, Pairs, symmetric_infonce
from training.recipe import FineTuningSettings, Recipe
from training.sparse_rows import SparseRows
from training.tasks.batch import Batch
from training.tasks.task import Task
from training.workers import Workers

# Tokens encoded at once where no gradient is kept.
TOKENS_A_BATCH = 8192
# Gradients longer than this are shortened: a rare batch of near-copies would throw the encoder off.
LONGEST_GRADIENT = 1.0
ALONE = Workers()


class TunedEncoder:
    """One encoder in training.

    Args:
        bert: its weights, in float32; frozen ones are rounded here.
        texts: all texts it will be shown, by number.
        recipe: learning rate, layers and steps are those of its `fine_tuning`.
        pooling: 'mean' or 'cls'.
        tasks: each with its temperature.
        device: where to compute.
        workers: who share a step.
    """

    def __init__(self, bert: PackedBert, texts: TuningTexts, *, recipe: Recipe, pooling: str, tasks: Sequence[Task], device: torch.device, workers: Workers = ALONE) -> None:
        self.texts, self.recipe, self.pooling, self.device, self.workers = texts, recipe, pooling, device, workers
        self.settings: FineTuningSettings = recipe.fine_tuning
        self.temperatures = {task.name: recipe.temperature_of(task) for task in tasks}
        self.dtype = computing_dtype(device)
        self.first = max(0, len(bert.layers) - self.settings.layers)
        self.bert = bert.to(device).requires_grad_(False).to(self.dtype)
        self.trained = nn.ModuleList([*self.bert.layers[self.first :], *([self.bert.words] if self.trains_words else [])]).float().requires_grad_(True)
        self.frozen: LayerOutputs | None = None
        self._lengths = texts.lengths
        self.optimizer = torch.optim.AdamW(self._groups(), lr=self.settings.learning_rate, fused=True)

    @property
    def trains_words(self) -> bool:
        """Whether the token table is trained: only below trained layers, and where the recipe says so."""
        return self.settings.words and self.first == 0

    def modules(self) -> dict[str, nn.Module]:
        """What is trained, by the name it has in a checkpoint."""
        return {"encoder": self.trained}

    def tables(self) -> dict[str, SparseRows]:
        """No sparse tables: every trained weight is dense."""
        return {}

    def step(self, batch: Batch, *, rng: np.random.Generator) -> float:
        """Train on one batch; its loss. The rate rises linearly over the first steps and falls linearly to zero after."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rate_factor(steps_done(self.optimizer), steps=self.recipe.steps, warmup=self.settings.warmup, cooldown=1 - self.settings.warmup)
        loss = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        total = loss.detach().reshape(1)
        self.workers.add_up([total, *self._gradients()])
        nn.utils.clip_grad_norm_(self.trained.parameters(), LONGEST_GRADIENT)
        self.optimizer.step()
        return float(total)

    def vectors(self, texts: NDArray[np.int64]) -> NDArray[np.float32]:
        """(len(texts), dims) unit norm of the texts with these numbers, as the encoder is now."""
        vectors = np.empty((len(texts), self.bert.dims), dtype=np.float32)
        with torch.inference_mode():
            for places in token_batches(self._lengths[texts], tokens_a_batch=TOKENS_A_BATCH):
                vectors[places] = self.encode(texts[places]).cpu().numpy()
        return vectors

    def encode(self, texts: NDArray[np.int64]) -> torch.Tensor:
        """(len(texts), dims) unit norm, with gradients to what is trained; the texts should be distinct."""
        packing = pack(self._lengths[texts])
        hidden = self.bert.run(self._first_outputs(texts[packing.order], packing), packing.groups, first=self.first)
        back = np.empty_like(packing.order)
        back[packing.order] = np.arange(len(back))
        return functional.normalize(take(pool(hidden, packing.groups, pooling=self.pooling), back), dim=1)

    def frozen_outputs(self, texts: NDArray[np.int64]) -> torch.Tensor:
        """(tokens, dims) of the frozen layers, text after text in the order given; what `LayerCache` keeps."""
        lengths = self._lengths[texts]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        outputs = torch.empty(int(starts[-1]), self.bert.dims, dtype=self.dtype)
        with torch.inference_mode():
            for places in token_batches(lengths, tokens_a_batch=TOKENS_A_BATCH):
                packing = pack(lengths[places])
                ordered = places[packing.order]
                hidden = self._run_frozen(texts[ordered], packing).cpu()
                for part, text in zip(torch.split(hidden, lengths[ordered].tolist()), ordered.tolist(), strict=True):
                    outputs[starts[text] : starts[text + 1]] = part
        return outputs

    def _first_outputs(self, ordered: NDArray[np.int64], packing: Packing) -> torch.Tensor:
        """What the first trained layer reads, from the cache where there is one."""
        if self.frozen is not None:
            return to_device(self.frozen.take(ordered), self.device)
        with torch.set_grad_enabled(self.trains_words and torch.is_grad_enabled()):
            return self._run_frozen(ordered, packing)

    def _run_frozen(self, ordered: NDArray[np.int64], packing: Packing) -> torch.Tensor:
        ids = to_device(torch.from_numpy(self.texts.tokens.take(ordered).rows), self.device)
        embedded = self.bert.embed(ids, packing).to(self.dtype)
        return self.bert.run(embedded, packing.groups, last=self.first)

    def _loss(self, batch: Batch) -> torch.Tensor:
        """This worker's part of the batch's loss."""
        distinct, place = np.unique(batch.texts, return_inverse=True)
        mine = distinct[self.workers.share(len(distinct))]
        vectors = self.workers.gather(self.encode(mine), len(distinct))  # (distinct texts, dims) unit norm
        return symmetric_infonce(
            take(vectors, place[batch.anchors]), take(vectors, place[batch.candidates]),
            Pairs(self._put(batch.positive_rows), self._put(batch.positive_columns)),
            masked=Pairs(self._put(batch.masked_rows), self._put(batch.masked_columns)),
            weights=self._put(batch.positive_weights),
            temperature=self.temperatures[batch.task],
            offsets=Offsets(-self._put(batch.anchor_log_q), -self._put(batch.candidate_log_q)),
            workers=self.workers,
        )

    def _groups(self) -> list[dict[str, object]]:
        """Matrices decay; biases and norms do not."""
        matrices = [one for one in self.trained.parameters() if one.dim() > 1]
        others = [one for one in self.trained.parameters() if one.dim() <= 1]
        return [{"params": matrices, "weight_decay": self.settings.weight_decay}, {"params": others, "weight_decay": 0.0}]

    def _gradients(self) -> Iterator[torch.Tensor]:
        return (one.grad for one in self.trained.parameters() if one.grad is not None)

    def _put(self, array: NDArray) -> torch.Tensor:
        return to_device(torch.from_numpy(array), self.device)


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor where the model computes; to a graphics card through pinned memory, without waiting."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
