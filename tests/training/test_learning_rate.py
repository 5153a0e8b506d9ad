"""Rates rise, stay and fall by the shares of a run that a recipe gives them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadRecipe
from tests.training.worlds import world_corpus, world_model, world_recipe
from training.learning_rate import rate_factor, steps_done
from training.model import ConceptModel
from training.recipe import OptimizerSettings, parse_recipe
from training.trainer import make_tasks


def test_the_rate_rises_and_falls() -> None:
    """Over 10 steps with a warm-up of two and nothing but cooling after it: half, whole, and down to an eighth."""
    factors = [rate_factor(done, steps=10, warmup=0.2, cooldown=0.8) for done in range(10)]
    assert factors == pytest.approx([0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert rate_factor(0, steps=1, warmup=0.0, cooldown=1.0) == 1


def test_the_rate_stays_until_it_cools() -> None:
    """Over 10 steps of which the last four cool."""
    assert [rate_factor(done, steps=10, cooldown=0.4) for done in range(10)] == pytest.approx([1, 1, 1, 1, 1, 1, 1, 3 / 4, 2 / 4, 1 / 4])


@given(steps=st.integers(1, 500), warmup=st.floats(0, 1), cooldown=st.floats(0, 1), data=st.data())
def test_a_step_always_has_some_of_its_rate(steps: int, warmup: float, cooldown: float, data: st.DataObject) -> None:
    """No step is wasted, and none goes faster than the recipe says."""
    assert 0 < rate_factor(data.draw(st.integers(0, steps - 1)), steps=steps, warmup=warmup, cooldown=cooldown) <= 1


def test_all_that_a_step_trains_moves_less_as_the_rates_fall() -> None:
    """The last of four steps that all cool has a quarter of the rate: tower, tokens, residuals and biases move a quarter as far as at a rate that stays."""
    moved = {}
    for cooldown in (0.0, 1.0):
        recipe = world_recipe(steps=4, optimizer=OptimizerSettings(tokens=0.1, residuals=0.1, cooldown=cooldown))
        model = world_model(recipe)
        task = next(each for each in make_tasks(world_corpus(recipe), recipe) if each.name == "synonym")
        batch = task.draw(np.random.default_rng(1))
        assert batch is not None
        # AdamW's state is made by the first step; then three of four are said to be done.
        model.step(batch, rng=np.random.default_rng(2))
        start = [part.clone() for part in parts(model, task.name)]
        for state in model.optimizer.state.values():
            state["step"].fill_(3)
        assert steps_done(model.optimizer) == 3
        model.step(batch, rng=np.random.default_rng(2))
        moved[cooldown] = [float((part - before).norm()) for part, before in zip(parts(model, task.name), start, strict=True)]
    ratios = np.array(moved[1.0]) / np.array(moved[0.0])
    assert ratios == pytest.approx(np.full(len(ratios), 0.25), rel=0.05)


def parts(model: ConceptModel, task: str) -> list[torch.Tensor]:
    """What a step of the task trains."""
    return [model.tower.linear.weight.detach(), model.tokens.weight, model.residuals.weight, model.anchor_biases[task].weight]


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_cooldown_is_a_share_of_the_steps(value: float) -> None:
    """Anything else is refused."""
    with pytest.raises(BadRecipe, match=rf"optimizer\.cooldown = {value} is not between 0 and 1"):
        parse_recipe(f"[optimizer]\ncooldown = {value}", where="mine")
