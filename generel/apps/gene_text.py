"""What is written about genes, and how the language model alone reads it: the texts and their sentence vectors.

Summaries are longer than names, so they are read to LONG_TEXT tokens; vectors are kept in the cache of text features, for on two cores
a thousand summaries take a minute.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.errors import MissingExtra
from generel.concepts.home import Home
from generel.concepts.kinds import Kind
from generel.concepts.progress import SILENT, Progress
from generel.concepts.tables import SPACE_CONCEPTS, read_table
from generel.index.space_folder import CONCEPTS_FILE, ENCODER
from generel.model.encoder_folder import LANGUAGE_MODEL
from generel.model.feature_cache import FeatureCache

if TYPE_CHECKING:
    from generel.model.encoder import TextEncoder

Floats = NDArray[np.float32]
LONG_TEXT = 256


def read_gene_texts(folder: Path) -> dict[int, str]:
    """By row of the space in `folder`: a gene's symbol, full name and summary, whatever of them the space has."""
    genes = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS).filter(kind=Kind.GENE.value)
    first_synonym = pl.col("synonyms").list.first().fill_null("")
    text = pl.concat_str(pl.col("name"), pl.lit(": "), first_synonym, pl.lit(". "), pl.col("definition").fill_null(""))
    return dict(genes.select("row", text.str.strip_chars(" .:")).iter_rows())


class LongTexts:
    """The language model of a space, untrained, for texts of up to LONG_TEXT tokens; use `open`."""

    def __init__(self, encoder: "TextEncoder") -> None:
        self._encoder = encoder

    @classmethod
    def open(cls, folder: Path) -> Self:
        """That of the space in `folder`.

        Raises:
            MissingExtra: torch or transformers is not installed.
            NotThere, Corrupt: the space has no language model, or one that cannot be read.
        """
        try:
            from generel.model.encoder import TextEncoder
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "torch", "text", "reading texts by the language model") from error
        return cls(TextEncoder.open(folder / ENCODER / LANGUAGE_MODEL, max_tokens=LONG_TEXT))

    def read(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dims) unit norm; zeros for an empty text."""
        return _unit(self._encoder.encode(texts), texts)

    def read_once(self, texts: Sequence[str], *, home: Home, progress: Progress = SILENT) -> Floats:
        """The same, through the cache of text features: in half precision, and each text only ever once."""
        return _unit(FeatureCache(home.cache / "features", self._encoder).features(texts, progress=progress).astype(np.float32), texts)


def _unit(vectors: Floats, texts: Sequence[str]) -> Floats:
    vectors[[not text.strip() for text in texts]] = 0
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
