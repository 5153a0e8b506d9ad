"""A run is a function of its recipe: twice the same, and the same again after it was interrupted at any step."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generel.concepts.errors import BadRecipe, BuildMismatch, Corrupt, NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.progress import Advance
from tests.training.worlds import TIES, number_of, world_corpus, world_model, world_recipe
from training import trainer
from training.checkpoint import TENSORS, save_checkpoint
from training.model import ConceptModel
from training.recipe import Recipe
from training.trainer import Run, make_tasks, task_chances
from training.vectors import concept_vectors

RECIPE = world_recipe()
CORPUS = world_corpus(RECIPE)
# A run in a process of its own that is killed at some moment: in the middle of step 7, or while step 8's checkpoint is written.
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.training.test_trainer import make_run
from training import checkpoint
from training.trainer import Run

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

run, moment = make_run(Path(sys.argv[1])), sys.argv[2]
if moment == "step":
    step = Run._step
    Run._step = lambda self, number, *rest: die() if number == 7 else step(self, number, *rest)
else:
    save = checkpoint.save_file
    def cut(tensors, path):
        save(tensors, path)
        if (run.checkpoint / "state.json").exists():
            path.write_bytes(path.read_bytes()[:1000])
            die()
    checkpoint.save_file = cut
run.train()
"""


def make_run(folder: Path, recipe: Recipe = RECIPE) -> Run:
    """A run of the world that has not begun."""
    return Run(folder, world_model(recipe, CORPUS), CORPUS, recipe, {"recipe": recipe.as_dict(), "build": "b1"}, tasks=make_tasks(CORPUS, recipe))


def trained(folder: Path, recipe: Recipe = RECIPE) -> Run:
    """The run, done."""
    run = make_run(folder, recipe)
    run.train()
    return run


def vectors_of(run: Run) -> np.ndarray:
    """The vectors of all concepts."""
    return concept_vectors(run.model, CORPUS)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The world's run, done at one go."""
    return trained(tmp_path_factory.mktemp("runs") / "whole")


def assert_same_end(run: Run, other: Run) -> None:
    """Vectors, tables, accumulators and tower of two runs are equal bit for bit."""
    assert np.array_equal(vectors_of(run), vectors_of(other))
    for name, table in run.model.tables().items():
        assert torch.equal(table.weight, other.model.tables()[name].weight)
        assert torch.equal(table.accumulator, other.model.tables()[name].accumulator)
    assert all(torch.equal(tensor, other.model.tower.state_dict()[name]) for name, tensor in run.model.tower.state_dict().items())


def test_two_runs_of_one_seed_are_identical(uninterrupted: Run, tmp_path: Path) -> None:
    """Not nearly: bit for bit. Another seed is another space."""
    assert_same_end(uninterrupted, trained(tmp_path / "again"))
    other = trained(tmp_path / "other", replace(RECIPE, seed=8))
    assert not np.array_equal(vectors_of(uninterrupted), vectors_of(other))


@pytest.mark.slow
def test_a_run_resumed_at_any_step_ends_as_the_uninterrupted_one(uninterrupted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a checkpoint after each of the twelve steps."""
    folders: list[Path] = []

    def save_and_keep(folder: Path, *rest: object, **named: object) -> None:
        save_checkpoint(folder, *rest, **named)  # type: ignore[arg-type]
        folders.append(Path(shutil.copytree(folder, tmp_path / f"after_{len(folders) + 1}" / "checkpoint")).parent)

    recipe = replace(RECIPE, checkpoint_every=1)
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "save_checkpoint", save_and_keep)
        assert_same_end(uninterrupted, trained(tmp_path / "run", recipe))
    assert len(folders) == recipe.steps
    for folder in folders:
        run = make_run(folder, recipe)
        run.train(resume=True)
        assert_same_end(uninterrupted, run)


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "step"), [("step", 4), ("save", 4)])
def test_a_run_killed_and_resumed_ends_as_the_uninterrupted_one(uninterrupted: Run, tmp_path: Path, moment: str, step: int) -> None:
    """SIGKILL in the middle of a step, and with half of a checkpoint written: the last whole checkpoint is step 4's."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run"), moment], check=False, timeout=120, capture_output=True, text=True, cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert json.loads((tmp_path / "run" / "checkpoint" / "state.json").read_text())["state"]["step"] == step
    run = make_run(tmp_path / "run")
    run.train(resume=True)
    assert_same_end(uninterrupted, run)


def test_a_run_interrupted_from_the_keyboard_can_be_resumed(uninterrupted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at step 10 loses the steps after the checkpoint of step 8, and nothing else."""
    run, drawn = make_run(tmp_path / "run"), 0

    def step(*_: object) -> int:
        nonlocal drawn
        drawn += 1
        if drawn == 10:
            raise KeyboardInterrupt
        return Run._step(run, *_)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(run, "_step", step)
        with pytest.raises(KeyboardInterrupt):
            run.train()
    again = make_run(tmp_path / "run")
    again.train(resume=True)
    assert_same_end(uninterrupted, again)


def test_a_finished_run_resumed_trains_no_further(uninterrupted: Run, tmp_path: Path) -> None:
    """It is taken as it is, with the figures it had."""
    folder = tmp_path / "run"
    trained(folder)
    run = make_run(folder)
    run.validate = lambda: {"mean": 0.5}
    run.train(resume=True)
    assert_same_end(uninterrupted, run)
    assert run.last_figures == {"mean": 0.5}


def test_what_cannot_be_resumed_is_refused(tmp_path: Path) -> None:
    """No checkpoint, one of another recipe, a damaged one."""
    with pytest.raises(NotThere, match="train without --resume"):
        make_run(tmp_path / "none").train(resume=True)
    run = trained(tmp_path / "run")
    with pytest.raises(BuildMismatch, match=r"recipe\.temperature was 0\.05, is 0\.1"):
        make_run(tmp_path / "run", replace(RECIPE, temperature=0.1)).train(resume=True)
    (run.checkpoint / TENSORS).write_bytes(b"half")
    with pytest.raises(Corrupt, match="delete it and train without --resume"):
        make_run(tmp_path / "run").train(resume=True)
    assert_same_end(run, trained(tmp_path / "run"))


def test_validation_and_checkpoints_come_as_often_as_the_recipe_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every so many steps and after the last; figures and losses are logged as JSON lines."""
    saved: list[int] = []
    monkeypatch.setattr(trainer, "save_checkpoint", lambda folder, model, state, *, identity: saved.append(state.step))
    run, figures = make_run(tmp_path / "run", replace(RECIPE, steps=11, validate_every=5, checkpoint_every=4)), iter([0.1, 0.2, 0.3])
    run.validate = lambda: {"mean": next(figures)}
    run.train()
    assert saved == [4, 8, 11]
    log = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["validation"]) for line in log] == [(5, {"mean": 0.1}), (10, {"mean": 0.2}), (11, {"mean": 0.3})]
    assert set(log[-1]["losses"]) <= {task.name for task in run.tasks}
    assert all(loss >= 0 for loss in log[-1]["losses"].values())
    assert max(log[-1]["losses"].values()) > 0
    assert run.last_figures == {"mean": 0.3}


class Recorder:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.totals: list[float | None] = []
        self.amounts: list[float] = []
        self.said: list[str] = []

    @contextmanager
    def task(self, description: str, *, total: float | None = None) -> Iterator[Advance]:
        self.totals.append(total)
        yield self.amounts.append

    def say(self, message: str) -> None:
        self.said.append(message)


def test_progress_shows_steps_and_where_a_run_was_resumed(tmp_path: Path) -> None:
    """A bar over all steps, of which a resumed run has done some."""
    whole, rest = Recorder(), Recorder()
    make_run(tmp_path / "run", replace(RECIPE, checkpoint_every=5)).train(progress=whole)
    assert (whole.totals, sum(whole.amounts), len(whole.amounts)) == ([12], 12, 13)
    make_run(tmp_path / "run", replace(RECIPE, checkpoint_every=5)).train(resume=True, progress=rest)
    assert (rest.amounts, rest.said) == ([12], ["Resumed at step 12 of 12"])


def test_a_loss_without_bounds_ends_the_run_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with a space of NaN: the task and the step are named, and what to change."""
    monkeypatch.setattr(ConceptModel, "step", lambda self, batch, *, rng: float("nan"))
    with pytest.raises(BadRecipe, match=r"the loss of task \S+ is nan at step [12]; lower the learning rates of the recipe"):
        trained(tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoint").exists()


def test_a_recipe_that_leaves_no_task_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(BadRecipe, match="there is nothing to train: no task has a weight and enough relations"):
        trained(tmp_path / "run", world_recipe(smallest_task=1000))
    assert not (tmp_path / "run").exists()


def test_training_brings_known_pairs_together(tmp_path: Path) -> None:
    """After two hundred steps training pairs are nearer than other pairs of the same kinds, which they were not before."""
    recipe = replace(RECIPE, steps=200, checkpoint_every=200)
    known = np.array([(number_of(CORPUS, a), number_of(CORPUS, b)) for a, _, b, part, _ in TIES if part == "train"])

    def gain(run: Run) -> float:
        vectors = vectors_of(run)
        others = np.array([(a, b) for a, right in known for b in CORPUS.of_kind(KINDS[CORPUS.kind_numbers[right]]) if CORPUS.neighbors[a, b] == 0 and a != b])
        cosines = [np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]]).mean() for pairs in (known, others)]
        return float(cosines[0] - cosines[1])

    before = gain(make_run(tmp_path / "run", recipe))
    after = gain(trained(tmp_path / "run", recipe))
    assert after > 0.3
    assert after > before + 0.2


def test_cold_and_composed_concepts_have_no_residual(uninterrupted: Run) -> None:
    """A run leaves the rows of what it may not learn as they were: zero."""
    residuals = uninterrupted.model.residuals
    cold = np.array([number_of(CORPUS, "familial hypercholesterolemia"), *CORPUS.of_kind("variant").tolist()])
    assert not residuals.of(cold).any()
    assert residuals.weight.any()


def test_a_task_is_weighted_by_its_name_then_by_its_family() -> None:
    """A weight of zero leaves it out."""
    weights = {"pharmacogenetics": 2.0, "pharmacogenetics:gene-drug": 3.0, "treats": 0.0, "synonym": 0.5}
    recipe = replace(RECIPE, task_weights=weights)
    tasks = make_tasks(CORPUS, recipe)
    assert {task.name: recipe.weight_of(task) for task in tasks} == {
        "gene_of_disease:gene-disease": 1, "has_phenotype:disease-phenotype": 1, "pharmacogenetics:gene-drug": 3, "pharmacogenetics:variant-drug": 2,
        "variant_associated_with:variant-disease": 1, "variant_of_gene:variant-gene": 1, "synonym": 0.5,
    }
    assert "synonym" not in {task.name for task in make_tasks(CORPUS, replace(RECIPE, task_weights={"synonym": 0.0}))}


def test_chances_are_a_power_of_size_times_weight() -> None:
    """Sizes 4 (treats) and 16 (synonym), exponent one half, the latter's weight 3: 2 to 12, so 1/7 and 6/7."""
    recipe = replace(RECIPE, task_weights={"synonym": 3.0})
    tasks = [task for task in make_tasks(CORPUS, recipe) if task.name in {"treats:drug-disease", "synonym"}]
    assert [task.size for task in tasks] == [4, 16]
    assert task_chances(tasks, recipe).tolist() == pytest.approx([1 / 7, 6 / 7])
    assert task_chances(make_tasks(CORPUS, RECIPE), RECIPE).sum() == pytest.approx(1)
