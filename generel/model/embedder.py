"""Free text to a vector of a released space: language model, centering, tower.

A space's `encoder/` folder holds everything: `language_model/` as transformers saves it and `tower.safetensors` with the
tower's weights, the token rows and the features' mean. Nothing in it is pickled.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from generel.concepts.errors import Corrupt, NotThere
from generel.model.bag import make_bags
from generel.model.encoder import TextEncoder
from generel.model.encoder_folder import LANGUAGE_MODEL, TOWER
from generel.model.tower import ConceptTower, TowerShape, bag_mean


class TextEmbedder:
    """The text path of one space."""

    def __init__(self, encoder: TextEncoder, tower: ConceptTower, *, feature_mean: torch.Tensor, rows: object) -> None:
        self.encoder = encoder
        self.tower = tower.eval()
        self.feature_mean = feature_mean
        self._rows = rows

    @classmethod
    def open(cls, folder: Path) -> "TextEmbedder":
        """The embedder saved in a space's `encoder/` folder; token rows stay on disk until a text needs them.

        Raises:
            NotThere: the folder has no tower.
            Corrupt: the tower cannot be read, or lacks a part.
        """
        if not (folder / TOWER).is_file():
            raise NotThere(f"{folder} holds no {TOWER}; the space was released without its encoder")
        try:
            archive: Any = safe_open(str(folder / TOWER), framework="pt")
            tower = ConceptTower(TowerShape(**json.loads(archive.metadata()["shape"])))
            tower.load_state_dict({name: archive.get_tensor(f"tower.{name}") for name in tower.state_dict()})
            return cls(
                TextEncoder.open(folder / LANGUAGE_MODEL), tower,
                feature_mean=archive.get_tensor("feature_mean"), rows=archive.get_slice("rows"),
            )
        except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Corrupt(f"{folder / TOWER} cannot be read ({error}); release the space again") from error

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of the texts: (len(texts), dims) float32, unit norm, comparable with the space's vectors."""
        features = center(torch.from_numpy(self.encoder.encode(texts)), self.feature_mean)
        shape = self.tower.shape
        bags = make_bags(self.encoder.tokenize(texts), n_tokens=shape.n_tokens, n_pairs=shape.n_pairs)
        distinct, places = np.unique(bags.rows, return_inverse=True)
        with torch.inference_mode():
            means = bag_mean(self._take(distinct), torch.from_numpy(places.astype(np.int64)), torch.from_numpy(bags.offsets))
            return torch.nn.functional.normalize(self.tower(features, means), dim=1).numpy()

    def _take(self, rows: np.ndarray) -> torch.Tensor:
        """The token rows with these (sorted) numbers, (n, dims) float32, read from the file's map."""
        if not len(rows):
            return torch.zeros(1, self.tower.shape.dims)
        return torch.cat([self._rows[int(row) : int(row) + 1] for row in rows]).float()  # type: ignore[index]


def center(features: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    """Features minus the mean of the training texts', scaled back to unit norm: (n, dims) float32."""
    return torch.nn.functional.normalize(features.float() - mean, dim=1)


def save_tower(path: Path, *, tower: ConceptTower, rows: torch.Tensor, feature_mean: torch.Tensor) -> None:
    """Write the tower to `path`; rows are kept in float16, which moves a vector by less than 1e-3."""
    tensors = {f"tower.{name}": tensor.detach().contiguous() for name, tensor in tower.state_dict().items()}
    tensors |= {"rows": rows.detach().to(torch.float16).contiguous(), "feature_mean": feature_mean.contiguous()}
    save_file(tensors, path, metadata={"shape": json.dumps(tower.shape.as_dict())})
