"""The query's path in numpy gives what the path through torch gives."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from generel.concepts.errors import Corrupt, NotThere
from generel.model.embedder import TextEmbedder, save_tower
from generel.model.encoder_folder import LANGUAGE_MODEL, TOWER
from generel.model.light_bert import LightBert, can_read, gelu
from generel.model.light_embedder import LightEmbedder
from generel.model.tower import ConceptTower, TowerShape
from tests.tiny_bert import make_tiny_bert

TEXTS = ["heart attack", "a", "myocardial infarction of the heart", "b c d e f", "heart attack"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An encoder folder with a tiny BERT and a tower with random rows."""
    make_tiny_bert(tmp_path / LANGUAGE_MODEL)
    language_model = LightBert.open(tmp_path / LANGUAGE_MODEL)
    dims = language_model.encode(["a"]).shape[1]
    torch.manual_seed(3)
    shape = TowerShape(dims, 16, language_model.tokenizer.get_vocab_size(), 64, 3.0)
    tower = ConceptTower(shape)
    with torch.no_grad():
        tower.down.weight.add_(torch.randn_like(tower.down.weight) * 0.1)
    save_tower(tmp_path / TOWER, tower=tower, rows=torch.randn(shape.n_rows, dims) * 0.1, feature_mean=torch.randn(dims) * 0.05)
    return tmp_path


def test_numpy_and_torch_give_the_same_vectors(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In float32 to 1e-4, text by text, whatever the lengths."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")
    light, full = LightEmbedder.open(folder).embed(TEXTS), TextEmbedder.open(folder).embed(TEXTS)
    np.testing.assert_allclose(light, full, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(light, axis=1), 1, atol=1e-5)


def test_a_text_has_one_vector_whoever_stands_beside_it(folder: Path) -> None:
    """Equal texts, and a text alone, have equal vectors."""
    embedder = LightEmbedder.open(folder)
    together = embedder.embed(TEXTS)
    np.testing.assert_allclose(together[0], together[4], atol=1e-6)
    np.testing.assert_allclose(embedder.embed(TEXTS[2:3])[0], together[2], atol=1e-5)


def test_gelu_is_exact_to_a_millionth() -> None:
    """Against math.erf over the range that matters."""
    values = np.linspace(-6, 6, 241, dtype=np.float32)
    exact = [x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in values.tolist()]
    np.testing.assert_allclose(gelu(values), exact, atol=1e-6)


def test_only_a_plain_bert_is_read_in_numpy(folder: Path) -> None:
    """Another architecture, or no configuration at all, goes through torch."""
    config = folder / LANGUAGE_MODEL / "config.json"
    assert can_read(folder / LANGUAGE_MODEL)
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "roberta"}))
    assert not can_read(folder / LANGUAGE_MODEL)
    assert not can_read(folder / "nowhere")


def test_missing_and_cut_files_are_named(folder: Path) -> None:
    """A tower that is cut short is Corrupt, a missing one NotThere; both say which file."""
    tower = folder / TOWER
    tower.write_bytes(tower.read_bytes()[:100])
    with pytest.raises(Corrupt, match=TOWER):
        LightEmbedder.open(folder)
    tower.unlink()
    with pytest.raises(NotThere, match=TOWER):
        LightEmbedder.open(folder)
