"""The frozen language model: batches without padding change nothing, and a broken folder is refused."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import AutoModel, DistilBertConfig, DistilBertModel

from generel.concepts.errors import BadInput, Corrupt, NotThere
from generel.model import encoder as encoder_module
from generel.model.encoder import TextEncoder, encoder_digest, has_native_bf16
from generel.model.encoder_folder import ENCODER_FILES, POOLING, copy_encoder, read_pooling
from generel.model.length_groups import length_groups
from generel.model.light_bert import LightBert

TEXTS = ["heart attack", "type 2 diabetes", "", "heart attack", "short stature", "warfarin", "a very long name of a disease of the kidney", "x"]


@settings(max_examples=100, deadline=None)
@given(lengths=st.lists(st.integers(0, 20), max_size=40), most=st.integers(1, 60))
def test_length_groups_hold_each_row_once_and_one_length_each(lengths: list[int], most: int) -> None:
    """A batch holds rows of one length, at most so many tokens or one row; the longest come first."""
    groups = length_groups(lengths, tokens_a_batch=most)
    assert Counter(row for group in groups for row in group) == Counter(range(len(lengths)))
    assert all(len({lengths[row] for row in group}) == 1 for group in groups)
    assert all(len(group) == 1 or sum(lengths[row] for row in group) <= max(most, len(group)) for group in groups)
    assert [lengths[group[0]] for group in groups] == sorted((lengths[group[0]] for group in groups), reverse=True)


def test_length_groups_by_hand() -> None:
    """Four rows of length 3 and one of 5, at most six tokens a batch."""
    assert length_groups([3, 5, 3, 3, 3], tokens_a_batch=6) == [[1], [0, 2], [3, 4]]


@pytest.mark.parametrize("tokens_a_batch", [1, 7, 4096])
def test_the_order_of_results_does_not_depend_on_the_batches(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch, tokens_a_batch: int) -> None:
    """However strings are grouped, vector i is that of text i: the one it has when encoded alone."""
    monkeypatch.setattr(encoder_module, "TOKENS_A_BATCH", tokens_a_batch)
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together[0], together[3])


def test_vectors_are_the_mean_over_tokens_that_transformers_gives(encoder: TextEncoder, bert_folder: Path) -> None:
    """[CLS] and [SEP] count as tokens, and the result has unit norm."""
    ids = encoder.tokenize(["heart attack"])
    assert len(ids[0]) == 4
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(bert_folder)(input_ids=torch.tensor(ids)).last_hidden_state[0]
    mean = hidden.mean(0)
    np.testing.assert_allclose(encoder.encode(["heart attack"])[0], (mean / mean.norm()).numpy(), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(encoder.encode(TEXTS), axis=1), 1, atol=1e-6)


def pool_by(folder: Path, pooling: str, target: Path) -> Path:
    """A copy of the encoder with a note on pooling, as sentence-transformers writes it."""
    copy = Path(shutil.copytree(folder, target))
    (copy / "1_Pooling").mkdir()
    (copy / POOLING).write_text(json.dumps({f"pooling_mode_{way}": way == pooling for way in ("cls_token", "mean_tokens", "max_tokens")}))
    return copy


def test_an_encoder_pools_as_its_folder_says(bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first token's state where it says so, with torch and without; a note on means changes nothing, also in the digest."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")
    by_token, by_mean = pool_by(bert_folder, "cls_token", tmp_path / "cls"), pool_by(bert_folder, "mean_tokens", tmp_path / "mean")
    encoder = TextEncoder.open(by_token)
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(bert_folder)(input_ids=torch.tensor(encoder.tokenize(["heart attack"]))).last_hidden_state[0, 0]
    np.testing.assert_allclose(encoder.encode(["heart attack"])[0], hidden / hidden.norm(), atol=1e-5)
    np.testing.assert_allclose(LightBert.open(by_token).encode(TEXTS), encoder.encode(TEXTS), atol=1e-4)
    np.testing.assert_array_equal(TextEncoder.open(by_mean).encode(TEXTS), TextEncoder.open(bert_folder).encode(TEXTS))
    assert encoder_digest(by_mean, 64) == encoder_digest(bert_folder, 64) != encoder_digest(by_token, 64)


def test_pooling_that_is_not_computed_is_refused(bert_folder: Path, tmp_path: Path) -> None:
    """The maximum over tokens, and a note that cannot be read."""
    copy = pool_by(bert_folder, "max_tokens", tmp_path / "max")
    with pytest.raises(BadInput, match="asks for pooling by pooling_mode_max_tokens; generel pools by 'mean' or 'cls'"):
        TextEncoder.open(copy)
    (copy / POOLING).write_text("{")
    with pytest.raises(Corrupt, match="should say how the encoder pools"):
        read_pooling(copy)
    (copy / POOLING).write_text('{"pooling_mode": "cls"}')
    assert read_pooling(copy) == "cls"


def test_a_copied_encoder_keeps_how_it_pools(bert_folder: Path, tmp_path: Path) -> None:
    """A space's own copy of its language model answers like the one it was made from."""
    copy_encoder(pool_by(bert_folder, "cls_token", tmp_path / "cls"), tmp_path / "copy")
    assert read_pooling(tmp_path / "copy") == "cls"
    copy_encoder(pool_by(bert_folder, "mean_tokens", tmp_path / "mean"), tmp_path / "plain")
    assert sorted(path.name for path in (tmp_path / "plain").iterdir()) == sorted(ENCODER_FILES)


def test_an_encoder_of_another_sort_runs_through_transformers(bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DistilBERT has no packed form here; its vectors are transformers' own."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")
    copy = Path(shutil.copytree(bert_folder, tmp_path / "copy"))
    torch.manual_seed(2)
    model = DistilBertModel(DistilBertConfig(vocab_size=TextEncoder.open(bert_folder).tokenizer.get_vocab_size(), dim=32, hidden_dim=64, n_layers=2, n_heads=2, max_position_embeddings=64)).eval()
    model.save_pretrained(copy)
    encoder = TextEncoder.open(copy)
    for text, vector in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        with torch.no_grad():
            mean = model(input_ids=torch.tensor(encoder.tokenize([text]))).last_hidden_state[0].mean(0)
        np.testing.assert_allclose(vector, mean / mean.norm(), atol=1e-5)


def test_no_text_gives_no_vector(encoder: TextEncoder) -> None:
    """An empty list is a list."""
    assert encoder.encode([]).shape == (0, encoder.dims) == (0, 32)


def test_long_texts_are_cut(bert_folder: Path) -> None:
    """At `max_tokens`, and never past what the model has positions for; both ends keep their special tokens."""
    short = TextEncoder.open(bert_folder, max_tokens=5)
    (ids,), (whole,) = short.tokenize(["heart attack of the kidney"]), short.tokenize(["heart attack of"])
    assert ids == whole
    assert len(ids) == 5
    np.testing.assert_array_equal(short.encode(["heart attack of the kidney"]), short.encode(["heart attack of"]))
    assert len(TextEncoder.open(bert_folder, max_tokens=1000).tokenize(["heart " * 500])[0]) == 64


@pytest.mark.slow
def test_bf16_is_close_to_float32(bert_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the processor can do, the vectors are the same up to a cosine of .999."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")
    assert not has_native_bf16()
    exact = TextEncoder.open(bert_folder).encode(TEXTS)
    monkeypatch.setattr(encoder_module, "has_native_bf16", lambda: True)
    rounded = TextEncoder.open(bert_folder).encode(TEXTS)
    assert np.einsum("ij,ij->i", exact, rounded).min() > 0.999


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(bert_folder: Path, tmp_path: Path, name: str) -> None:
    """Without any one of the three a folder is no encoder."""
    copy = Path(shutil.copytree(bert_folder, tmp_path / "copy"))
    (copy / name).unlink()
    with pytest.raises(NotThere, match=f"copy is no encoder: it lacks {name}"):
        TextEncoder.open(copy)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.safetensors", lambda whole: whole[:-100]),
        ("model.safetensors", lambda whole: whole[:4]),
        ("config.json", lambda whole: whole[: len(whole) // 2]),
        ("config.json", lambda whole: whole.replace(b'"hidden_size": 32', b'"hidden_size": 64')),
        ("tokenizer.json", lambda whole: whole[: len(whole) // 2]),
        ("tokenizer.json", lambda whole: b""),
    ],
)
def test_a_damaged_file_is_corrupt(bert_folder: Path, tmp_path: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    """Cut short or of another shape: one sentence that names the folder."""
    copy = Path(shutil.copytree(bert_folder, tmp_path / "copy"))
    (copy / name).write_bytes(damage((copy / name).read_bytes()))
    with pytest.raises(Corrupt, match=r"the encoder in .*copy cannot be read: "):
        TextEncoder.open(copy)


def test_a_model_without_some_weights_is_corrupt(bert_folder: Path, tmp_path: Path) -> None:
    """transformers would draw random ones and answer with vectors that mean nothing."""
    copy = Path(shutil.copytree(bert_folder, tmp_path / "copy"))
    weights = load_file(copy / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layer.1" not in name}
    save_file(kept, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(Corrupt, match=r"lacks 16 of its weights, such as encoder\.layer\.1\.attention"):
        TextEncoder.open(copy)


@pytest.mark.slow
def test_a_model_without_its_pooler_is_whole(bert_folder: Path, tmp_path: Path) -> None:
    """Sentence vectors are means: the pooler's weights, which many folders lack, are not used."""
    copy = Path(shutil.copytree(bert_folder, tmp_path / "copy"))
    weights = load_file(copy / "model.safetensors")
    save_file({name: tensor for name, tensor in weights.items() if "pooler" not in name}, copy / "model.safetensors", metadata={"format": "pt"})
    np.testing.assert_array_equal(TextEncoder.open(copy).encode(TEXTS), TextEncoder.open(bert_folder).encode(TEXTS))


def test_the_digest_stands_for_everything_vectors_depend_on(bert_folder: Path, tmp_path: Path) -> None:
    """Another cut-off, configuration, tokenizer or weights give another digest; a copy gives the same."""
    copy = Path(shutil.copytree(bert_folder, tmp_path / "copy"))
    digests = [encoder_digest(bert_folder, 64), encoder_digest(bert_folder, 65)]
    assert encoder_digest(copy, 64) == digests[0]
    for name in ("config.json", "tokenizer.json"):
        (copy / name).write_text(json.dumps(json.loads((copy / name).read_text()) | {"more": name}))
        digests.append(encoder_digest(copy, 64))
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.LayerNorm.bias"][0] += 1e-4
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    digests.append(encoder_digest(copy, 64))
    assert len(set(digests)) == len(digests)
