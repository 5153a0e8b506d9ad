"""What a tuned encoder says of itself: the README of its folder, which model hubs show as its card."""

from collections.abc import Mapping, Sequence
from typing import Any

import generel
from kg.build import Build
from training.recipe import Recipe
from training.tasks.task import Task


def write_card(recipe: Recipe, build: Build, *, figures: Mapping[str, float], tasks: Sequence[Task]) -> str:
    """Markdown: what it was made from, how, its figures of validation, and the licenses of all it has read."""
    settings = recipe.fine_tuning
    sources: Mapping[str, Mapping[str, Any]] = build.manifest["sources"]
    licenses = sorted({str(record.get("license", "")) for record in sources.values()} | {recipe.encoder.license})
    lines = [
        "---", "library_name: sentence-transformers", "pipeline_tag: sentence-similarity", "---", "", f"# {recipe.name}: an encoder of concepts' names",
        "", f"Made by generel {generel.__version__} (`generel fine-tune`) from `{recipe.encoder.place}`: its upper {settings.layers} layers were trained for at most "
        f"{settings.steps:,} steps on the build '{recipe.build}' ({str(build.manifest['inputs'])[:12]}), learning rate {settings.learning_rate:g}, seed {recipe.seed}.",
        "", "## Use", "", "    SentenceTransformer(folder).encode([\"heart attack\"])", "", "or `place = \"/path/to/this/folder\"` in the section `[encoder]` of a generel recipe.",
        "", "## Learned from", "", *(f"- {task.name}: {task.size:,} pairs" for task in tasks),
        "", "## Validation", "", "MRR among a sample of a thousand concepts of the kind, by the cosine of names alone.", "", *(f"- {name}: {value:.4f}" for name, value in figures.items()),
        "", "## Sources and licenses", "", *(f"- {record.get('title', name)}, {record.get('version', '')}: {record.get('license', '')}" for name, record in sources.items()),
        f"- the encoder it was made from: {recipe.encoder.license}", "", f"All of these licenses apply together: {', '.join(filter(None, licenses))}.", "",
    ]
    return "\n".join(lines)
