"""Free text to a vector: what is saved with a space gives the vectors that training had."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from generel.concepts.errors import Corrupt, NotThere
from generel.model.bag import make_bags
from generel.model.embedder import TextEmbedder, center, save_tower
from generel.model.encoder import TextEncoder
from generel.model.encoder_folder import LANGUAGE_MODEL, TOWER
from generel.model.light_bert import can_read
from generel.model.light_embedder import LightEmbedder
from generel.model.tower import ConceptTower, TowerShape, bag_mean

TEXTS = ["heart attack", "type 2 diabetes", "", "warfarin", "heart attack", "breast cancer of the lung"]


class Trained:
    """A tower after some training: random token rows and weights, and the mean of some features."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder = encoder
        self.shape = TowerShape(encoder.dims, 16, encoder.tokenizer.get_vocab_size(), 64, 3.0)
        generator = torch.Generator().manual_seed(5)
        self.tower = ConceptTower(self.shape)
        with torch.no_grad():
            for parameter in self.tower.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        self.rows = 0.2 * torch.randn(self.shape.n_rows, self.shape.dims, generator=generator)
        self.mean = torch.from_numpy(encoder.encode(["heart", "kidney pain", "insulin"]).mean(axis=0))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """The training-time path: the whole table of rows in float32, text by text."""
        features = center(torch.from_numpy(self.encoder.encode(texts)), self.mean)
        bags = make_bags(self.encoder.tokenize(texts), n_tokens=self.shape.n_tokens, n_pairs=self.shape.n_pairs)
        with torch.no_grad():
            means = bag_mean(self.rows, torch.from_numpy(bags.rows.astype(np.int64)), torch.from_numpy(bags.offsets))
            return torch.nn.functional.normalize(self.tower(features, means), dim=1).numpy()

    def save(self, folder: Path, language_model: Path) -> Path:
        """The `encoder/` folder of a space."""
        shutil.copytree(language_model, folder / LANGUAGE_MODEL)
        save_tower(folder / TOWER, tower=self.tower, rows=self.rows, feature_mean=self.mean)
        return folder


@pytest.fixture(scope="module")
def trained(encoder: TextEncoder) -> Trained:
    """A tower that training has moved away from its start."""
    return Trained(encoder)


@pytest.fixture(scope="module")
def folder(trained: Trained, bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, saved; not to be changed."""
    return trained.save(tmp_path_factory.mktemp("space") / "encoder", bert_folder)


def test_a_saved_tower_embeds_as_in_training(trained: Trained, folder: Path) -> None:
    """Token rows are kept in float16, so a hundredth is allowed; empty texts have a vector too."""
    vectors = TextEmbedder.open(folder).embed(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, trained.vectors(TEXTS), atol=1e-2)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.1


def test_a_text_is_embedded_the_same_alone_and_among_others(folder: Path) -> None:
    """Batches and shared token rows leave no trace."""
    embedder = TextEmbedder.open(folder)
    together = embedder.embed(TEXTS)
    np.testing.assert_allclose(together, np.concatenate([embedder.embed([text]) for text in TEXTS]), atol=1e-3)


def test_no_text_and_only_empty_texts_can_be_embedded(folder: Path) -> None:
    """Neither has a token row."""
    embedder = TextEmbedder.open(folder)
    assert embedder.embed([]).shape == (0, 32)
    assert embedder.embed([""]).shape == (1, 32)


def test_the_tower_file_holds_no_more_than_the_tower(folder: Path) -> None:
    """Weights, rows and mean as plain tensors and the shape as JSON: nothing that is run when read."""
    with safe_open(str(folder / TOWER), framework="pt") as archive:
        assert json.loads(archive.metadata()["shape"]) == {"dims": 32, "hidden": 16, "n_tokens": 117, "n_pairs": 64, "bag_scale": 3.0}
        assert sorted(archive.keys()) == [
            "feature_mean", "rows", "tower.down.bias", "tower.down.weight", "tower.linear.bias", "tower.linear.weight", "tower.up.bias", "tower.up.weight",
        ]
        assert archive.get_tensor("rows").dtype == torch.float16


def test_centering_takes_off_the_mean_and_scales_to_unit_norm() -> None:
    """(3, 4) less (0, 4) is (3, 0), of unit norm (1, 0)."""
    assert center(torch.tensor([[3.0, 4.0]]), torch.tensor([0.0, 4.0])).tolist() == [[1.0, 0.0]]


def test_a_space_without_a_tower_says_so(tmp_path: Path) -> None:
    """It cannot embed free text, and that is no fault of the text."""
    with pytest.raises(NotThere, match=r"holds no tower\.safetensors; the space was released without its encoder"):
        TextEmbedder.open(tmp_path)


def test_a_space_without_its_language_model_says_so(folder: Path, tmp_path: Path) -> None:
    """Half an encoder is none."""
    shutil.copyfile(folder / TOWER, tmp_path / TOWER)
    with pytest.raises(NotThere, match=r"language_model is no encoder: it lacks config\.json"):
        TextEmbedder.open(tmp_path)


@pytest.mark.parametrize(("name", "content"), [("tokenizer.json", '{"version": "1.0"'), ("config.json", "[]"), ("config.json", "{}")])
def test_a_damaged_language_model_is_corrupt_with_torch_and_without(folder: Path, tmp_path: Path, name: str, content: str) -> None:
    """Both ways of reading it end in one sentence; asking whether numpy can read it never fails."""
    copy = Path(shutil.copytree(folder, tmp_path / "encoder"))
    (copy / LANGUAGE_MODEL / name).write_text(content)
    for embedder in (TextEmbedder, LightEmbedder):
        with pytest.raises(Corrupt, match=r"language_model cannot be read"):
            embedder.open(copy)
    assert can_read(copy / LANGUAGE_MODEL) == (name == "tokenizer.json")


def rewrite(path: Path, *, metadata: dict[str, str] | None, drop: str = "") -> None:
    """The tower's file anew, with other metadata and without one tensor."""
    tensors = {name: tensor for name, tensor in load_file(path).items() if name != drop}
    save_file(tensors, path, metadata=metadata)


SHAPE_OF_TWO = json.dumps({"dims": 2, "hidden": 16, "n_tokens": 117, "n_pairs": 64, "bag_scale": 3.0})


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        lambda path: path.write_bytes(b""),
        lambda path: rewrite(path, metadata=None),
        lambda path: rewrite(path, metadata={"shape": '{"dims": 32'}),
        lambda path: rewrite(path, metadata={"shape": '{"depth": 32}'}),
        lambda path: rewrite(path, metadata={"shape": SHAPE_OF_TWO}),
        lambda path: rewrite(path, metadata={"shape": SHAPE_OF_TWO.replace("2,", "32,", 1)}, drop="rows"),
    ],
    ids=["cut", "empty", "no shape", "shape is no JSON", "unknown shape", "another shape", "no rows"],
)
def test_a_damaged_tower_is_corrupt(folder: Path, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """Whatever is wrong with the file, one sentence names it and the way out."""
    copy = Path(shutil.copytree(folder, tmp_path / "encoder"))
    damage(copy / TOWER)
    with pytest.raises(Corrupt, match=r"(?s)tower\.safetensors cannot be read \(.*\); release the space again"):
        TextEmbedder.open(copy)
