"""`generel fine-tune`: from a build and an encoder to an encoder that knows the build's names."""

import dataclasses
from typing import Any

import click

from generel.cli.progress import RichProgress
from generel.concepts.home import Home
from training.recipe import read_recipe


@click.command(name="fine-tune", short_help="Train the language model's own layers on a build.")
@click.option("--recipe", default="starter", show_default=True, help="Name of a shipped recipe, or a TOML file; its section [fine_tuning] holds the settings.")
@click.option("--name", help="Name of the run, instead of the recipe's.")
@click.option("--build", help="Name of the build to train on, instead of the recipe's.")
@click.option("--encoder", help="Folder of the encoder to begin with, or hf:ORGANIZATION/NAME, instead of the recipe's.")
@click.option("--layers", type=click.IntRange(min=1), help="How many of the upper layers are trained.")
@click.option("--steps", type=click.IntRange(min=1), help="Optimizer steps at most.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Of AdamW, after the warm-up.")
@click.option("--pooling", type=click.Choice(["mean", "cls"]), help="How tokens become one vector, where the encoder's folder does not say.")
@click.option("--seed", type=int, help="Seed of every random draw.")
@click.option("--resume", is_flag=True, help="Go on from the run's checkpoint, to the same end as an uninterrupted run.")
def fine_tune(
    recipe: str, name: str | None, build: str | None, encoder: str | None, layers: int | None, steps: int | None, learning_rate: float | None, pooling: str | None,
    seed: int | None, resume: bool,
) -> None:
    """Fine-tune the encoder's upper layers on the synonyms, definitions and relations of a build.

    The result is a folder that SentenceTransformer(folder) opens, and that a recipe's encoder.place may name. Checkpoints and the log lie
    in GENEREL_HOME/runs/NAME.encoder. What the frozen layers give is kept in GENEREL_HOME/cache/layers.

    Example: generel fine-tune --recipe starter --layers 3 --steps 400
    """
    changes: dict[str, Any] = {"layers": layers, "steps": steps, "learning_rate": learning_rate, "pooling": pooling}
    chosen = read_recipe(recipe)
    settings = dataclasses.replace(chosen.fine_tuning, **{key: value for key, value in changes.items() if value is not None})
    begun_with = chosen.encoder if encoder is None else dataclasses.replace(chosen.encoder, place=encoder, sha256="", license="")
    others: dict[str, Any] = {key: value for key, value in {"name": name, "build": build, "seed": seed}.items() if value is not None}
    # Torch is imported here and not above: `generel fine-tune --help` should not wait for it.
    from training.fine_tuning.tuning import Tuning

    progress = RichProgress()
    tuned = Tuning(dataclasses.replace(chosen, fine_tuning=settings, encoder=begun_with, **others), Home.from_environment(), progress).run(resume=resume)
    progress.say(f"Saved {tuned}; train on it with encoder.place = \"{tuned}\"")
