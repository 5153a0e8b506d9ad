"""The loop: pick a task, draw a batch, step; checkpoint, validate and log on the way.

A run is a function of build, recipe and machine: the same three give the same space twice, and a run resumed from any
checkpoint ends where an uninterrupted one does. Several workers run this loop in step; the first one writes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from generel.concepts.errors import BadRecipe
from generel.concepts.heap import give_back
from generel.concepts.progress import SILENT, Progress
from training.checkpoint import RunState, load_checkpoint, restore_rng, save_checkpoint
from training.corpus import Corpus
from training.early_stopping import Best
from training.memory import STEPS_BETWEEN
from training.model import ConceptModel
from training.recipe import Recipe
from training.run_log import RunLog
from training.tasks.gene_text import gene_text_tasks
from training.tasks.relation import relation_tasks
from training.tasks.synonym import synonym_task
from training.tasks.task import Task

# How fast the logged loss follows the last steps of its task.
MEMORY = 0.95


@dataclass
class Run:
    """One training run and where its files go.

    Attributes:
        folder: of the run; its checkpoints and logs lie there.
        model, corpus, recipe: what is trained on what and how.
        identity: recipe and build digest, which a checkpoint must share.
        validate: called every so often; its figures are logged, and the recipe's `watch` is one of them.
        tensorboard: whether to write TensorBoard's files as well.
        last_figures: of the model as it is.
    """

    folder: Path
    model: ConceptModel
    corpus: Corpus
    recipe: Recipe
    identity: dict[str, Any]
    validate: Callable[[], dict[str, float]] | None = None
    tasks: list[Task] = field(default_factory=list)
    tensorboard: bool = False
    last_figures: dict[str, float] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def best_checkpoint(self) -> Path:
        return self.folder / "best"

    def train(self, *, resume: bool = False, progress: Progress = SILENT) -> None:
        """Train to the recipe's last step, or until the watched figure has stopped to grow; the model is then the best that was seen.

        Without patience in the recipe the model is that of the last step.

        Args:
            resume: continue from the checkpoint, which must be of the same recipe and build.
            progress: shows steps, figures, loss and relations a second.

        Raises:
            NotThere, Corrupt, BuildMismatch: the checkpoint asked for cannot be used.
            BadRecipe: it leaves no task to train, watches a figure that validation does not give, or its learning rates make the loss infinite.
            MissingExtra: TensorBoard is wanted and not installed.
        """
        if not self.tasks:
            raise BadRecipe("there is nothing to train: no task has a weight and enough relations; lower the recipe's sampling.smallest_task")
        state = RunState(0, dict(np.random.default_rng(self.recipe.seed).bit_generator.state), {})
        if resume:
            state = load_checkpoint(self.checkpoint, self.model, identity=self.identity)
            progress.say(f"Resumed at step {state.step:,} of {self.recipe.steps:,}")
        self.folder.mkdir(parents=True, exist_ok=True)
        with RunLog(self.folder, tensorboard=self.tensorboard, writes=self.model.workers.is_first, begun_at=state.step) as log:
            best = self._loop(state, log, progress)
        if best.step:
            load_checkpoint(self.best_checkpoint, self.model, identity=self.identity)
            progress.say(f"The model is that of step {best.step:,}, whose {self.recipe.watch} of {best.value:.4f} was the best")
        if self.validate and (best.step or not self.last_figures):
            # Resumed at the last step, or gone back to the best one: the figures of the model as it is are wanted.
            self.last_figures = self.validate()

    def _loop(self, state: RunState, log: RunLog, progress: Progress) -> Best:
        recipe, rng, losses, best = self.recipe, restore_rng(state.rng), dict(state.losses), Best(**state.best)
        chances = task_chances(self.tasks, recipe)
        with progress.task(f"Train {recipe.steps:,} steps", total=recipe.steps) as advance:
            advance(state.step)
            for step in range(state.step + 1, recipe.steps + 1):
                if best.is_settled(recipe.patience):
                    break
                log.count(self._step(step, rng, chances, losses))
                advance(1)
                if step % STEPS_BETWEEN == 0:
                    give_back()
                last = step == recipe.steps
                if self.validate and (step % recipe.validate_every == 0 or last):
                    best = self._look(step, best, losses, log, progress)
                # After the validation of the same step: a run resumed from here does not repeat it.
                if step % recipe.checkpoint_every == 0 or last or best.is_settled(recipe.patience):
                    self._save(self.checkpoint, RunState(step, dict(rng.bit_generator.state), losses, best.as_dict()))
        return best

    def _step(self, step: int, rng: np.random.Generator, chances: np.ndarray, losses: dict[str, float]) -> int:
        """Train one step; how many relations were positives in it."""
        task = self.tasks[int(rng.choice(len(self.tasks), p=chances))]
        batch = task.draw(rng)
        if batch is None:
            return 0
        loss = self.model.step(batch, rng=rng)
        if not np.isfinite(loss):
            raise BadRecipe(f"the loss of task {task.name} is {loss} at step {step}; lower the learning rates of the recipe")
        losses[task.name] = MEMORY * losses.get(task.name, loss) + (1 - MEMORY) * loss
        return len(batch.positive_rows)

    def _look(self, step: int, best: Best, losses: dict[str, float], log: RunLog, progress: Progress) -> Best:
        """Validate, log, and keep the model if it is the best so far."""
        assert self.validate is not None
        workers = self.model.workers
        self.last_figures = workers.tell(self.validate() if workers.is_first else None)
        watched = self.last_figures.get(self.recipe.watch)
        if self.recipe.patience and watched is None:
            raise BadRecipe(f"watch = '{self.recipe.watch}' is none of the figures of validation: {', '.join(self.last_figures)}")
        log.write(step, figures=self.last_figures, losses=losses)
        progress.say(f"Step {step:,}: {self.recipe.watch} {math.nan if watched is None else watched:.4f}, {log.rate:,.0f} relations a second")
        if not self.recipe.patience or watched is None:
            return best
        better = best.after(step, watched)
        if better.step == step:
            self._save(self.best_checkpoint, RunState(step, {}, losses, better.as_dict()))
        return better

    def _save(self, folder: Path, state: RunState) -> None:
        if self.model.workers.is_first:
            save_checkpoint(folder, self.model, state, identity=self.identity)
        self.model.workers.wait()


def make_tasks(corpus: Corpus, recipe: Recipe) -> list[Task]:
    """All tasks the corpus has enough relations for and the recipe does not leave out, by name."""
    synonyms = synonym_task(corpus, recipe=recipe)
    tasks: list[Task] = [*relation_tasks(corpus, recipe=recipe), *gene_text_tasks(corpus, recipe=recipe), *([synonyms] if synonyms else [])]
    return [task for task in tasks if recipe.weight_of(task) > 0]


def task_chances(tasks: list[Task], recipe: Recipe) -> np.ndarray:
    """Each task's chance of being drawn: its size to the recipe's exponent times its weight, summing to one."""
    sizes = np.array([task.size ** recipe.sampling.size_exponent * recipe.weight_of(task) for task in tasks], dtype=float)
    return sizes / sizes.sum()
