"""Which questions are asked of a split, and what is hidden from each."""

import numpy as np
import polars as pl
import pytest

from generel.concepts.errors import BadTable
from tests.training.evaluate_world import CONCEPTS, FAMILIES, NUMBER, curies, hidden_of, random_split, tables, world
from training.evaluate.questions import Questions, cold_questions, draw_synonyms, relation_questions, synonym_questions
from training.evaluate.split import number_split


def asked(part: str = "test", *, limit: int = 100) -> dict[str, Questions]:
    """The world's questions about relations, by predicate or family."""
    return {each.predicate: each for each in relation_questions(world(), part=part, limit=limit, seed=0, families=FAMILIES)}


def test_every_predicate_and_family_with_a_held_out_row_is_asked_about() -> None:
    """Six groups have test rows, in order of their names; the predicate affects_dosage has none and is asked in its family only."""
    assert list(asked()) == ["affects_efficacy", "affects_toxicity", "has_phenotype", "is_a", "occurs_with", "pharmacogenetics"]
    assert list(asked("validation")) == ["has_phenotype"]


def test_candidates_are_all_concepts_of_the_kind_of_the_answer() -> None:
    """Heart attack is asked for one of all five phenotypes, and its parent is one of all diseases, the cold one included."""
    questions = asked()
    assert curies(questions["has_phenotype"].candidates) == [f"hp:000000{i}" for i in range(1, 6)]
    assert curies(questions["is_a"].candidates) == [f"mondo:000000{i}" for i in range(1, 5)]
    assert questions["has_phenotype"].kinds == "disease-phenotype"


def test_other_true_answers_of_any_part_are_hidden_and_the_answer_is_not() -> None:
    """Heart attack's chest pain (training) and short stature (validation) are no negatives when seizure (test) is the answer."""
    questions = asked()["has_phenotype"]
    assert (curies(questions.queries), curies(questions.answers)) == (["mondo:0000001", "mondo:0000002"], ["hp:0000002", "hp:0000004"])
    assert hidden_of(questions, 0) == ["hp:0000001", "hp:0000003"]
    assert hidden_of(questions, 1) == ["hp:0000001", "hp:0000002"]
    assert curies(questions.candidates[questions.answer_columns]) == ["hp:0000002", "hp:0000004"]


def test_a_concept_is_no_candidate_for_itself() -> None:
    """Heart attack cannot be its own parent."""
    assert hidden_of(asked()["is_a"], 0) == ["mondo:0000001"]


def test_a_family_asks_each_pair_once_and_hides_what_any_member_knows() -> None:
    """rs1 affects warfarin in two ways, one question; its toxicity with statin is hidden in the family, not from efficacy alone."""
    questions = asked()
    assert (questions["pharmacogenetics"].n, hidden_of(questions["pharmacogenetics"], 0)) == (1, ["chebi:2"])
    assert hidden_of(questions["affects_efficacy"], 0) == []
    assert questions["pharmacogenetics"].predicates == FAMILIES["pharmacogenetics"]


def test_a_symmetric_relation_hides_both_of_its_directions() -> None:
    """Seizure is asked for kidney pain; chest pain, stored as occurring with seizure, is known too, and seizure is itself."""
    questions = asked()["occurs_with"]
    assert curies(questions.queries) == ["hp:0000002"]
    assert hidden_of(questions, 0) == ["hp:0000001", "hp:0000002"]


def test_cold_questions_are_asked_by_cold_concepts_only() -> None:
    """Kidney failure asks for its phenotypes and rs2 for its drug; short stature syndrome, whose parent is cold, is not cold itself."""
    questions = list(cold_questions(world(), limit=100, seed=0, families=FAMILIES))
    assert [(each.predicate, each.kinds, curies(each.queries)) for each in questions] == [
        ("affects_toxicity", "variant-drug", ["dbsnp:rs2"]),
        ("has_phenotype", "disease-phenotype", ["mondo:0000004", "mondo:0000004"]),
        ("pharmacogenetics", "variant-drug", ["dbsnp:rs2"]),
    ]
    assert [hidden_of(questions[1], query) for query in (0, 1)] == [["hp:0000004"], ["hp:0000001"]]


def test_a_held_out_synonym_asks_for_its_concept_and_hides_its_namesakes() -> None:
    """'small height' is held out of short stature and also a name of muscle pain, which is then no wrong answer."""
    synonyms = draw_synonyms(world(), part="test", limit=100, seed=0)
    disease, phenotype = synonym_questions(world(), synonyms)
    assert ([synonyms.texts[query] for query in disease.queries], curies(disease.answers)) == (["heart infarction"], ["mondo:0000001"])
    assert ([synonyms.texts[query] for query in phenotype.queries], curies(phenotype.answers)) == (["small height"], ["hp:0000003"])
    assert (hidden_of(disease, 0), hidden_of(phenotype, 0)) == ([], ["hp:0000005"])
    assert (disease.kinds, phenotype.kinds, disease.drawn_from, phenotype.drawn_from) == ("disease", "phenotype", 1, 1)


def test_a_sample_is_as_large_as_asked_for_distinct_and_the_same_twice() -> None:
    """Of many rows a limited number is drawn without replacement, by seed; how many there were is said."""
    split = random_split(1)
    (whole,) = relation_questions(split, part="test", limit=10_000, seed=4, families={})
    (drawn,), (again,), (other,) = (list(relation_questions(split, part="test", limit=20, seed=seed, families={})) for seed in (4, 4, 5))
    rows = list(zip(drawn.queries.tolist(), drawn.answers.tolist(), strict=True))
    assert len(set(rows)) == 20
    assert set(rows) < set(zip(whole.queries.tolist(), whole.answers.tolist(), strict=True))
    assert (drawn.drawn_from, whole.drawn_from) == (whole.n, whole.n)
    assert again.answers.tolist() == drawn.answers.tolist() != other.answers.tolist()
    assert np.array_equal(again.hidden.toarray(), drawn.hidden.toarray())


def test_rivals_know_training_rows_only() -> None:
    """Of heart attack's three phenotypes the training ties hold one; neighbors are tied both ways, once each."""
    split = world()
    ties = split.training_ties(["has_phenotype"])
    assert curies(ties[[NUMBER["mondo:0000001"]]].nonzero()[1]) == ["hp:0000001"]
    neighbors = split.training_neighbors()
    assert curies(neighbors[[NUMBER["dbsnp:rs1"]]].nonzero()[1]) == ["chebi:2", "hgnc:1"]
    assert curies(neighbors[[NUMBER["hp:0000001"]]].nonzero()[1]) == ["hp:0000002", "mondo:0000001", "mondo:0000002"]
    assert neighbors[[NUMBER["dbsnp:rs2"]]].nnz == 0
    assert set(neighbors.data.tolist()) == {1.0}


def test_training_names_are_the_preferred_one_and_training_synonyms() -> None:
    """Held-out synonyms and definitions are not read, a cold concept's preferred name is."""
    names, offsets = world().training_names(np.array([NUMBER[curie] for curie in ("mondo:0000001", "mondo:0000002", "mondo:0000004")]))
    assert names == ["heart attack", "cardiac infarction", "heart failure", "kidney failure"]
    assert offsets.tolist() == [0, 2, 3, 4]
    assert world().preferred_names() == [name for *_, name in CONCEPTS]


@pytest.mark.parametrize(
    ("place", "row", "complaint"),
    [
        (1, ("mondo:9999999", "gout", "name", "train"), "1 names of concepts that it does not hold, such as mondo:9999999"),
        (2, ("mondo:0000001", "has_phenotype", "hp:9999999", "train", 1.0), "1 relations of concepts that it does not hold, such as mondo:0000001 has_phenotype hp:9999999"),
        (2, ("mondo:0000001", "smells_of", "hp:0000001", "train", 1.0), "unknown predicates: smells_of"),
        (1, ("mondo:0000001", "MI", "name", "train"), "exactly one preferred name, such as mondo:0000001"),
    ],
)
def test_tables_that_do_not_belong_together_are_refused(place: int, row: tuple[object, ...], complaint: str) -> None:
    """A row about an unknown concept, an unknown predicate and a second preferred name are named, not left out."""
    frames = list(tables())
    frames[place] = pl.concat([frames[place], pl.DataFrame([row], schema=frames[place].schema, orient="row")])
    with pytest.raises(BadTable, match=complaint):
        number_split(*frames)
