"""The loop: pick a task, draw a batch, step; checkpoint and validate on the way.

A run is a function of build, recipe and machine: the same three give the same space twice, and a run resumed from any
checkpoint ends where an uninterrupted one does.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from generel.concepts.errors import BadRecipe
from generel.concepts.progress import SILENT, Progress
from training.checkpoint import RunState, load_checkpoint, restore_rng, save_checkpoint
from training.corpus import Corpus
from training.model import ConceptModel
from training.recipe import Recipe
from training.tasks.relation import RelationTask, relation_tasks
from training.tasks.synonym import SynonymTask, synonym_task

Task = RelationTask | SynonymTask
# How fast the logged loss follows the last steps of its task.
MEMORY = 0.95


@dataclass
class Run:
    """One training run and where its files go.

    Attributes:
        folder: of the run; its checkpoint and `log.jsonl` lie there.
        model, corpus, recipe: what is trained on what and how.
        identity: recipe and build digest, which a checkpoint must share.
        validate: called every so often with the model; its figures are logged.
    """

    folder: Path
    model: ConceptModel
    corpus: Corpus
    recipe: Recipe
    identity: dict[str, Any]
    validate: Callable[[], dict[str, float]] | None = None
    tasks: list[Task] = field(default_factory=list)
    last_figures: dict[str, float] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    def train(self, *, resume: bool = False, progress: Progress = SILENT) -> None:
        """Train to the recipe's last step.

        Args:
            resume: continue from the checkpoint, which must be of the same recipe and build.
            progress: shows steps, loss and relations a second.

        Raises:
            NotThere, Corrupt, BuildMismatch: the checkpoint asked for cannot be used.
            BadRecipe: it leaves no task to train, or its learning rates make the loss infinite.
        """
        if not self.tasks:
            raise BadRecipe("there is nothing to train: no task has a weight and enough relations; lower the recipe's sampling.smallest_task")
        state = RunState(0, dict(np.random.default_rng(self.recipe.seed).bit_generator.state), {})
        if resume:
            state = load_checkpoint(self.checkpoint, self.model, identity=self.identity)
            progress.say(f"Resumed at step {state.step:,} of {self.recipe.steps:,}")
        self.folder.mkdir(parents=True, exist_ok=True)
        rng, losses, chances = restore_rng(state.rng), dict(state.losses), task_chances(self.tasks, self.recipe)
        with progress.task(f"Train {self.recipe.steps:,} steps", total=self.recipe.steps) as advance:
            advance(state.step)
            for step in range(state.step + 1, self.recipe.steps + 1):
                self._step(step, rng, chances, losses)
                advance(1)
                if step % self.recipe.checkpoint_every == 0 or step == self.recipe.steps:
                    save_checkpoint(self.checkpoint, self.model, RunState(step, dict(rng.bit_generator.state), losses), identity=self.identity)
                if self.validate and (step % self.recipe.validate_every == 0 or step == self.recipe.steps):
                    self.last_figures = self.validate()
                    self._log({"step": step, "validation": self.last_figures, "losses": {name: round(value, 4) for name, value in losses.items()}})
        if self.validate and not self.last_figures:
            # Resumed at the last step: the figures of the finished run are wanted all the same.
            self.last_figures = self.validate()

    def _step(self, step: int, rng: np.random.Generator, chances: np.ndarray, losses: dict[str, float]) -> None:
        task = self.tasks[int(rng.choice(len(self.tasks), p=chances))]
        batch = task.draw(rng)
        if batch is None:
            return
        loss = self.model.step(batch, rng=rng)
        if not np.isfinite(loss):
            raise BadRecipe(f"the loss of task {task.name} is {loss} at step {step}; lower the learning rates of the recipe")
        losses[task.name] = MEMORY * losses.get(task.name, loss) + (1 - MEMORY) * loss

    def _log(self, record: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(record | {"time": round(time.time(), 1)}) + "\n")


def make_tasks(corpus: Corpus, recipe: Recipe) -> list[Task]:
    """All tasks the corpus has enough relations for and the recipe does not leave out, by name."""
    synonyms = synonym_task(corpus, recipe=recipe)
    tasks: list[Task] = [*relation_tasks(corpus, recipe=recipe), *([synonyms] if synonyms else [])]
    return [task for task in tasks if task_weight(task, recipe) > 0]


def task_weight(task: Task, recipe: Recipe) -> float:
    """The recipe's factor for the task: by its full name, else by its family's, else 1."""
    return float(recipe.task_weights.get(task.name, recipe.task_weights.get(task.family, 1.0)))


def task_chances(tasks: list[Task], recipe: Recipe) -> np.ndarray:
    """Each task's chance of being drawn: its size to the recipe's exponent times its weight, summing to one."""
    sizes = np.array([task.size ** recipe.sampling.size_exponent * task_weight(task, recipe) for task in tasks], dtype=float)
    return sizes / sizes.sum()
