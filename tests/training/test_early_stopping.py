"""A run stops when its figure has stopped to grow, and is then what it was at its best."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generel.concepts.errors import BadRecipe
from tests.training.worlds import world_corpus, world_model, world_recipe
from training.early_stopping import Best
from training.recipe import Recipe
from training.trainer import Run, make_tasks
from training.vectors import concept_vectors

RECIPE = world_recipe(steps=20, validate_every=2, checkpoint_every=2, patience=3)
CORPUS = world_corpus(RECIPE)


def figures(*values: float) -> Callable[[], dict[str, float]]:
    """A validation that gives these values one after the other, then the last for ever."""
    left = list(values)
    return lambda: {"mean": left.pop(0) if len(left) > 1 else left[0]}


def run_with(folder: Path, *values: float, recipe: Recipe = RECIPE) -> Run:
    """A run of the world whose validation gives these figures."""
    model = world_model(recipe, CORPUS)
    return Run(folder, model, CORPUS, recipe, {"recipe": recipe.as_dict(), "build": "b1"}, tasks=make_tasks(CORPUS, recipe), validate=figures(*values))


def test_the_best_is_kept_and_an_equal_figure_is_no_better() -> None:
    """By hand: .1, .3, .3, .2 after steps 2, 4, 6, 8."""
    best = Best()
    for step, value in ((2, 0.1), (4, 0.3), (6, 0.3), (8, 0.2)):
        best = best.after(step, value)
    assert best == Best(4, 0.3, since=2)
    assert [best.is_settled(patience) for patience in (0, 1, 2, 3)] == [False, True, True, False]


def test_a_run_stops_and_goes_back_to_its_best_step(tmp_path: Path) -> None:
    """Best at step 4, three worse ones after it: the run ends at step 10 with the vectors of step 4."""
    run = run_with(tmp_path / "run", 0.1, 0.3, 0.2, 0.2, 0.1)
    run.train()
    assert [json.loads(line)["step"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()] == [2, 4, 6, 8, 10]
    short = replace(RECIPE, steps=4, patience=0)
    other = run_with(tmp_path / "short", 0.0, recipe=short)
    other.train()
    assert np.array_equal(concept_vectors(run.model, CORPUS), concept_vectors(other.model, CORPUS))


def test_a_stopped_run_resumed_is_the_same(tmp_path: Path) -> None:
    """What was best, and for how long nothing was better, is in the checkpoint."""
    whole = run_with(tmp_path / "run", 0.1, 0.3, 0.2, 0.2, 0.1)
    whole.train()
    again = run_with(tmp_path / "run", 0.1)
    again.train(resume=True)
    assert np.array_equal(concept_vectors(whole.model, CORPUS), concept_vectors(again.model, CORPUS))


def test_without_patience_the_last_step_counts(tmp_path: Path) -> None:
    """All twenty steps, whatever validation says."""
    run = run_with(tmp_path / "run", 0.9, 0.1, recipe=replace(RECIPE, patience=0))
    run.train()
    assert json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])["step"] == 20
    assert not run.best_checkpoint.exists()


def test_watching_what_validation_does_not_give_is_an_error(tmp_path: Path) -> None:
    """The figures there are get named."""
    with pytest.raises(BadRecipe, match="watch = 'treats' is none of the figures of validation: mean"):
        run_with(tmp_path / "run", 0.1, recipe=replace(RECIPE, watch="treats")).train()
