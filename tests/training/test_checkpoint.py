"""A run's state on disk: taken back bit for bit, or refused in a sentence."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from generel.concepts.errors import BuildMismatch, Corrupt, NotThere
from tests.training.worlds import world_corpus, world_model, world_recipe
from training.checkpoint import (
    STATE,
    TENSORS,
    RunState,
    checkpoint_identity,
    load_checkpoint,
    restore_rng,
    save_checkpoint,
)
from training.model import ConceptModel
from training.recipe import Recipe
from training.trainer import make_tasks

RECIPE = world_recipe()
CORPUS = world_corpus(RECIPE)


def identity_of(recipe: Recipe = RECIPE, build: str = "b1") -> dict[str, Any]:
    """What a checkpoint must share."""
    return {"recipe": recipe.as_dict(), "build": build}


def trained_model(steps: int = 5) -> tuple[ConceptModel, np.random.Generator]:
    """The world's model after some steps, and the generator where they left it."""
    model, rng = world_model(RECIPE, CORPUS), np.random.default_rng(4)
    tasks = make_tasks(CORPUS, RECIPE)
    for step in range(steps):
        batch = tasks[step % len(tasks)].draw(rng)
        if batch is not None:
            model.step(batch, rng=rng)
    return model, rng


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint after five steps."""
    model, rng = trained_model()
    save_checkpoint(tmp_path / "checkpoint", model, RunState(5, dict(rng.bit_generator.state), {"synonym": 1 / 3}), identity=identity_of())
    return tmp_path / "checkpoint"


def test_everything_is_taken_back_bit_for_bit(saved: Path) -> None:
    """Tower, tables, accumulators and both moments of the optimizer; step, losses and generator."""
    model, rng = trained_model()
    fresh = world_model(RECIPE, CORPUS)
    state = load_checkpoint(saved, fresh, identity=identity_of())
    assert (state.step, state.losses) == (5, {"synonym": 1 / 3})
    assert restore_rng(state.rng).random(5).tolist() == rng.random(5).tolist()
    for name, table in model.tables().items():
        assert torch.equal(fresh.tables()[name].weight, table.weight)
        assert torch.equal(fresh.tables()[name].accumulator, table.accumulator)
    assert all(torch.equal(one, fresh.tower.state_dict()[name]) for name, one in model.tower.state_dict().items())
    one, other = model.optimizer.state_dict(), fresh.optimizer.state_dict()
    assert one["param_groups"] == other["param_groups"]
    assert one["state"].keys() == other["state"].keys() != set()
    assert all(torch.equal(value, other["state"][number][name]) for number, moments in one["state"].items() for name, value in moments.items())


def test_a_generator_goes_on_where_it_stood() -> None:
    """Half-used numbers included: a 32-bit draw leaves the other half for the next."""
    rng = np.random.default_rng(1)
    rng.integers(0, 100, dtype=np.int32)
    again = restore_rng(json.loads(json.dumps(dict(rng.bit_generator.state))))
    assert rng.integers(0, 100, 7, dtype=np.int32).tolist() == again.integers(0, 100, 7, dtype=np.int32).tolist()
    assert rng.normal() == again.normal()


def test_a_checkpoint_before_the_first_step_is_one(tmp_path: Path) -> None:
    """The optimizer has no moments yet."""
    model = world_model(RECIPE, CORPUS)
    save_checkpoint(tmp_path / "c", model, RunState(0, dict(np.random.default_rng(1).bit_generator.state), {}), identity=identity_of())
    assert load_checkpoint(tmp_path / "c", world_model(RECIPE, CORPUS), identity=identity_of()).step == 0


def test_no_checkpoint_says_how_to_begin(tmp_path: Path) -> None:
    """There is nothing to resume."""
    with pytest.raises(NotThere, match=r"holds no checkpoint; train without --resume"):
        load_checkpoint(tmp_path / "none", world_model(RECIPE, CORPUS), identity=identity_of())


@pytest.mark.parametrize(
    ("changed", "build", "message"),
    [
        (replace(RECIPE, steps=13), "b1", r"recipe\.steps was 12, is 13"),
        (world_recipe(anchors=7, negatives=4), "b1", r"recipe\.sampling\.anchors was 6, is 7, recipe\.sampling\.negatives was 3, is 4"),
        (replace(RECIPE, task_weights={"synonym": 2.0}), "b1", r"recipe\.task_weights\.synonym was None, is 2\.0"),
        (replace(RECIPE, families={}), "b1", r"recipe\.families\.pharmacogenetics was \[.*\], is None"),
        (RECIPE, "b2", r"build was 'b1', is 'b2'"),
    ],
)
def test_another_recipe_or_build_is_refused_naming_what_differs(saved: Path, changed: Recipe, build: str, message: str) -> None:
    """Each setting that differs, with its value then and now, and the way out; the model is left as it was."""
    model = world_model(RECIPE, CORPUS)
    before = model.residuals.weight.clone()
    with pytest.raises(BuildMismatch, match=rf"belongs to another recipe or build \({message}\); train without --resume, or under another --name"):
        load_checkpoint(saved, model, identity=identity_of(changed, build))
    assert torch.equal(model.residuals.weight, before)


def test_a_checkpoint_of_another_version_is_refused(saved: Path) -> None:
    """Its tensors do not fit the model that this version makes of the same recipe."""
    other = world_model(replace(RECIPE, tower=replace(RECIPE.tower, hidden=5)), CORPUS)
    with pytest.raises(BuildMismatch, match=r"was written by another version of generel \((?s:.*)\); train without --resume"):
        load_checkpoint(saved, other, identity=identity_of())


@pytest.mark.parametrize("name", [STATE, TENSORS])
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_corrupt(saved: Path, name: str, keep: float) -> None:
    """Cut anywhere, either file."""
    whole = (saved / name).read_bytes()
    (saved / name).write_bytes(whole[: int(keep * len(whole))])
    with pytest.raises(Corrupt, match=r"the checkpoint .*checkpoint (cannot be read|does not match its digest).*; delete it and train without --resume"):
        load_checkpoint(saved, world_model(RECIPE, CORPUS), identity=identity_of())


@pytest.mark.parametrize("name", [STATE, TENSORS])
def test_a_flipped_byte_anywhere_is_corrupt(saved: Path, name: str) -> None:
    """One digit of the generator's state would be enough to train to another space, without a sign."""
    whole, model = (saved / name).read_bytes(), world_model(RECIPE, CORPUS)
    for place in np.random.default_rng(0).integers(0, len(whole), 60).tolist():
        flipped = bytearray(whole)
        flipped[place] ^= 1
        (saved / name).write_bytes(flipped)
        with pytest.raises(Corrupt):
            load_checkpoint(saved, model, identity=identity_of())
    (saved / name).write_bytes(whole)
    assert load_checkpoint(saved, model, identity=identity_of()).step == 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / TENSORS).unlink(),
        lambda folder: (folder / STATE).write_text("[]"),
        lambda folder: (folder / STATE).write_text("{}"),
        lambda folder: (folder / STATE).write_text('{"state": 3, "sha256": ""}'),
        lambda folder: (folder / STATE).write_bytes(b"\xff\xfe"),
    ],
    ids=["no tensors", "a list", "no state", "state is a number", "no text"],
)
def test_half_a_checkpoint_is_corrupt(saved: Path, damage: Callable[[Path], object]) -> None:
    """Whatever is missing from it, one sentence."""
    damage(saved)
    with pytest.raises(Corrupt, match=r"cannot be read \(.*\); delete it and train without --resume"):
        load_checkpoint(saved, world_model(RECIPE, CORPUS), identity=identity_of())


def test_saving_that_fails_leaves_the_checkpoint_that_was_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, Ctrl-C: the run can be resumed from where it was."""
    model, rng = trained_model(6)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.checkpoint.save_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(saved, model, RunState(6, dict(rng.bit_generator.state), {}), identity=identity_of())
    assert load_checkpoint(saved, world_model(RECIPE, CORPUS), identity=identity_of()).step == 5
    assert [path.name for path in saved.parent.iterdir()] == ["checkpoint"]


def test_a_crash_between_the_two_renames_is_undone_by_loading(saved: Path) -> None:
    """The predecessor has its name back, and the run goes on from it."""
    shutil.move(saved, saved.with_name(".checkpoint.77.old"))
    assert load_checkpoint(saved, world_model(RECIPE, CORPUS), identity=identity_of()).step == 5
    assert [path.name for path in saved.parent.iterdir()] == ["checkpoint"]


def test_the_identity_of_a_checkpoint_can_be_asked_for(saved: Path, tmp_path: Path) -> None:
    """As JSON has it; None where there is no checkpoint, or none that can be believed."""
    assert checkpoint_identity(saved) == json.loads(json.dumps(identity_of()))
    assert checkpoint_identity(tmp_path / "none") is None
    state = (saved / STATE).read_text()
    for damaged in (state[:-5], state.replace('"step": 5', '"step": 6'), "[]", "{}"):
        (saved / STATE).write_text(damaged)
        assert checkpoint_identity(saved) is None
