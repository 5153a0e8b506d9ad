"""Everything a run trains: the tower, the token rows, the concepts' residuals and the tasks' biases; and one step of it.

The vector of a concept is `normalize(tower(text) + residual)`; of a composed one, the normalized sum of its ties' vectors. A
bias belongs to a concept *as an answer in a task*: it takes up popularity, so that the vectors need not.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from generel.model.bag import Bags
from generel.model.encoder import has_native_bf16
from generel.model.tower import ConceptTower, TowerShape, bag_mean
from training.losses import Pairs, symmetric_infonce
from training.recipe import Recipe
from training.sparse_rows import SparseRows
from training.tasks.batch import Batch


class ConceptModel:
    """The trained parts of a space.

    Args:
        features: (n_texts, dims) float32, centered, unit norm.
        bags: token rows of each text.
        shape: of the tower.
        n_concepts: number of residual rows.
        tasks: names of the tasks, each with biases for both sides.
        recipe: learning rates and temperature.
    """

    def __init__(self, features: torch.Tensor, bags: Bags, *, shape: TowerShape, n_concepts: int, tasks: Sequence[str], recipe: Recipe) -> None:
        rates = recipe.optimizer
        torch.manual_seed(recipe.seed)
        self.features, self.bags, self.recipe = features, bags, recipe
        self.tower = ConceptTower(shape)
        self.tokens = SparseRows(shape.n_rows, shape.dims, learning_rate=rates.tokens)
        self.residuals = SparseRows(n_concepts, shape.dims, learning_rate=rates.residuals)
        self.anchor_biases = {task: SparseRows(n_concepts, 1, learning_rate=rates.biases) for task in tasks}
        self.candidate_biases = {task: SparseRows(n_concepts, 1, learning_rate=rates.biases) for task in tasks}
        self.task_sizes: dict[str, int] = {}
        self.optimizer = torch.optim.AdamW(self.tower.parameters(), lr=rates.tower, weight_decay=rates.weight_decay, fused=True)

    def tables(self) -> dict[str, SparseRows]:
        """All sparse tables by the name they have in a checkpoint."""
        named = {"tokens": self.tokens, "residuals": self.residuals}
        named |= {f"anchor_bias.{task}": table for task, table in self.anchor_biases.items()}
        return named | {f"candidate_bias.{task}": table for task, table in self.candidate_biases.items()}

    def step(self, batch: Batch, *, rng: np.random.Generator) -> float:
        """Train on one batch; its loss."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_native_bf16()):
            loss = self._loss(batch, rng)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        for table in (self.tokens, self.residuals, self.anchor_biases[batch.task], self.candidate_biases[batch.task]):
            table.update()
        return float(loss.detach())

    def text_vectors(self, texts: np.ndarray) -> torch.Tensor:
        """Tower outputs of the texts with these numbers, (n, dims), not normalized; without gradient."""
        bags = self.bags.take(texts)
        distinct, places = np.unique(bags.rows, return_inverse=True)
        rows = self.tokens.weight[torch.from_numpy(distinct.astype(np.int64))] if len(distinct) else torch.zeros(1, self.tower.shape.dims)
        with torch.inference_mode():
            means = bag_mean(rows, torch.from_numpy(places.astype(np.int64)), torch.from_numpy(bags.offsets))
            return self.tower(self.features[torch.from_numpy(texts)].float(), means)

    def _loss(self, batch: Batch, rng: np.random.Generator) -> torch.Tensor:
        slots = self._encode_slots(batch, rng)  # (slots, dims) unit norm
        vectors = torch.cat((slots, compose(slots, batch.tie_owner, batch.tie_slot, len(batch.composed))))
        cosines = take(vectors, batch.anchors) @ take(vectors, batch.candidates).T
        anchor_bias = self.anchor_biases[batch.task].gather(torch.from_numpy(batch.anchor_concepts))
        candidate_bias = self.candidate_biases[batch.task].gather(torch.from_numpy(batch.candidate_concepts))
        return symmetric_infonce(
            cosines.float(),
            Pairs(torch.from_numpy(batch.positive_rows), torch.from_numpy(batch.positive_columns)),
            masked=Pairs(torch.from_numpy(batch.masked_rows), torch.from_numpy(batch.masked_columns)),
            weights=torch.from_numpy(batch.positive_weights),
            temperature=self.recipe.temperature,
            anchor_offsets=anchor_bias[:, 0] - torch.from_numpy(batch.anchor_log_q),
            candidate_offsets=candidate_bias[:, 0] - torch.from_numpy(batch.candidate_log_q),
        )

    def _encode_slots(self, batch: Batch, rng: np.random.Generator) -> torch.Tensor:
        bags = drop_rows(self.bags.take(batch.texts), self.recipe.sampling.token_dropout, rng)
        distinct, places = np.unique(bags.rows, return_inverse=True)
        rows = self.tokens.gather(torch.from_numpy(distinct.astype(np.int64)))
        if not len(distinct):
            rows = torch.zeros(1, self.tower.shape.dims)
        means = bag_mean(rows, torch.from_numpy(places.astype(np.int64)), torch.from_numpy(bags.offsets))
        outputs = self.tower(self.features[torch.from_numpy(batch.texts)].float(), means).float()
        kept = np.flatnonzero(batch.with_residual)
        # A concept may fill two slots: its residual is gathered once and added to each.
        concepts, place = np.unique(batch.concepts[kept], return_inverse=True)
        residuals = self.residuals.gather(torch.from_numpy(concepts))
        outputs = outputs.index_add(0, torch.from_numpy(kept), take(residuals, place))
        return functional.normalize(outputs, dim=1)


def compose(slots: torch.Tensor, owners: np.ndarray, ties: np.ndarray, n_composed: int) -> torch.Tensor:
    """Composed vectors, (n_composed, dims) unit norm: the normalized sum of each owner's slots."""
    total = torch.zeros(n_composed, slots.shape[1], dtype=slots.dtype)
    total = total.index_add(0, torch.from_numpy(owners), take(slots, ties))
    return functional.normalize(total, dim=1)


def take(rows: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
    """The rows with these numbers.

    Not `rows[numbers]`: the gradient of that is summed by several threads in no fixed order, and no two runs would be equal.
    """
    return rows.index_select(0, torch.from_numpy(numbers))


def drop_rows(bags: Bags, share: float, rng: np.random.Generator) -> Bags:
    """The bags with that share of their rows left out at random."""
    if share <= 0:
        return bags
    keep = rng.random(len(bags.rows)) >= share
    kept_before = np.concatenate(([0], np.cumsum(keep)))
    return Bags(bags.rows[keep], kept_before[bags.offsets])
