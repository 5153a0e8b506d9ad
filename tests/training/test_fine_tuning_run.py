"""The whole of stage two on the world: a run that is interrupted ends as one that is not, and its folder opens everywhere."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import BertModel

from generel.cli.main import main
from generel.concepts.errors import BuildMismatch, Corrupt, SourceUnavailable
from generel.concepts.home import Home
from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS, write_table
from generel.model.encoder import TextEncoder
from kg.build import FORMAT
from tests.tiny_bert import make_tiny_bert
from tests.training.test_fine_tuning import names_with_definitions, tuning_recipe
from tests.training.worlds import split_concepts, split_relations
from training import trainer
from training.fine_tuning.tuning import Tuning
from training.hub import convert_encoder, hub_encoder
from training.language_model import fetch_encoder
from training.recipe import EncoderSettings, Recipe, read_recipe

TEXTS = ["heart attack", "type 2 diabetes", "a", "warfarin", "short stature of the heart and kidney"]


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Float32 on any processor, and no hub."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with the world's build."""
    folder = tmp_path / "home" / "builds" / "world"
    folder.mkdir(parents=True)
    for frame, table in ((split_concepts(), SPLIT_CONCEPTS), (names_with_definitions(), SPLIT_NAMES), (split_relations(), SPLIT_RELATIONS)):
        write_table(frame, table, folder / f"{table.name.lower()}.parquet")
    sources = {"by hand": {"title": "The world", "version": "1", "license": "CC0-1.0"}}
    (folder / "build.json").write_text(json.dumps({"format": FORMAT, "inputs": "1" * 64, "sources": sources}))
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny BERT."""
    return make_tiny_bert(tmp_path_factory.mktemp("encoders") / "tiny_bert")


def recipe_on(folder: Path, **changes: Any) -> Recipe:
    """Stage two's recipe, beginning with the encoder in `folder`."""
    return dataclasses.replace(tuning_recipe(**changes), encoder=EncoderSettings(place=str(folder), license="none", max_tokens=16))


def weights(encoder: Path) -> bytes:
    """The bytes of the weights."""
    return (encoder / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_a_resumed_run_ends_as_an_uninterrupted_one(folder: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off after the checkpoint of step 8, as by a kill: the weights are the same to the last bit. Another learning rate is another run."""
    whole = weights(Tuning(recipe_on(folder), home).run())
    shutil.rmtree(home.runs)
    save = trainer.save_checkpoint

    def save_and_die(*arguments: Any, **named: Any) -> None:
        save(*arguments, **named)
        if arguments[2].step == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "save_checkpoint", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        Tuning(recipe_on(folder), home).run()
    monkeypatch.setattr(trainer, "save_checkpoint", save)
    with pytest.raises(BuildMismatch, match=r"fine_tuning\.learning_rate was 0\.01, is 0\.02"):
        Tuning(recipe_on(folder, learning_rate=0.02), home).run(resume=True)
    assert weights(Tuning(recipe_on(folder), home).run(resume=True)) == whole


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_folder_opens_in_sentence_transformers_with_the_same_vectors(folder: Path, home: Home, pooling: str) -> None:
    """And the vectors are not those of the encoder it began with."""
    sentence_transformers = pytest.importorskip("sentence_transformers", reason="the extra 'benchmark' is not installed")
    made = Tuning(recipe_on(folder, pooling=pooling), home).run()
    stock = sentence_transformers.SentenceTransformer(str(made), device="cpu").encode(TEXTS)
    ours = TextEncoder.open(made).encode(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(stock, axis=1), 1, atol=1e-5)
    assert np.einsum("ij,ij->i", stock, ours).min() > 0.9999
    assert np.einsum("ij,ij->i", TextEncoder.open(folder).encode(TEXTS), ours).max() < 0.999
    card = (made / "README.md").read_text()
    assert "- The world, 1: CC0-1.0" in card
    assert "- synonym: " in card


@pytest.mark.slow
def test_a_tuned_encoder_is_what_a_recipe_may_begin_with(folder: Path, home: Home) -> None:
    """Its folder is a place; stage two again begins with it, and its frozen layers are cached under another digest."""
    made = Tuning(recipe_on(folder), home).run()
    assert fetch_encoder(EncoderSettings(place=str(made)), cache=home.cache) == made
    copy = Path(shutil.copytree(made, home.root / "copy"))
    Tuning(recipe_on(copy), home).run()
    assert len(list((home.cache / "layers").iterdir())) == 2


@pytest.mark.slow
def test_the_command_says_where_the_encoder_is(folder: Path, home: Home, tmp_path: Path) -> None:
    """Options stand in place of the recipe's settings."""
    recipe = tmp_path / "world.toml"
    recipe.write_text('name = "world"\nbuild = "world"\n[sampling]\nsmallest_task = 2\n[fine_tuning]\nsteps = 40\nanchors = 6\nnegatives = 3\ncached = false\n')
    assert read_recipe(str(recipe)).fine_tuning.anchors == 6
    result = CliRunner().invoke(main, ["fine-tune", "--recipe", str(recipe), "--encoder", str(folder), "--layers", "1", "--steps", "2"], env={"GENEREL_HOME": str(home.root)})
    assert result.exit_code == 0, result.output
    assert (home.runs / "world.encoder" / "encoder" / "modules.json").is_file()
    assert not (home.cache / "layers").exists()


def test_an_encoder_of_the_hub_is_refused_offline(tmp_path: Path) -> None:
    """With the way out; a place that is none is named."""
    with pytest.raises(SourceUnavailable, match=r"'nobody/nothing' is not on this disk .*; unset HF_HUB_OFFLINE, or give a folder"):
        fetch_encoder(EncoderSettings(place="hf:nobody/nothing"), cache=tmp_path)
    with pytest.raises(SourceUnavailable, match=r"'hf:nothing' is no place on the hub"):
        hub_encoder("hf:nothing", cache=tmp_path)


@pytest.mark.slow
def test_weights_in_a_pickle_file_are_converted_once(folder: Path, tmp_path: Path) -> None:
    """As PubMedBERT has them: vectors are the same, and pooling is kept. A folder without an encoder is refused."""
    old = tmp_path / "old"
    old.mkdir()
    shutil.copy(folder / "config.json", old)
    shutil.copy(folder / "tokenizer.json", old)
    (old / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    torch.save(BertModel.from_pretrained(folder).state_dict(), old / "pytorch_model.bin")
    (old / "1_Pooling").mkdir()
    (old / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    convert_encoder(old, tmp_path / "new")
    assert TextEncoder.open(tmp_path / "new").pooling == "cls"
    (tmp_path / "new" / "1_Pooling" / "config.json").unlink()
    np.testing.assert_allclose(TextEncoder.open(tmp_path / "new").encode(TEXTS), TextEncoder.open(folder).encode(TEXTS), atol=1e-6)
    with pytest.raises(Corrupt, match="cannot be read by transformers"):
        convert_encoder(tmp_path / "new" / "1_Pooling", tmp_path / "other")
