"""Everything a run trains: the tower, the token rows, the concepts' residuals and the tasks' biases; and one step of it.

The vector of a concept is `normalize(tower(text) + residual)`; of a composed one, what `training.composer` makes of its ties' vectors. A
bias belongs to a concept *as an answer in a task*: it takes up popularity, so that the vectors need not.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from generel.model.bag import Bags
from generel.model.encoder import has_native_bf16
from generel.model.tower import ConceptTower, TowerShape, bag_mean
from training.composer import compose_slots, take
from training.learning_rate import rate_factor, steps_done
from training.losses import ALONE, Offsets, Pairs, symmetric_infonce
from training.recipe import Recipe
from training.sparse_rows import ConceptRows, SparseRows
from training.tasks.batch import Batch
from training.tasks.task import Task
from training.workers import Workers

CPU = torch.device("cpu")


class ConceptModel:
    """The trained parts of a space.

    Args:
        features: (n_texts, dims) float32, centered, unit norm.
        bags: token rows of each text.
        shape: of the tower.
        written: concept numbers with a residual, ascending.
        tasks: each gets biases for both sides.
        recipe: learning rates and temperatures.
        workers: the processes that train it together.
        device: where tables and tower are; text features stay in main memory.
    """

    def __init__(
        self, features: torch.Tensor, bags: Bags, *, shape: TowerShape, written: np.ndarray, tasks: Sequence[Task], recipe: Recipe,
        workers: Workers = ALONE, device: torch.device = CPU,
    ) -> None:
        rates = recipe.optimizer
        torch.manual_seed(recipe.seed)
        self.features, self.bags, self.recipe, self.workers, self.device = features, bags, recipe, workers, device
        self.tower = ConceptTower(shape).to(device)
        self.tokens = SparseRows(shape.n_rows, shape.dims, learning_rate=rates.tokens, device=device)
        self.residuals = ConceptRows(written, shape.dims, learning_rate=rates.residuals, device=device)
        self.anchor_biases = {task.name: ConceptRows(task.asking, 1, learning_rate=rates.biases, device=device) for task in tasks}
        self.candidate_biases = {task.name: ConceptRows(task.answering, 1, learning_rate=rates.biases, device=device) for task in tasks}
        self.temperatures = {task.name: recipe.temperature_of(task) for task in tasks}
        self.task_sizes = {task.name: task.size for task in tasks}
        self.leading = {task.name: recipe.likeness.dims for task in tasks if recipe.likeness.dims and task.family in recipe.likeness.families}
        self.optimizer = torch.optim.AdamW(self.tower.parameters(), lr=rates.tower, weight_decay=rates.weight_decay, fused=True)

    def tables(self) -> dict[str, SparseRows]:
        """All sparse tables by the name they have in a checkpoint."""
        named = {"tokens": self.tokens, "residuals": self.residuals}
        named |= {f"anchor_bias.{task}": table for task, table in self.anchor_biases.items()}
        return named | {f"candidate_bias.{task}": table for task, table in self.candidate_biases.items()}

    def modules(self) -> dict[str, torch.nn.Module]:
        """All dense parts by the name they have in a checkpoint."""
        return {"tower": self.tower}

    def step(self, batch: Batch, *, rng: np.random.Generator) -> float:
        """Train on one batch; its loss. Several workers must be given the same batch and equal generators."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.device.type == "cuda" or has_native_bf16()):
            loss = self._loss(batch, rng)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        tables = (self.tokens, self.residuals, self.anchor_biases[batch.task], self.candidate_biases[batch.task])
        total = loss.detach().reshape(1)
        self.workers.add_up([total, *self._gradients(), *(table.gradient for table in tables if table.gradient is not None)])
        rates = self.recipe.optimizer
        factor = rate_factor(steps_done(self.optimizer), steps=self.recipe.steps, cooldown=rates.cooldown)
        self.optimizer.param_groups[0]["lr"] = rates.tower * factor
        self.optimizer.step()
        for table in tables:
            table.update(factor)
        return float(total)

    def _gradients(self) -> list[torch.Tensor]:
        """Of the dense parts; zeros where this worker's share touched none, so that all workers have the same to add up."""
        parameters = [parameter for module in self.modules().values() for parameter in module.parameters()]
        if self.workers.size > 1:
            for parameter in parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        return [parameter.grad for parameter in parameters if parameter.grad is not None]

    def text_vectors(self, texts: np.ndarray) -> torch.Tensor:
        """Tower outputs of the texts with these numbers, (n, dims), not normalized; without gradient."""
        bags = self.bags.take(texts)
        distinct, places = np.unique(bags.rows, return_inverse=True)
        rows = self.tokens.weight[self._put(distinct.astype(np.int64))] if len(distinct) else torch.zeros(1, self.tower.shape.dims, device=self.device)
        with torch.inference_mode():
            means = bag_mean(rows, self._put(places.astype(np.int64)), self._put(bags.offsets))
            outputs: torch.Tensor = self.tower(self._features_of(texts), means)
            return outputs.cpu()

    def _loss(self, batch: Batch, rng: np.random.Generator) -> torch.Tensor:
        """This worker's part of the batch's loss."""
        slots = self.workers.gather(self._encode_share(batch, rng), len(batch.concepts))  # (slots, dims) unit norm
        vectors = torch.cat((slots, compose_slots(slots, batch.ties, len(batch.composed), weights=self.recipe.composition.weights())))
        anchor_bias = self.anchor_biases[batch.task].gather_of(batch.anchor_concepts)
        candidate_bias = self.candidate_biases[batch.task].gather_of(batch.candidate_concepts)
        # Views of one space: tasks of likeness see the leading coordinates alone, all others the whole vector.
        dims = self.leading.get(batch.task)
        anchors, candidates = (take(vectors, places) if dims is None else functional.normalize(take(vectors, places)[:, :dims], dim=1) for places in (batch.anchors, batch.candidates))
        return symmetric_infonce(
            anchors, candidates,
            Pairs(self._put(batch.positive_rows), self._put(batch.positive_columns)),
            masked=Pairs(self._put(batch.masked_rows), self._put(batch.masked_columns)),
            weights=self._put(batch.positive_weights),
            temperature=self.temperatures[batch.task],
            offsets=Offsets(anchor_bias[:, 0] - self._put(batch.anchor_log_q), candidate_bias[:, 0] - self._put(batch.candidate_log_q)),
            workers=self.workers,
        )

    def _encode_share(self, batch: Batch, rng: np.random.Generator) -> torch.Tensor:
        """The vectors of this worker's slots, (slots of its share, dims) unit norm.

        Table rows are gathered for all slots, so that every worker has gradients of the same rows to add up.
        """
        bags = drop_rows(self.bags.take(batch.texts), self.recipe.sampling.token_dropout, rng)
        mine = self.workers.share(len(batch.texts))
        distinct, places = np.unique(bags.rows, return_inverse=True)
        rows = self.tokens.gather(self._put(distinct.astype(np.int64)))
        if not len(distinct):
            rows = torch.zeros(1, self.tower.shape.dims, device=self.device)
        cells = slice(int(bags.offsets[mine.start]), int(bags.offsets[mine.stop]))
        offsets = bags.offsets[mine.start : mine.stop + 1] - cells.start
        means = bag_mean(rows, self._put(places[cells].astype(np.int64)), self._put(offsets))
        outputs = self.tower(self._features_of(batch.texts[mine]), means).float()
        kept = np.flatnonzero(batch.with_residual)
        # A concept may fill two slots: its residual is gathered once and added to each.
        concepts, place = np.unique(batch.concepts[kept], return_inverse=True)
        residuals = self.residuals.gather_of(concepts)
        ours = (kept >= mine.start) & (kept < mine.stop)
        outputs = outputs.index_add(0, self._put(kept[ours] - mine.start), take(residuals, place[ours]))
        return functional.normalize(outputs, dim=1)

    def _features_of(self, texts: np.ndarray) -> torch.Tensor:
        return self.features[torch.from_numpy(texts)].to(self.device).float()

    def _put(self, array: np.ndarray) -> torch.Tensor:
        """The array where the model computes."""
        return torch.from_numpy(array).to(self.device)


def drop_rows(bags: Bags, share: float, rng: np.random.Generator) -> Bags:
    """The bags with that share of their rows left out at random."""
    if share <= 0:
        return bags
    keep = rng.random(len(bags.rows)) >= share
    kept_before = np.concatenate(([0], np.cumsum(keep)))
    return Bags(bags.rows[keep], kept_before[bags.offsets])
