"""The loop: draw half-hidden sets, step, look at the held-out ones from time to time, and keep the best.

A run is a function of the sets, the settings and the machine; one that goes on from its checkpoint ends where an uninterrupted one does.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from generel.concepts.errors import BadInput
from generel.concepts.progress import SILENT, Progress
from training.checkpoint import restore_rng
from training.evaluate.gene_set_halves import Half, rank_hidden
from training.gene_sets.batches import Batch, Drawing
from training.gene_sets.checkpoint import Standing, Tensors, load_standing, save_standing
from training.gene_sets.losses import bce_loss, sampled_loss, softmax_loss
from training.gene_sets.network import SetNetwork
from training.gene_sets.scorer import NetworkScorer
from training.gene_sets.settings import Settings

# Average precision, of the two figures of a ranking.
CHECKED = 1
BEST, MOMENTS = "best.", "moments."


@dataclass(frozen=True)
class Trained:
    """A finished training: the best network's tensors, and what the checks gave."""

    tensors: dict[str, NDArray[np.float32]]
    standing: Standing


@dataclass
class Training:
    """One training.

    Attributes:
        network: changed in place.
        shares: (n_genes,) of the sampled loss.
        halves: of the sets that stop the training; None to train to the last step.
        folder: of the checkpoint; None for none.
        identity: of the sets and settings.
    """

    network: SetNetwork
    drawing: Drawing
    shares: NDArray[np.float32]
    settings: Settings
    halves: Half | None = None
    folder: Path | None = None
    identity: str = ""

    @property
    def steps(self) -> int:
        """How many there are at most: so many that the gene sets are drawn as often as there are passes, whatever is drawn beside them."""
        share = self.drawing.chances[len(self.drawing.numbers) - 1]
        return max(1, round(self.settings.passes * len(self.drawing.numbers) / share / self.settings.batch))

    def run(self, *, resume: bool = False, progress: Progress = SILENT, description: str = "Train") -> Trained:
        """Train until the last step, or until the held-out sets have been completed worse for some time.

        Raises:
            BadInput: the loss is no number.
            BuildMismatch, Corrupt: the checkpoint cannot be used.
        """
        torch.manual_seed(self.settings.seed)
        groups = self.network.parameter_groups(gene_rate=self.settings.gene_rate, layer_rate=self.settings.layer_rate)
        optimizer = torch.optim.Adam(groups)
        standing, best = self._begin(optimizer, resume=resume)
        rng, every, loss = restore_rng(standing.rng), max(1, self.steps // self.settings.checks), 0.0
        with progress.task(f"{description}: {self.steps:,} steps", total=self.steps) as advance:
            advance(standing.step)
            for step in range(standing.step + 1, self.steps + 1):
                if standing.worse >= self.settings.patience:
                    break
                loss += self._step(optimizer, rng, step)
                advance(1)
                if step % every == 0 or step == self.steps:
                    standing, best = self._check(replace(standing, step=step, rng=dict(rng.bit_generator.state)), best, loss / every)
                    self._save(optimizer, standing, best)
                    loss = 0.0
        return Trained(best, standing)

    def _step(self, optimizer: torch.optim.Optimizer, rng: np.random.Generator, step: int) -> float:
        for group in optimizer.param_groups:
            group.setdefault("first_rate", group["lr"])
            group["lr"] = group["first_rate"] * (1 - (step - 1) / self.steps)
        batch = self.drawing.batch(rng)
        loss = self._loss(batch, rng)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if not np.isfinite(value := loss.item()):
            raise BadInput(f"the loss is {value} at step {step:,}; lower the learning rates")
        return value

    def _loss(self, batch: Batch, rng: np.random.Generator) -> torch.Tensor:
        kept = 1 - self.settings.dropout
        # Drawn by numpy's generator, as everything is, so that one state is all there is to keep.
        keep = torch.from_numpy((rng.random((len(batch.offsets), len(self.network.first))) < kept).astype(np.float32) / kept) if kept < 1 else None
        vectors = self.network.encode(torch.from_numpy(batch.rows), torch.from_numpy(batch.offsets), keep)
        if self.settings.loss == "sampled":
            return sampled_loss(self.network, vectors, batch, shares=self.shares, negatives=self.settings.negatives, rng=rng)
        return (softmax_loss if self.settings.loss == "softmax" else bce_loss)(self.network, vectors, batch)

    def _check(self, standing: Standing, best: Tensors, loss: float) -> tuple[Standing, Tensors]:
        """The standing after a look at the held-out sets, and the best tensors."""
        standing = replace(standing, losses=(*standing.losses, loss))
        tensors = self.network.tensors()
        if self.halves is None:
            return standing, tensors
        figure = float(rank_hidden(self.scorer(), self.halves)[:, CHECKED].mean())
        standing = replace(standing, figures=(*standing.figures, figure))
        if standing.best is None or figure > standing.best:
            return replace(standing, best=figure, worse=0), tensors
        return replace(standing, worse=standing.worse + 1), best

    def scorer(self) -> NetworkScorer:
        """The network as it stands, for ranking."""
        return NetworkScorer(self.network)

    def _begin(self, optimizer: torch.optim.Adam, *, resume: bool) -> tuple[Standing, Tensors]:
        """Where to start: at the checkpoint if there is one and it is wanted, else untrained."""
        saved = load_standing(self.folder, identity=self.identity) if resume and self.folder else None
        if saved is None:
            rng = dict(np.random.default_rng(self.settings.seed).bit_generator.state)
            begun, best = self._check(Standing(0, rng), self.network.tensors(), float("nan"))
            return replace(begun, losses=()), best
        standing, tensors = saved
        self.network.take(tensors)
        state = optimizer.state_dict()
        moments = {name.removeprefix(MOMENTS): torch.from_numpy(tensor) for name, tensor in tensors.items() if name.startswith(MOMENTS)}
        state["state"] = {int(number): {each: moments[f"{number}.{each}"] for each in ("step", "exp_avg", "exp_avg_sq")} for number in {name.split(".")[0] for name in moments}}
        for group, rate in zip(state["param_groups"], (self.settings.gene_rate, self.settings.layer_rate), strict=True):
            group["first_rate"] = rate
        optimizer.load_state_dict(state)
        return standing, {name.removeprefix(BEST): tensor for name, tensor in tensors.items() if name.startswith(BEST)}

    def _save(self, optimizer: torch.optim.Optimizer, standing: Standing, best: Tensors) -> None:
        if self.folder is None:
            return
        moments = {
            f"{MOMENTS}{number}.{name}": torch.as_tensor(value).numpy()
            for number, values in optimizer.state_dict()["state"].items() for name, value in values.items()
        }
        tensors = {**self.network.tensors(), **{BEST + name: tensor for name, tensor in best.items()}, **moments}
        save_standing(self.folder, standing, tensors, identity=self.identity)
