"""Stage two: texts as tokens, the cache of frozen layers, the step, and what is left alone by it."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from generel.concepts.errors import BadRecipe, Corrupt
from generel.concepts.tables import SPLIT_NAMES
from generel.model import encoder as encoder_module
from generel.model.encoder import TextEncoder, open_model
from generel.model.packed_bert import PackedBert
from tests.tiny_bert import make_tiny_bert, tiny_tokenizer
from tests.training.worlds import CURIES, number_of, split_concepts, split_names, split_relations, world_recipe
from training.corpus import Corpus, make_corpus
from training.fine_tuning import layer_cache
from training.fine_tuning.layer_cache import LayerCache
from training.fine_tuning.texts import TuningTexts, make_texts
from training.fine_tuning.tuned_encoder import TunedEncoder
from training.fine_tuning.tuning import stage_two, written_tasks
from training.fine_tuning.validation import SYNONYM, Question, TextValidation
from training.recipe import FineTuningSettings, Recipe, parse_recipe

DEFINITIONS = (
    ("warfarin", "a drug that keeps the blood from clotting, found in sweet clover and given after a heart attack of the heart muscle", "train"),
    ("diabetes mellitus", "a disease of insulin and sugar", "train"),
    ("Hyperglycemia", "too much sugar in the blood", "train"),
    ("familial hypercholesterolemia", "too much fat in the blood, from birth", "cold"),
)


def names_with_definitions() -> pl.DataFrame:
    """SPLIT_NAMES of the world and its definitions."""
    rows = [(CURIES[name], text, "definition", part) for name, text, part in DEFINITIONS]
    return pl.concat([split_names(), pl.DataFrame(rows, schema=SPLIT_NAMES.columns, orient="row")])


def tuning_recipe(**changes: Any) -> Recipe:
    """The world's recipe with quick steps of stage two."""
    settings: dict[str, Any] = {"layers": 1, "steps": 12, "validate_every": 6, "checkpoint_every": 4, "patience": 0, "anchors": 6, "negatives": 3, "definition_tokens": 20, "learning_rate": 0.01}
    of_stage = {key: value for key, value in changes.items() if key in FineTuningSettings.__dataclass_fields__}
    others = {key: value for key, value in changes.items() if key not in of_stage}
    return stage_two(world_recipe(fine_tuning=FineTuningSettings(**(settings | of_stage)), **others))


def tuning_corpus(recipe: Recipe) -> Corpus:
    """The world with its definitions."""
    return make_corpus(split_concepts(), names_with_definitions(), split_relations(), recipe=recipe)


def world_texts(corpus: Corpus, held_out: tuple[str, ...] = ()) -> TuningTexts:
    """Names cut at 8 tokens, definitions at 20."""
    return make_texts(corpus, held_out, tokenizer=tiny_tokenizer(), name_tokens=8, definition_tokens=20)


def tuned(folder: Path, recipe: Recipe, *, pooling: str = "mean") -> TunedEncoder:
    """The tiny BERT in training on the world."""
    corpus = tuning_corpus(recipe)
    texts, model = world_texts(corpus), open_model(folder)
    return TunedEncoder(
        PackedBert(model.config, model.state_dict()), texts, recipe=recipe, pooling=pooling, tasks=written_tasks(corpus, recipe), device=torch.device("cpu")
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny BERT."""
    return make_tiny_bert(tmp_path_factory.mktemp("encoders") / "tiny_bert")


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Float32 on any processor."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")


def test_names_and_definitions_are_cut_at_lengths_of_their_own() -> None:
    """Held-out names come after the corpus' strings; each is cut as its sort is."""
    corpus = tuning_corpus(tuning_recipe())
    texts, tokenizer = world_texts(corpus, ("sugar diabetes",)), tiny_tokenizer()
    warfarin = corpus.texts.definitions[number_of(corpus, "warfarin")]
    assert corpus.texts.strings[warfarin] == DEFINITIONS[0][1]
    assert texts.first_held_out == len(corpus.texts.strings) == len(texts.lengths) - 1
    assert texts.lengths[warfarin] == 20
    assert np.delete(texts.lengths, corpus.texts.definitions[corpus.texts.definitions >= 0]).max() == 8
    assert texts.tokens.take(np.array([texts.first_held_out])).rows.tolist() == _ids(tokenizer, "sugar diabetes", 8)


def _ids(tokenizer: Tokenizer, text: str, most: int) -> list[int]:
    tokenizer.enable_truncation(most)
    return tokenizer.encode(text).ids


def test_tasks_of_composed_concepts_are_left_out() -> None:
    """A variant's name says nothing; a task with the weight 0 is gone as well."""
    recipe = tuning_recipe(task_weights={"is_a": 0.0})
    names = [task.name for task in written_tasks(tuning_corpus(recipe), recipe)]
    assert "synonym" in names
    assert "has_phenotype:disease-phenotype" in names
    assert not [name for name in names if "variant" in name or "is_a" in name]


def test_vectors_are_those_of_the_encoder_before_training(folder: Path) -> None:
    """Names in float32, whichever layers are trained, against `TextEncoder`."""
    names = tuning_corpus(tuning_recipe(definition_share=0.0)).texts.strings
    wanted = TextEncoder.open(folder, max_tokens=8).encode(names)
    for layers in (1, 2, 7):
        np.testing.assert_allclose(tuned(folder, tuning_recipe(layers=layers, definition_share=0.0)).vectors(np.arange(len(names))), wanted, atol=1e-5)


def test_cached_layers_give_what_running_them_gives(folder: Path, tmp_path: Path) -> None:
    """Vectors from the cache, and the order of texts does not matter; the loss of a step is the same."""
    recipe = tuning_recipe()
    plain, cached = tuned(folder, recipe), tuned(folder, recipe)
    cached.frozen = LayerCache(tmp_path, encoder="e", n_layers=1, dtype=torch.float32).outputs(cached.texts.tokens, cached.frozen_outputs)
    some = np.array([5, 2, 9, 2, 40])
    np.testing.assert_allclose(cached.vectors(some), plain.vectors(some), atol=1e-5)
    batch = written_tasks(tuning_corpus(recipe), recipe)[-1].draw(np.random.default_rng(1))
    assert batch is not None
    assert cached.step(batch, rng=np.random.default_rng(0)) == pytest.approx(plain.step(batch, rng=np.random.default_rng(0)), abs=1e-4)


def test_the_cache_computes_each_text_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of an interrupted build are kept; equal texts share an entry; another number of layers has a folder of its own."""
    monkeypatch.setattr(layer_cache, "TOKENS_A_SEGMENT", 60)
    model, asked = tuned(folder, tuning_recipe()), []

    def compute(texts: np.ndarray) -> torch.Tensor:
        asked.extend(texts.tolist())
        if len(asked) > 30:
            raise KeyboardInterrupt
        return model.frozen_outputs(texts)

    cache = LayerCache(tmp_path, encoder="e", n_layers=1, dtype=torch.float32)
    with pytest.raises(KeyboardInterrupt):
        cache.outputs(model.texts.tokens, compute)
    done = set(asked[: asked.index(max(asked))])
    again: list[int] = []
    outputs = cache.outputs(model.texts.tokens, lambda texts: (again.extend(texts.tolist()), model.frozen_outputs(texts))[1])
    assert again
    assert len(again) + len(asked) >= len({tuple(model.texts.tokens.take(np.array([text])).rows.tolist()) for text in range(len(model.texts.lengths))})
    assert len(done - set(again)) > 5
    everything = np.arange(len(model.texts.lengths))
    torch.testing.assert_close(outputs.take(everything), model.frozen_outputs(everything), atol=1e-5, rtol=1e-5)
    cache.outputs(model.texts.tokens, _never)
    assert LayerCache(tmp_path, encoder="e", n_layers=2, dtype=torch.float32).folder != cache.folder
    index = sorted(cache.folder.glob("*.index.safetensors"))[0]
    index.write_bytes(index.read_bytes()[:20])
    with pytest.raises(Corrupt, match=r"cannot be read .*delete it and its texts are computed again"):
        cache.outputs(model.texts.tokens, _never)


def _never(texts: np.ndarray) -> torch.Tensor:
    raise AssertionError(f"{len(texts)} texts were computed again")


def test_bf16_outputs_come_back_bit_for_bit(tmp_path: Path) -> None:
    """numpy has no bf16: the bits travel as integers."""
    texts = world_texts(tuning_corpus(tuning_recipe()))
    values = torch.randn(int(texts.lengths.sum()), 4).to(torch.bfloat16)
    outputs = LayerCache(tmp_path, encoder="e", n_layers=1, dtype=torch.bfloat16).outputs(
        texts.tokens, lambda numbers: torch.cat([values[texts.tokens.offsets[number] : texts.tokens.offsets[number + 1]] for number in numbers.tolist()])
    )
    assert outputs.take(np.array([3])).dtype == torch.bfloat16
    assert torch.equal(outputs.take(np.array([3])), values[texts.tokens.offsets[3] : texts.tokens.offsets[4]])


def test_a_step_changes_the_upper_layers_only(folder: Path) -> None:
    """Frozen layers and the token table stay as they were; the trained layer moves and the loss falls."""
    recipe = tuning_recipe(steps=100)
    model = tuned(folder, recipe)
    before = {name: tensor.clone() for name, tensor in model.bert.state_dict().items()}
    task, rng = written_tasks(tuning_corpus(recipe), recipe)[-1], np.random.default_rng(0)
    batch = task.draw(rng)
    assert batch is not None
    losses = [model.step(batch, rng=rng) for _ in range(15)]
    changed = {name for name, tensor in model.bert.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all(name.startswith("layers.1.") for name in changed)
    assert losses[-1] < losses[0] / 2


def test_the_token_table_is_trained_when_asked_for_with_all_layers(folder: Path) -> None:
    """With all layers and `words`; never over frozen layers."""
    assert not tuned(folder, tuning_recipe(layers=1, words=True)).trains_words
    model = tuned(folder, tuning_recipe(layers=2, words=True))
    before = model.bert.words.weight.detach().clone()
    recipe = tuning_recipe()
    batch = written_tasks(tuning_corpus(recipe), recipe)[-1].draw(np.random.default_rng(0))
    assert batch is not None
    model.step(batch, rng=np.random.default_rng(0))
    assert not torch.equal(model.bert.words.weight, before)


def test_a_step_encodes_each_distinct_text_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a text fills a slot."""
    recipe = tuning_recipe()
    model, seen = tuned(folder, recipe), []
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda texts: (seen.append(texts), encode(texts))[1])
    for task in written_tasks(tuning_corpus(recipe), recipe):
        if batch := task.draw(np.random.default_rng(0)):
            model.step(batch, rng=np.random.default_rng(0))
            assert seen[-1].tolist() == sorted(set(batch.texts.tolist()))


@pytest.mark.slow
def test_bf16_training_follows_float32(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss of a step in bf16 is that in float32 to two per cent."""
    recipe = tuning_recipe(layers=2)
    exact_model = tuned(folder, recipe)
    monkeypatch.setattr(encoder_module, "has_native_bf16", lambda: True)
    rounded = tuned(folder, recipe)
    assert rounded.dtype == torch.bfloat16
    assert {one.dtype for one in rounded.trained.parameters()} == {torch.float32}
    batch = written_tasks(tuning_corpus(recipe), recipe)[-1].draw(np.random.default_rng(0))
    assert batch is not None
    assert rounded.step(batch, rng=np.random.default_rng(0)) == pytest.approx(exact_model.step(batch, rng=np.random.default_rng(0)), rel=0.02)


def test_mean_reciprocal_rank_by_hand() -> None:
    """The first answer is second; the second ties with one other and has a hidden one above: rank 1.5."""
    asked = np.eye(2, dtype=np.float32)
    candidates = np.array([[0.5, 0.2], [0.9, 0.2], [0.1, 0.9]], dtype=np.float32)
    hidden = np.array([[False, False, False], [False, False, True]])
    question = Question(np.array([0, 1]), np.array([0, 1, 2]), np.array([0, 1]), hidden)
    assert question.mrr(asked, candidates) == pytest.approx((1 / 2 + 1 / 1.5) / 2)


def test_validation_asks_by_held_out_names_and_relations(monkeypatch: pytest.MonkeyPatch) -> None:
    """A concept is never a candidate of its own question, nor is what it is known to be tied to."""
    monkeypatch.setattr("training.fine_tuning.validation.FEWEST", 1)
    corpus = tuning_corpus(tuning_recipe())
    names = names_with_definitions().with_columns(pl.when(pl.col("part") == "test").then(pl.lit("validation")).otherwise("part").alias("part"))
    validation = TextValidation.of_split(names, split_relations(), corpus=corpus, recipe=world_recipe())
    assert validation.held_out == ["sugar diabetes"]
    assert set(validation.questions) == {SYNONYM, "has_phenotype"}
    shown = validation.questions["has_phenotype"]
    text = {corpus.texts.strings[number]: place for place, number in enumerate(shown.candidates.tolist())}
    assert corpus.texts.strings[shown.asked[0]] == "diabetes mellitus"
    assert shown.answers.tolist() == [text["Hypercholesterolemia"]]
    assert [name for name, place in text.items() if shown.hidden[0, place]] == ["Hyperglycemia"]
    texts = world_texts(corpus, tuple(validation.held_out))
    vectors = np.random.default_rng(0).normal(size=(len(texts.lengths), 4)).astype(np.float32)
    figures = validation.figures(lambda numbers: vectors[numbers], first_held_out=texts.first_held_out)
    assert figures["mean"] == pytest.approx((figures[SYNONYM] + figures["has_phenotype"]) / 2, abs=1e-4)


def test_pooling_by_the_first_token_is_trained_too(folder: Path) -> None:
    """SapBERT's way: the vectors are the first token's states."""
    model = tuned(folder, tuning_recipe(), pooling="cls")
    ids = model.texts.tokens.take(np.array([4])).rows
    with torch.no_grad():
        state = AutoModel.from_pretrained(folder)(input_ids=torch.from_numpy(ids.astype(np.int64))[None]).last_hidden_state[0, 0]
    np.testing.assert_allclose(model.vectors(np.array([4]))[0], state / state.norm(), atol=1e-5)


def test_settings_out_of_range_are_named_together() -> None:
    """Every one of them in one message; an unknown key has its neighbor."""
    with pytest.raises(BadRecipe, match=r"fine_tuning\.layers = 0 is not at least 1; fine_tuning\.learning_rate = -1\.0 is not a number from 0 on; .*pooling = 'max' is not 'mean', 'cls' or empty"):
        parse_recipe("[fine_tuning]\nlayers = 0\nlearning_rate = -1.0\npooling = 'max'\n", where="it")
    with pytest.raises(BadRecipe, match=r"unknown setting 'layer'; did you mean 'layers'"):
        parse_recipe("[fine_tuning]\nlayer = 2\n", where="it")


def test_stage_one_does_not_depend_on_the_settings_of_stage_two() -> None:
    """A space is not trained again because of them."""
    assert tuning_recipe(learning_rate=0.5).as_dict() == tuning_recipe().as_dict()
