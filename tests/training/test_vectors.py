"""From a model to the vectors of a space, beside plain loops."""

import numpy as np
import pytest
import torch

from generel.concepts.kinds import KINDS
from tests.oracles import composed_by_loop
from tests.training.worlds import PEOPLE, kinds_of, number_of, world_corpus, world_model, world_recipe
from training import vectors as vectors_module
from training.corpus import Corpus, expand
from training.model import ConceptModel
from training.sparse_rows import ConceptRows
from training.vectors import concept_vectors, popularity_biases

RECIPE = world_recipe()
CORPUS = world_corpus(RECIPE)


@pytest.fixture
def model() -> ConceptModel:
    """The world's model with random tables, as after some training; cold concepts and variants have no residual."""
    model = world_model(RECIPE, CORPUS)
    generator = torch.Generator().manual_seed(2)
    for table in model.tables().values():
        table.weight.copy_(0.3 * torch.randn(table.weight.shape, generator=generator))
    model.residuals.weight[model.residuals.concepts == number_of(CORPUS, "familial hypercholesterolemia")] = 0
    return model


def text_vector_by_loop(model: ConceptModel, corpus: Corpus, concept: int) -> np.ndarray:
    """normalize(half the preferred name's output + half the mean over all names + residual)."""
    texts = corpus.texts.of_concept[corpus.texts.offsets[concept] : corpus.texts.offsets[concept + 1]]
    outputs = [model.text_vectors(np.array([text]))[0].numpy().astype(np.float64) for text in texts]
    total = 0.5 * outputs[0] + 0.5 * sum(outputs) / len(outputs) + model.residuals.of(np.array([concept]))[0].numpy()
    return np.asarray(total / np.linalg.norm(total))


def test_a_concept_with_text_is_its_names_and_its_residual(model: ConceptModel) -> None:
    """With one name, with many, and cold: all by the same formula."""
    vectors = concept_vectors(model, CORPUS)
    for curie, kind, _, names in PEOPLE:
        if kind != "variant":
            concept = CORPUS.curies.index(curie)
            np.testing.assert_allclose(vectors[concept], text_vector_by_loop(model, CORPUS, concept), atol=1e-5, err_msg=names[0])


def test_a_variant_is_composed_of_all_that_training_knows_of_it(model: ConceptModel) -> None:
    """By a plain loop over the sorts of its makings; rs1, whose only tie is held out, has none and is zeros."""
    vectors = concept_vectors(model, CORPUS)
    for variant in CORPUS.of_kind("variant"):
        ties = [(0, tied, sort, weight) for sort, matrix in CORPUS.makings.by_sort.items() for _, tied, weight in zip(*(column.tolist() for column in expand(matrix, np.array([variant]))), strict=True)]
        np.testing.assert_allclose(vectors[variant], composed_by_loop(vectors.tolist(), ties, RECIPE.composition.weights(), n=1)[0], atol=1e-5)
    assert not vectors[number_of(CORPUS, "rs1")].any()


def test_vectors_are_of_unit_norm(model: ConceptModel) -> None:
    """(concepts, dims) float32; all but those without text and ties."""
    vectors = concept_vectors(model, CORPUS)
    assert vectors.shape == (24, 8)
    assert vectors.dtype == np.float32
    norms = np.linalg.norm(vectors, axis=1)
    assert np.flatnonzero(norms < 0.5).tolist() == [number_of(CORPUS, "rs1")]
    np.testing.assert_allclose(norms[norms > 0.5], 1, atol=1e-5)


def test_blocks_leave_no_trace(model: ConceptModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five concepts at a time give what all at once give."""
    whole = concept_vectors(model, CORPUS)
    monkeypatch.setattr(vectors_module, "ROWS_A_BLOCK", 5)
    np.testing.assert_allclose(concept_vectors(model, CORPUS), whole, atol=1e-6)


def test_composed_kinds_are_the_recipes() -> None:
    """Variants in the world; none where the recipe names none."""
    assert [CORPUS.curies[concept] for concept in np.flatnonzero(CORPUS.is_composed)] == sorted(curie for curie, kind, _, _ in PEOPLE if kind == "variant")
    assert not world_corpus(world_recipe(composed_kinds=())).is_composed.any()
    assert world_corpus(world_recipe(composed_kinds=("gene", "drug"))).is_composed.sum() == 9


def test_without_composed_kinds_variants_are_read_by_their_names(model: ConceptModel) -> None:
    """Every concept then has a vector of its own."""
    recipe = world_recipe(composed_kinds=())
    corpus = world_corpus(recipe)
    assert np.linalg.norm(concept_vectors(world_model(recipe, corpus), corpus), axis=1).min() > 0.99


def bias_of(table: ConceptRows, concept: int) -> float:
    """The bias of one concept; 0 for one that has none, such as a cold one."""
    rows = table.concepts.tolist()
    return float(table.weight[rows.index(concept), 0]) if concept in rows else 0.0


def biases_by_loop(model: ConceptModel, corpus: Corpus) -> np.ndarray:
    """(concepts, kinds): the size-weighted mean over the tasks between two kinds of their bias times the temperature."""
    kinds, biases = kinds_of(corpus), np.zeros((corpus.n_concepts, len(KINDS)))
    for concept, own in enumerate(kinds):
        for asking in KINDS:
            weighted = []
            for task, size in model.task_sizes.items():
                ends = task.partition(":")[2]
                if ends == f"{asking}-{own}":
                    weighted.append((size, bias_of(model.candidate_biases[task], concept)))
                if ends == f"{own}-{asking}":
                    weighted.append((size, bias_of(model.anchor_biases[task], concept)))
            if weighted:
                biases[concept, KINDS.index(asking)] = sum(size * bias for size, bias in weighted) / sum(size for size, _ in weighted) * RECIPE.temperature
    return biases


def test_popularity_is_the_mean_of_the_tasks_biases_by_the_kind_that_asks(model: ConceptModel) -> None:
    """In cosine units; by a plain loop over concepts, kinds and tasks."""
    biases = popularity_biases(model, CORPUS)
    assert biases.shape == (24, len(KINDS))
    assert biases.dtype == np.float32
    np.testing.assert_allclose(biases, biases_by_loop(model, CORPUS), atol=1e-6)


def test_popularity_by_hand(model: ConceptModel) -> None:
    """A drug answers a gene in one task, a variant in one, a disease as the anchor of 'treats'; no task joins it to phenotypes."""
    warfarin, row = number_of(CORPUS, "warfarin"), popularity_biases(model, CORPUS)[number_of(CORPUS, "warfarin")]
    assert row[KINDS.index("gene")] == pytest.approx(0.05 * bias_of(model.candidate_biases["pharmacogenetics:gene-drug"], warfarin))
    assert row[KINDS.index("disease")] == pytest.approx(0.05 * bias_of(model.anchor_biases["treats:drug-disease"], warfarin))
    assert row[KINDS.index("phenotype")] == row[KINDS.index("drug")] == 0


def test_two_tasks_between_the_same_kinds_are_averaged_by_size(model: ConceptModel) -> None:
    """Sizes 1 and 3, biases .4 and .8: .7, times the temperature of .05."""
    warfarin, gene = number_of(CORPUS, "warfarin"), KINDS.index("gene")
    names, everybody = ("a:gene-drug", "b:gene-drug"), np.arange(24)
    model.candidate_biases, model.anchor_biases = ({name: ConceptRows(everybody, 1, learning_rate=0.1) for name in names} for _ in range(2))
    model.temperatures = dict.fromkeys(names, 0.05)
    model.candidate_biases["a:gene-drug"].weight[warfarin], model.candidate_biases["b:gene-drug"].weight[warfarin] = 0.4, 0.8
    model.task_sizes = {"a:gene-drug": 1, "b:gene-drug": 3}
    assert popularity_biases(model, CORPUS)[warfarin, gene] == pytest.approx(0.7 * 0.05)
