"""`generel train`: from a build to a released space."""

import dataclasses
import os
from typing import Any

import click

from generel.cli.progress import RichProgress
from generel.concepts.home import Home
from generel.index.load import load_space
from training.recipe import Recipe, read_recipe


@click.command(short_help="Train a space on a build, and release it.")
@click.option("--recipe", default="starter", show_default=True, help="Name of a shipped recipe, or a TOML file.")
@click.option("--name", help="Name of the run and the space, instead of the recipe's.")
@click.option("--build", help="Name of the build to train on, instead of the recipe's.")
@click.option("--steps", type=click.IntRange(min=1), help="Optimizer steps, instead of the recipe's.")
@click.option("--seed", type=int, help="Seed of every random draw, instead of the recipe's.")
@click.option("--resume", is_flag=True, help="Go on from the run's checkpoint, to the same end as an uninterrupted run.")
@click.option("--force", is_flag=True, help="Train again although a space of this recipe and build is there.")
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files beside the log (extra 'tensorboard').")
@click.option("--no-load", is_flag=True, help="Do not build the index afterwards.")
def train(
    recipe: str, name: str | None, build: str | None, steps: int | None, seed: int | None, resume: bool, force: bool, tensorboard: bool, no_load: bool
) -> None:
    """Train the concept tower on a build, release the space, and load it into the index.

    The space that had the name before answers until the new one is complete. Checkpoints and the log lie in
    GENEREL_HOME/runs/NAME.

    Started by torchrun, several processes or hosts train it together, with the same recipe and to the same result; on several hosts
    GENEREL_HOME must be a folder that all of them see.

    Example: generel train --recipe starter --name mine --seed 7

    Example: torchrun --nproc-per-node 2 --no-python generel train --recipe starter
    """
    changes: dict[str, Any] = {"name": name, "build": build, "steps": steps, "seed": seed}
    chosen = dataclasses.replace(read_recipe(recipe), **{key: value for key, value in changes.items() if value is not None})
    train_and_load(chosen, resume=resume, force=force, tensorboard=tensorboard, load=not no_load)


def train_and_load(
    recipe: Recipe, *, resume: bool = False, go_on: bool = False, force: bool = False, tensorboard: bool = False, load: bool = True
) -> None:
    """Run the recipe unless its space is there already; then load it unless told not to.

    Args:
        resume: continue from the checkpoint; without a fitting one this fails.
        go_on: continue from the checkpoint where there is a fitting one, else begin.
    """
    # Torch is imported here and not above: `generel train --help` should not wait for it.
    from training.pipeline import Pipeline

    progress = RichProgress()
    pipeline = Pipeline(recipe, Home.from_environment(), progress, tensorboard=tensorboard)
    if not force and not resume and pipeline.is_released():
        progress.say(f"The space '{recipe.name}' is of this recipe and build already; --force trains it again")
    else:
        progress.say(f"Released {pipeline.run(resume=resume or (go_on and pipeline.has_checkpoint()))}")
    if load and os.environ.get("RANK", "0") == "0":
        load_space(pipeline.space, progress=progress)
