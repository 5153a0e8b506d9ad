"""The quick look during training: its MRR is that of a plain loop."""

import numpy as np
import polars as pl
import pytest
import torch

from generel.concepts.kinds import KINDS
from generel.concepts.tables import SPLIT_RELATIONS
from tests.oracles import rank_by_loop
from tests.training.worlds import CURIES, number_of, split_relations, world_corpus, world_model, world_recipe
from training import validate
from training.model import ConceptModel
from training.validate import Validation
from training.vectors import concept_vectors

RECIPE = world_recipe()
CORPUS = world_corpus(RECIPE)


@pytest.fixture
def model() -> ConceptModel:
    """The world's model with random residuals."""
    model = world_model(RECIPE, CORPUS)
    model.residuals.weight.copy_(torch.randn(model.residuals.weight.shape, generator=torch.Generator().manual_seed(2)))
    return model


def relations_of(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """SPLIT_RELATIONS of subject, predicate, object (by preferred name) and part."""
    return pl.DataFrame([(CURIES[a], predicate, CURIES[b], part, 1.0) for a, predicate, b, part in rows], schema=SPLIT_RELATIONS.columns, orient="row")


def mrr_by_loop(relations: pl.DataFrame, vectors: np.ndarray, family: str) -> float:
    """Each held-out object among all concepts of its kind, other known objects of the subject and the subject itself hidden."""
    rows = [row for row in relations.iter_rows(named=True) if RECIPE.family(row["predicate"]) == family]
    reciprocal = []
    for row in rows:
        if row["part"] == "validation":
            subject, answer = CORPUS.curies.index(row["subject"]), CORPUS.curies.index(row["object"])
            candidates = np.flatnonzero(CORPUS.kind_numbers == CORPUS.kind_numbers[answer]).tolist()
            known = {CORPUS.curies.index(other["object"]) for other in rows if other["subject"] == row["subject"]} - {answer}
            hidden = [place for place, candidate in enumerate(candidates) if candidate in known | {subject}]
            scores = (vectors[subject] @ vectors[candidates].T).tolist()
            reciprocal.append(1 / rank_by_loop(scores, answer=candidates.index(answer), hidden=hidden))
    return sum(reciprocal) / len(reciprocal)


def test_figures_are_those_of_a_plain_loop(model: ConceptModel) -> None:
    """MRR by family over the validation rows, known objects of any part hidden, and their mean."""
    figures = Validation.of_split(split_relations(), corpus=CORPUS, recipe=RECIPE).figures(model)
    vectors = concept_vectors(model, CORPUS)
    families = ["has_phenotype", "pharmacogenetics", "variant_associated_with"]
    assert sorted(figures) == sorted([*families, "mean"])
    for family in families:
        assert figures[family] == pytest.approx(mrr_by_loop(split_relations(), vectors, family), abs=1e-4)
    assert figures["mean"] == pytest.approx(np.mean([figures[family] for family in families]), abs=1e-4)


def test_more_questions_than_a_block_holds_give_the_same(model: ConceptModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training row as a question: subjects and objects of several kinds, three at a time and all at once."""
    relations = split_relations().with_columns(part=pl.when(pl.col("part") == "train").then(pl.lit("validation")).otherwise("part"))
    validation = Validation.of_split(relations, corpus=CORPUS, recipe=RECIPE)
    whole = validation.figures(model)
    monkeypatch.setattr(validate, "QUERIES_A_BLOCK", 3)
    assert validation.figures(model) == whole
    vectors = concept_vectors(model, CORPUS)
    assert whole == pytest.approx({family: mrr_by_loop(relations, vectors, family) for family in validation.pairs} | {"mean": whole["mean"]}, abs=1e-4)


def test_a_subject_is_no_answer_to_itself(model: ConceptModel) -> None:
    """Among five diseases, is_a would otherwise never have its answer first: nothing is nearer than oneself."""
    relations = relations_of(("Alzheimer disease", "is_a", "diabetes mellitus", "validation"))
    for name, length in (("Alzheimer disease", 100.0), ("diabetes mellitus", 90.0)):
        model.residuals.weight[model.residuals.concepts == number_of(CORPUS, name)] = length
    assert Validation.of_split(relations, corpus=CORPUS, recipe=RECIPE).figures(model) == {"is_a": 1.0, "mean": 1.0}


def test_a_subject_without_a_vector_is_in_the_middle(model: ConceptModel) -> None:
    """rs1 has no training tie: all four drugs score 0, so the answer's rank is 2.5, not 1."""
    relations = pl.concat([split_relations().filter(pl.col("part") == "train"), relations_of(("rs1", "affects_dosage", "warfarin", "validation"))])
    assert Validation.of_split(relations, corpus=CORPUS, recipe=RECIPE).figures(model)["pharmacogenetics"] == pytest.approx(1 / 2.5)


def test_known_objects_of_every_part_are_hidden(model: ConceptModel) -> None:
    """Three of the four drugs are known for the variant: the fourth is first whatever its score."""
    parts = ("train", "test", "withheld", "validation")
    drugs = ("warfarin", "simvastatin", "atorvastatin", "metformin")
    relations = relations_of(*(("rs429358", "affects_dosage", drug, part) for drug, part in zip(drugs, parts, strict=True)))
    assert Validation.of_split(relations, corpus=CORPUS, recipe=RECIPE).figures(model)["pharmacogenetics"] == 1.0


def test_only_the_validation_part_is_asked(model: ConceptModel) -> None:
    """Test rows are for the evaluation after training; without validation rows there are no figures."""
    validation = Validation.of_split(split_relations(), corpus=CORPUS, recipe=RECIPE)
    asked = {(CORPUS.curies[a], CORPUS.curies[b]) for pairs in validation.pairs.values() for a, b in pairs.tolist()}
    assert asked == {(row["subject"], row["object"]) for row in split_relations().filter(pl.col("part") == "validation").iter_rows(named=True)}
    assert Validation.of_split(split_relations().filter(pl.col("part") == "train"), corpus=CORPUS, recipe=RECIPE).figures(model) == {}


def test_a_sample_is_drawn_with_the_recipes_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large family only so many questions, the same at every call."""
    monkeypatch.setattr(validate, "QUERIES_A_FAMILY", 4)
    relations = split_relations().with_columns(part=pl.lit("validation"))
    one, other = (Validation.of_split(relations, corpus=CORPUS, recipe=RECIPE) for _ in range(2))
    assert len(one.pairs["has_phenotype"]) == 4
    assert len(one.known["has_phenotype"]) == 7
    assert all(np.array_equal(pairs, other.pairs[family]) for family, pairs in one.pairs.items())
    assert KINDS[CORPUS.kind_numbers[one.pairs["has_phenotype"][0, 0]]] == "disease"
