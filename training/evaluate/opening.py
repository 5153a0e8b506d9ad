"""From the folder of a space to what an evaluation needs of it: its vectors, its encoder, and the split of its own build.

The build is the one that the space's manifest names, by name and digest: the split of any other may hold out what the space has
learned, and the figures would flatter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import BuildMismatch
from generel.concepts.home import Home
from generel.concepts.progress import SILENT, Progress
from generel.index.space_folder import ENCODER, Manifest, read_manifest, verify_files
from generel.model.embedder import TextEmbedder
from generel.model.encoder import TextEncoder
from generel.model.encoder_folder import LANGUAGE_MODEL
from kg.build import Build, find_build
from training.evaluate.space import SpaceVectors, read_space
from training.evaluate.split import NumberedSplit, number_split
from training.recipe import CompositionSettings, Recipe, SamplingSettings

# Registers of rare diseases; OMIM lists many common ones as well.
RARE = ["orphanet", "gard"]
# Tokens that are read of a gene's summary, and of other texts where the manifest does not say.
LONG_TEXT, SHORT_TEXT = 256, 128
Floats = NDArray[np.float32]

Section = TypeVar("Section")


@dataclass(frozen=True)
class Opened:
    """A space beside the split of its build.

    Attributes:
        manifest: of the space.
        embedder: texts as the space reads them.
        encoder: the language model alone, cutting texts where training did: features that training has cached are found again.
        language_model: the folder that it was opened from.
        rare: (n_concepts,) whether a disease is known to a register of rare ones.
    """

    manifest: Manifest
    build: Build
    split: NumberedSplit
    space: SpaceVectors
    embedder: TextEmbedder
    encoder: TextEncoder
    language_model: Path
    rare: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @property
    def max_tokens(self) -> int:
        """Where training cut texts, and so where whoever reads the same ones cuts them."""
        return int(self.manifest.encoder.get("max_tokens", SHORT_TEXT))

    @cached_property
    def recipe(self) -> Recipe:
        """What the space was trained by; a setting that its manifest lacks has its default."""
        told: Mapping[str, Any] = self.manifest.raw.get("recipe", {})
        return Recipe(
            composed_kinds=tuple(told.get("composed_kinds", ())), families={name: tuple(each) for name, each in told.get("families", {}).items()},
            task_weights=told.get("task_weights", {}), sampling=_section(SamplingSettings, told.get("sampling", {})),
            composition=_section(CompositionSettings, told.get("composition", {})),
        )

    def encode(self, texts: Sequence[str]) -> Floats:
        """(n, dims) unit norm: texts as the language model alone reads them, to the length that the space was trained with."""
        return unit(self.encoder.encode(texts))

    def encode_long(self, texts: Sequence[str]) -> Floats:
        """The same of whole summaries."""
        return unit(self._long_encoder.encode(texts))

    @cached_property
    def _long_encoder(self) -> TextEncoder:
        return TextEncoder.open(self.language_model, max_tokens=LONG_TEXT)


def _section(kind: type[Section], told: Mapping[str, Any]) -> Section:
    """Settings as a manifest has them; what this version does not know is left out."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in told.items() if name in known})


def open_space(folder: Path, *, home: Home, progress: Progress = SILENT) -> Opened:
    """The released space in a folder, its files verified.

    Raises:
        NotThere: the space, its encoder or its build is not there.
        Corrupt: a file of the space is not what was released.
        BuildMismatch: the build of that name is another one by now.
    """
    manifest = read_manifest(folder)
    verify_files(folder, manifest, progress=progress)
    build = open_build(manifest, home=home)
    split = number_split(build.split.concepts, build.split.names, build.split.relations)
    language_model = folder / ENCODER / LANGUAGE_MODEL
    return Opened(
        manifest, build, split, read_space(folder, split=split), TextEmbedder.open(folder / ENCODER), TextEncoder.open(language_model, max_tokens=int(manifest.encoder.get("max_tokens", SHORT_TEXT))),
        language_model, rare=rare_diseases(split, build.merges),
    )


def open_build(manifest: Manifest, *, home: Home) -> Build:
    """The build that the space was trained on.

    Raises:
        NotThere: no build of that name.
        BuildMismatch: the space does not say which, or that build was made anew since, from something else.
    """
    name = manifest.raw.get("build_name")
    if not isinstance(name, str):
        raise BuildMismatch(f"the space '{manifest.name}' does not name the build it was trained on, so nothing is known to be held out; train it again")
    build = find_build(name, home=home)
    if build.manifest["inputs"] != manifest.build:
        raise BuildMismatch(
            f"the space '{manifest.name}' was trained on another build '{name}' ({manifest.build[:12]}) than the one that is there now "
            f"({build.manifest['inputs'][:12]}), whose split may hold out other rows; train it again, or restore that build"
        )
    return build


def rare_diseases(split: NumberedSplit, merges: pl.DataFrame) -> NDArray[np.bool_]:
    """(n_concepts,) whether a concept has, or is, an identifier of a register of rare diseases."""
    known = merges.filter(pl.col("alias").str.extract(r"^([^:]*):").is_in(RARE))["curie"].unique()
    curies = pl.Series(split.curies)
    return (curies.is_in(known.implode()) | curies.str.extract(r"^([^:]*):").is_in(RARE)).to_numpy()


def unit(vectors: Floats) -> Floats:
    """(n, dims) the rows at unit norm; zeros stay zeros."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12).astype(np.float32)
