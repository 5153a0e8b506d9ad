"""Free text to a vector of a released space without torch: the path of a query.

The formula is that of `generel.model.tower`; `generel.model.embedder` computes the same with torch, for any encoder, and for many texts.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from generel.concepts.errors import Corrupt, NotThere
from generel.model.bag import make_bags
from generel.model.encoder_folder import LANGUAGE_MODEL, TOWER
from generel.model.light_bert import Floats, LightBert, gelu

DENSE = ("linear.weight", "linear.bias", "up.weight", "up.bias", "down.weight", "down.bias")


class LightEmbedder:
    """The text path of one space, in numpy; token rows stay on disk until a text needs them."""

    def __init__(self, encoder: LightBert, archive: Any) -> None:
        self.encoder = encoder
        self.shape = json.loads(archive.metadata()["shape"])
        self.dense = {name: archive.get_tensor(f"tower.{name}") for name in DENSE}
        self.feature_mean = archive.get_tensor("feature_mean")
        self.rows = archive.get_slice("rows")

    @classmethod
    def open(cls, folder: Path) -> "LightEmbedder":
        """The embedder saved in a space's `encoder/` folder.

        Raises:
            NotThere: the folder has no tower or no language model.
            Corrupt: one of them cannot be read.
        """
        if not (folder / TOWER).is_file():
            raise NotThere(f"{folder} holds no {TOWER}; the space was released without its encoder")
        try:
            return cls(LightBert.open(folder / LANGUAGE_MODEL), safe_open(str(folder / TOWER), framework="np"))
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise Corrupt(f"{folder / TOWER} cannot be read ({error}); release the space again") from error

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of the texts: (len(texts), dims) float32, unit norm, comparable with the space's vectors."""
        centered = self.encoder.encode(texts) - self.feature_mean
        features = centered / np.linalg.norm(centered, axis=1, keepdims=True)
        hidden = gelu(features @ self.dense["up.weight"].T + self.dense["up.bias"])
        outputs = features @ self.dense["linear.weight"].T + self.dense["linear.bias"] + hidden @ self.dense["down.weight"].T + self.dense["down.bias"]
        outputs = outputs + np.float32(self.shape["bag_scale"]) * self._bag_means(texts)
        result: Floats = (outputs / np.linalg.norm(outputs, axis=1, keepdims=True)).astype(np.float32)
        return result

    def _bag_means(self, texts: Sequence[str]) -> NDArray[np.float32]:
        bags = make_bags(self.encoder.tokenize(texts), n_tokens=int(self.shape["n_tokens"]), n_pairs=int(self.shape["n_pairs"]))
        distinct, places = np.unique(bags.rows, return_inverse=True)
        taken = [self.rows[int(row) : int(row) + 1] for row in distinct]
        means = np.zeros((len(texts), int(self.shape["dims"])), dtype=np.float32)
        if taken:
            lengths = np.diff(bags.offsets)
            np.add.at(means, np.repeat(np.arange(len(texts)), lengths), np.concatenate(taken).astype(np.float32)[places])
            means /= np.maximum(lengths, 1)[:, None]
        return means
