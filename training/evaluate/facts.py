"""What figures belong to, as plain values: the same for the same space, build and settings, and without paths of this machine."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

import generel
from training.evaluate.opening import Opened
from training.evaluate.settings import Settings


def describe(opened: Opened, settings: Settings, *, rivals: Mapping[str, str]) -> dict[str, Any]:
    """Version, space, build, settings, sizes of the split, and what each rival was given, by its name in the table."""
    manifest, build, split = opened.manifest, opened.build, opened.split
    return {
        "generel": generel.__version__,
        "space": {"name": manifest.name, "digest": manifest.raw["digest"], "concepts_without_vector": opened.space.count_missing(split)},
        "build": {"name": build.name, "digest": build.manifest["inputs"]},
        "settings": _plain(settings),
        "rivals": dict(rivals),
        "split": {
            "concepts": {"train": int((~split.cold).sum()), "cold": int(split.cold.sum())},
            "relations": _count(split.relations), "names": _count(split.names),
        },
    }


def _count(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows["part"].value_counts().sort("part").rows())


def _plain(settings: Settings) -> dict[str, Any]:
    """The settings with files by their names."""
    return {**asdict(settings), "data": settings.data is not None, "ratings": [path.name for path in settings.ratings]}
