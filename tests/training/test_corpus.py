"""What training reads of a build: nothing held out, nothing of cold concepts but one text each."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from generel.concepts.errors import BadTable
from generel.concepts.kinds import KINDS
from tests.oracles import expand_by_loop
from tests.training.worlds import (
    CURIES,
    PEOPLE,
    TIES,
    known_pairs,
    number_of,
    split_concepts,
    split_names,
    split_relations,
    world_corpus,
    world_recipe,
)
from training.corpus import Corpus, expand, make_corpus


@pytest.fixture
def corpus() -> Corpus:
    """The world's."""
    return world_corpus()


def names_of(corpus: Corpus, name: str) -> list[str]:
    """All names of the concept with this preferred name, in order."""
    concept = number_of(corpus, name)
    return [corpus.texts.strings[text] for text in corpus.texts.of_concept[corpus.texts.offsets[concept] : corpus.texts.offsets[concept + 1]]]


def test_concepts_are_numbered_by_curie(corpus: Corpus) -> None:
    """Every concept of the split has a number and its kind."""
    assert corpus.curies == sorted(CURIES.values())
    kinds = {curie: kind for curie, kind, _, _ in PEOPLE}
    assert [KINDS[number] for number in corpus.kind_numbers] == [kinds[curie] for curie in corpus.curies]
    assert corpus.n_concepts == 24


def test_only_training_relations_enter(corpus: Corpus) -> None:
    """Rows of every other part (validation, test, cold, withheld) are not there, in any direction."""
    relations = corpus.relations
    rows = {
        (corpus.curies[subject], relations.predicates[predicate], corpus.curies[object_])
        for subject, predicate, object_ in zip(relations.subjects, relations.predicate_numbers, relations.objects, strict=True)
    }
    assert rows == {(CURIES[a], predicate, CURIES[b]) for a, predicate, b, part, _ in TIES if part == "train"}
    left, right = corpus.neighbors.nonzero()
    assert {(corpus.curies[a], corpus.curies[b]) for a, b in zip(left, right, strict=True)} == known_pairs()


def test_a_cold_concept_has_one_text_and_no_relation(corpus: Corpus) -> None:
    """It can be embedded, and nothing of it is learned."""
    cold = number_of(corpus, "familial hypercholesterolemia")
    assert names_of(corpus, "familial hypercholesterolemia") == ["familial hypercholesterolemia"]
    assert "type II hyperlipidemia" not in corpus.texts.strings
    assert cold not in corpus.relations.subjects
    assert cold not in corpus.relations.objects
    assert corpus.neighbors[[cold]].nnz == 0
    assert np.flatnonzero(~corpus.trained).tolist() == [cold]
    assert cold not in corpus.of_kind("disease")
    assert len(corpus.of_kind("disease")) == 4


def test_a_held_out_synonym_is_no_text(corpus: Corpus) -> None:
    """Not even as a string that no concept is shown by."""
    assert names_of(corpus, "diabetes mellitus") == ["diabetes mellitus"]
    assert "sugar diabetes" not in corpus.texts.strings


def test_the_preferred_name_comes_first_then_synonyms_in_table_order(corpus: Corpus) -> None:
    """The table is sorted, so the order does not depend on the source."""
    assert names_of(corpus, "type 2 diabetes mellitus") == ["type 2 diabetes mellitus", "NIDDM", "adult-onset diabetes", "type 2 diabetes"]
    preferred = corpus.texts.preferred(np.array([number_of(corpus, name) for name in ("warfarin", "Alzheimer disease")]))
    assert [corpus.texts.strings[text] for text in preferred] == ["warfarin", "Alzheimer disease"]


def test_names_are_limited_and_those_of_genes_more() -> None:
    """The preferred name is always among those that stay."""
    corpus = world_corpus(world_recipe(max_names=3, gene_names=2))
    assert names_of(corpus, "type 2 diabetes mellitus") == ["type 2 diabetes mellitus", "NIDDM", "adult-onset diabetes"]
    assert names_of(corpus, "SLCO1B1") == ["SLCO1B1", "LST-1"]
    assert corpus.texts.count(np.array([number_of(corpus, "SLCO1B1"), number_of(corpus, "CYP2C9")])).tolist() == [2, 1]


def test_equal_names_are_one_string(corpus: Corpus) -> None:
    """'statin' names two drugs and is encoded once."""
    assert corpus.texts.strings.count("statin") == 1
    assert len(corpus.texts.strings) == len(set(corpus.texts.strings))
    assert names_of(corpus, "simvastatin")[-1] == names_of(corpus, "atorvastatin")[-1] == "statin"


def test_neighbors_are_symmetric_and_keep_the_largest_weight(corpus: Corpus) -> None:
    """rs4149056 and simvastatin are tied twice, by .9 and .4: the pair weighs .9, both ways."""
    assert (corpus.neighbors != corpus.neighbors.T).nnz == 0
    variant, drug = number_of(corpus, "rs4149056"), number_of(corpus, "simvastatin")
    assert corpus.neighbors[variant, drug] == corpus.neighbors[drug, variant] == np.float32(0.9)
    assert corpus.neighbors.nnz == len(known_pairs())


def test_the_order_of_the_tables_rows_does_not_matter(corpus: Corpus) -> None:
    """But for names, whose order is the table's own."""
    again = make_corpus(split_concepts().reverse(), split_names(), split_relations().reverse(), recipe=world_recipe())
    assert again.curies == corpus.curies
    assert again.texts.strings == corpus.texts.strings
    assert (again.neighbors != corpus.neighbors).nnz == 0
    assert np.array_equal(again.kind_numbers, corpus.kind_numbers)


def test_a_build_without_training_relations_is_a_corpus() -> None:
    """It has concepts and names; there are just no pairs."""
    corpus = make_corpus(split_concepts(), split_names(), split_relations().clear(), recipe=world_recipe())
    assert corpus.neighbors.nnz == 0
    assert corpus.relations.predicates == []
    assert len(corpus.relations.subjects) == 0


def test_a_concept_without_a_name_is_refused() -> None:
    """It could not be shown by anything."""
    names = split_names().filter(pl.col("curie") != CURIES["warfarin"])
    with pytest.raises(BadTable, match="chebi:10033 has no name in the split; every concept needs one"):
        make_corpus(split_concepts(), names, split_relations(), recipe=world_recipe())


@pytest.mark.parametrize("table", ["names", "relations"])
def test_tables_of_different_builds_are_refused(table: str) -> None:
    """A concept that only one of the tables knows is named, with the way out."""
    concepts = split_concepts().filter(pl.col("curie") != CURIES["warfarin"])
    names = split_names() if table == "names" else split_names().filter(pl.col("curie") != CURIES["warfarin"])
    with pytest.raises(BadTable, match=r"concepts of the split's '(curie|subject|object)' are not among its concepts, such as chebi:10033; build again"):
        make_corpus(concepts, names, split_relations(), recipe=world_recipe())


@settings(max_examples=50, deadline=None)
@given(
    cells=st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 9), max_size=12),
    rows=st.lists(st.integers(0, 4), max_size=6),
)
def test_expanding_a_matrix_is_a_plain_loop(cells: dict[tuple[int, int], int], rows: list[int]) -> None:
    """Row after row, in the order asked for, each as often as asked for."""
    order = sorted(cells)
    matrix = csr_array(([cells[cell] for cell in order], ([row for row, _ in order], [column for _, column in order])), shape=(5, 5))
    places, columns, values = expand(matrix, np.array(rows, dtype=np.int64))
    assert list(zip(places.tolist(), columns.tolist(), values.tolist(), strict=True)) == expand_by_loop(cells, rows)
