"""From a trained model to a space on disk: what is in it is what the model says, and it is written whole or not at all."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file

from generel.concepts.errors import BadTable, BuildMismatch
from generel.concepts.kinds import KINDS
from generel.concepts.tables import CALIBRATION, MERGES, RELATIONS, SPACE_CONCEPTS, read_table
from generel.index.popularity_file import PopularityFile
from generel.index.rankings_file import read_rankings
from generel.index.space_folder import read_manifest, verify_files
from generel.index.vectors_file import VectorsFile
from generel.model.bag import make_bags
from generel.model.embedder import TextEmbedder, center
from generel.model.encoder import TextEncoder
from generel.model.encoder_folder import ENCODER_FILES
from generel.model.tower import TowerShape
from tests.tiny_bert import make_tiny_bert
from tests.training.worlds import (
    CURIES,
    PEOPLE,
    PHARMACOGENETICS,
    TIES,
    graph,
    number_of,
    split_concepts,
    split_names,
    split_relations,
    world_corpus,
    world_recipe,
)
from tests.worlds import manifest_fields
from training.corpus import Corpus
from training.evaluate.split import number_split
from training.model import ConceptModel
from training.reading import reading_added
from training.release import release
from training.trainer import Run, make_tasks
from training.vectors import concept_vectors, popularity_biases

RECIPE = world_recipe()
CORPUS = world_corpus(RECIPE)


@dataclass(frozen=True)
class Trained:
    """A run of the world with a real encoder, done."""

    model: ConceptModel
    language_model: Path
    mean: np.ndarray

    def release(self, folder: Path, **changes: Any) -> dict[str, int]:
        """Release it at `folder`; `changes` replace arguments."""
        given: Mapping[str, Any] = {
            "graph": graph(), "split": number_split(split_concepts(), split_names(), split_relations()), "language_model": self.language_model, "feature_mean": self.mean, "manifest": manifest_fields(folder.name),
        }
        return release(folder, self.model, CORPUS, **{**given, **changes})


def make_model(language_model: Path, corpus: Corpus) -> tuple[ConceptModel, np.ndarray]:
    """A model over the encoder's centered features, and their mean, as a pipeline makes them."""
    encoder = TextEncoder.open(language_model)
    features = torch.from_numpy(encoder.encode(corpus.texts.strings))
    shape = TowerShape(encoder.dims, RECIPE.tower.hidden, encoder.tokenizer.get_vocab_size(), RECIPE.tower.n_pairs, RECIPE.tower.bag_scale)
    bags = make_bags(encoder.tokenize(corpus.texts.strings), n_tokens=shape.n_tokens, n_pairs=shape.n_pairs)
    written, tasks = np.flatnonzero(~corpus.is_composed), make_tasks(corpus, RECIPE)
    model = ConceptModel(center(features, features.mean(0)), bags, shape=shape, written=written, tasks=tasks, recipe=RECIPE)
    return model, features.mean(0).numpy()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Twelve steps over the tiny BERT."""
    language_model = make_tiny_bert(tmp_path_factory.mktemp("encoders") / "tiny_bert")
    model, mean = make_model(language_model, CORPUS)
    Run(tmp_path_factory.mktemp("runs") / "world", model, CORPUS, RECIPE, {"recipe": RECIPE.as_dict(), "build": "b1"}, tasks=make_tasks(CORPUS, RECIPE)).train()
    return Trained(model, language_model, mean)


@pytest.fixture(scope="module")
def space(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The released space; not to be changed."""
    folder = tmp_path_factory.mktemp("spaces") / "world"
    assert trained.release(folder) == {"variant": 1}
    return folder


def kept() -> list[int]:
    """Numbers of the concepts that have a vector: all but rs1."""
    return [concept for concept in range(CORPUS.n_concepts) if concept != number_of(CORPUS, "rs1")]


def test_the_manifest_opens_and_counts(space: Path) -> None:
    """What was said is there, what was counted is right, and every file is as it was written."""
    manifest = read_manifest(space)
    verify_files(space, manifest)
    assert (manifest.name, manifest.dims, manifest.n_concepts) == ("world", 32, 23)
    assert manifest.counts == {"disease": 5, "drug": 4, "gene": 5, "phenotype": 5, "variant": 4}
    assert manifest.n_relations == len(TIES) - 1


def test_vectors_and_biases_are_the_models(trained: Trained, space: Path) -> None:
    """Row by row in the order of the concepts, and readable where they lie."""
    opened = VectorsFile.open(space / "vectors.safetensors")
    with reading_added(trained.model, CORPUS) as model:
        assert np.array_equal(opened.vectors, concept_vectors(model, CORPUS)[kept()])
    assert np.array_equal(opened.bias, popularity_biases(trained.model, CORPUS)[kept()])
    assert opened.bias.shape == (23, len(KINDS))
    assert sorted(load_file(space / "vectors.safetensors")) == ["bias", "vectors"]


def test_it_has_learned_to_rank_what_was_held_out(space: Path) -> None:
    """A weight a feature, none negative, for each relation with a validation row and both kinds that may ask; the manifest vouches for the file."""
    rankings = read_rankings(space / "rankings.json")
    assert rankings is not None and "rankings.json" in read_manifest(space).files
    assert {relation: sorted(kinds) for relation, kinds in rankings.tied.by_relation.items()} == {
        "affects_efficacy": ["drug", "variant"], "pharmacogenetics": ["drug", "variant"], "variant_associated_with": ["phenotype", "variant"],
        "has_phenotype": ["disease", "phenotype"],
    }
    assert all(weight >= 0 for sort in (rankings.tied, rankings.new) for kinds in sort.by_relation.values() for weights in kinds.values() for weight in (*weights, *sort.others))


def test_popularity_is_kept_by_relation(trained: Trained, space: Path) -> None:
    """What a drug gains when a disease asks what treats it, from the task's bias; the mean over relations is something else, and free tasks have none."""
    manifest, concepts = read_manifest(space), read_table(space / "concepts.parquet", SPACE_CONCEPTS)
    kinds = np.array([KINDS.index(kind) for kind in concepts["kind"].to_list()], dtype=np.uint8)
    file = PopularityFile(space / "popularity.safetensors", kinds=kinds, families={"pharmacogenetics": list(PHARMACOGENETICS)})
    rows = np.array([concepts["curie"].to_list().index(CURIES[name]) for name in ("warfarin", "metformin", "APOE")])
    gains, said = file.of(rows, predicate="treats", asking="disease")
    bias = trained.model.anchor_biases["treats:drug-disease"].of(np.array([number_of(CORPUS, name) for name in ("warfarin", "metformin")]))
    assert gains[:2] == pytest.approx(RECIPE.temperature * bias[:, 0].numpy())
    assert said.tolist() == [True, True, False] and gains[2] == 0
    assert file.of(rows, predicate="affects_dosage", asking="gene")[1].tolist() == [True, True, False]
    assert not file.of(rows, predicate="resembles", asking="drug")[1].any()
    assert "popularity.safetensors" in manifest.files


def test_the_card_says_what_is_in_the_space(space: Path) -> None:
    """Counts, sources with their licenses, and what it is not for, in Markdown; it is one of the released files."""
    card = (space / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: generel\n")
    assert "| gene | 5 |" in card and "| pharmgkb | 1 | CC-BY-SA-4.0 |" in card and "| variant | 4 |" in card
    assert "Nothing here is medical advice" in card
    assert "README.md" in read_manifest(space).files


def test_concepts_have_their_names_and_numbers_of_ties(space: Path) -> None:
    """Row i is the concept of vector i; cold ones are there, with all of their names; a concept without a vector is not."""
    concepts = read_table(space / "concepts.parquet", SPACE_CONCEPTS)
    assert concepts["curie"].to_list() == [CORPUS.curies[concept] for concept in kept()]
    rows = {row["curie"]: row for row in concepts.iter_rows(named=True)}
    for curie, kind, _, names in PEOPLE:
        if curie != CURIES["rs1"]:
            assert (rows[curie]["kind"], rows[curie]["name"]) == (kind, names[0])
            assert rows[curie]["synonyms"] == [name.removeprefix("!") for name in names[1:]]
    # simvastatin counts once though rs4149056 affects its toxicity and its efficacy; myocardial infarction and SLCO1B1 are the others.
    assert rows[CURIES["simvastatin"]]["n_relations"] == 3
    assert rows[CURIES["familial hypercholesterolemia"]]["n_relations"] == 0


def test_evidence_is_all_of_the_graphs_between_kept_concepts(space: Path) -> None:
    """Held-out relations too: they were kept from training, not from answers."""
    relations = read_table(space / "relations.parquet", RELATIONS)
    pairs = {(row["subject"], row["predicate"], row["object"]) for row in relations.iter_rows(named=True)}
    assert pairs == {(CURIES[a], predicate, CURIES[b]) for a, predicate, b, _, _ in TIES if a != "rs1"}
    assert relations["license"].unique().to_list() == ["CC0-1.0"]


def test_aliases_lead_to_kept_concepts_only(space: Path) -> None:
    """An alias of a concept that is not there would lead nowhere."""
    assert read_table(space / "aliases.parquet", MERGES).rows() == [("gene", "ncbigene:10599", "hgnc:10959")]


def test_calibration_is_of_the_spaces_kinds(space: Path) -> None:
    """Every pair of the five kinds, each with itself included."""
    calibration = read_table(space / "calibration.parquet", CALIBRATION)
    assert calibration.select("left_kind", "right_kind").n_unique() == 15


def test_the_encoder_embeds_as_the_model_does(trained: Trained, space: Path) -> None:
    """A name embedded as free text is the model's own text vector, to a hundredth: token rows are kept in float16."""
    strings = CORPUS.texts.strings
    with reading_added(trained.model, CORPUS) as model:
        expected = torch.nn.functional.normalize(model.text_vectors(np.arange(len(strings))), dim=1).numpy()
    vectors = TextEmbedder.open(space / "encoder").embed(strings)
    np.testing.assert_allclose(vectors, expected, atol=1e-2)
    assert sorted(path.name for path in (space / "encoder" / "language_model").iterdir()) == sorted(ENCODER_FILES)


def test_a_share_of_the_language_models_reading_is_added_and_taken_back(trained: Trained) -> None:
    """Every text's vector gains the share, in mean lengths of a vector, of its feature; after that the model is as it was."""
    texts, model = np.arange(len(CORPUS.texts.strings)), trained.model
    before, share = model.text_vectors(texts), model.recipe.tower.reading
    with reading_added(model, CORPUS):
        gained = model.text_vectors(texts) - before
    written = np.flatnonzero(~CORPUS.is_composed)
    lengths = (model.text_vectors(CORPUS.texts.preferred(written)) + model.residuals.of(written)).norm(dim=1)
    assert share > 0
    torch.testing.assert_close(gained, share * lengths.mean() * model.features[texts].float(), atol=2e-3, rtol=2e-2)
    assert torch.equal(model.text_vectors(texts), before)


def test_two_releases_of_one_run_are_equal(trained: Trained, space: Path, tmp_path: Path) -> None:
    """Byte by byte, the manifest included."""
    trained.release(tmp_path / "world")
    for path in space.rglob("*"):
        if path.is_file():
            assert (tmp_path / "world" / path.relative_to(space)).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("broken", ["encoder", "graph", "manifest"])
def test_a_release_that_fails_leaves_the_space_that_was_there(trained: Trained, space: Path, tmp_path: Path, broken: str) -> None:
    """A language model that is gone, a graph of another build, a manifest without sources: the old space still answers."""
    folder = Path(shutil.copytree(space, tmp_path / "world"))
    changes: dict[str, dict[str, Any]] = {
        "encoder": {"language_model": tmp_path / "none"},
        "graph": {"graph": graph() | {"CONCEPTS": graph()["CONCEPTS"].filter(pl.col("curie") != CURIES["warfarin"])}},
        "manifest": {"manifest": {"name": "world"}},
    }
    error = {"encoder": FileNotFoundError, "graph": BuildMismatch, "manifest": BadTable}[broken]
    with pytest.raises(error, match={"encoder": "none", "graph": "1 trained concepts are not in the graph, such as chebi:10033", "manifest": "sources"}[broken]):
        trained.release(folder, **changes[broken])
    verify_files(folder, read_manifest(folder))
    assert [path.name for path in tmp_path.iterdir()] == ["world"]
