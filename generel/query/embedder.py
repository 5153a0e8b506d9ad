"""The encoder of a space, reached only when free text is embedded.

A plain BERT is read in numpy, which answers before torch would be imported; behind any other encoder stands torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import BuildMismatch, MissingExtra

# What the extra 'text' brings; any other module that is missing is a fault of generel's own.
LIBRARIES = frozenset({"torch", "transformers", "tokenizers"})


class Embedder(Protocol):
    """Something that turns texts into vectors of the space."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dim) float32, unit norm, in the order of the texts."""
        ...


def open_embedder(folder: Path) -> Embedder:
    """The encoder that lies in `folder`.

    Raises:
        MissingExtra: tokenizers, or for another encoder than BERT torch or transformers, is not installed.
    """
    try:
        from generel.model.encoder_folder import LANGUAGE_MODEL
        from generel.model.light_bert import can_read

        if can_read(folder / LANGUAGE_MODEL):
            from generel.model.light_embedder import LightEmbedder

            return LightEmbedder.open(folder)
        from generel.model.embedder import TextEmbedder

        return TextEmbedder.open(folder)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in LIBRARIES:
            raise
        raise MissingExtra(error.name, "text", "embedding free text") from error


def embed(embedder: Embedder, texts: Sequence[str], *, dims: int) -> NDArray[np.float32]:
    """(len(texts), dims) float32: the texts' vectors.

    Raises:
        BuildMismatch: the encoder gives vectors of another length than the space has.
    """
    if not texts:
        return np.empty((0, dims), np.float32)
    vectors = np.asarray(embedder.embed(texts), dtype=np.float32)
    if vectors.shape != (len(texts), dims):
        raise BuildMismatch(f"the encoder gives vectors of shape {vectors.shape} for {len(texts)} texts; the space has {dims} numbers a vector")
    return vectors
