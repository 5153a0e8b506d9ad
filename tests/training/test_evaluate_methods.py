"""The methods one by one, beside plain loops; and two spaces whose figures are known: a perfect and a random one."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.concepts.kinds import KINDS
from tests.oracles import barycenter_by_loop, vote_by_loop
from tests.training.evaluate_world import NUMBER, random_split, random_unit, world
from training.evaluate.graph_scorers import ppmi_vectors
from training.evaluate.methods import RelationMethods, SynonymMethods
from training.evaluate.metrics import Figures
from training.evaluate.names import FORMS, NameTerms, RawFeatures, barycenters, composed_mask
from training.evaluate.outcomes import Row, ask, choose_forms, make_rows
from training.evaluate.questions import cold_questions, draw_synonyms, relation_questions, synonym_questions
from training.evaluate.ranking import rank_answers
from training.evaluate.scorers import Cosine, Degree, NearestName, SparseCosine, Vote
from training.evaluate.settings import Settings
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit

QUICK = Settings(resamples=500, seed=3)


def numbers(*names: str) -> np.ndarray:
    """The numbers of the world's concepts with these CURIEs."""
    return np.array([NUMBER[name] for name in names])


def floats(rows: Sequence[object]) -> NDArray[np.float32]:
    """The rows as float32."""
    return np.array(rows, dtype=np.float32)


def space_of(split: NumberedSplit, vectors: np.ndarray, bias: np.ndarray | None = None) -> SpaceVectors:
    """A space of these vectors."""
    bias = np.zeros((split.n_concepts, len(KINDS)), dtype=np.float32) if bias is None else bias
    return SpaceVectors(vectors, bias, np.zeros(split.n_concepts, dtype=bool))


def relation_rows(split: NumberedSplit, vectors: np.ndarray, raw: np.ndarray, *, cold: bool = False) -> dict[str, Figures]:
    """The figures of every method on the split's test relations, or its cold ones."""
    terms = {form: NameTerms(split, form=form, composed=composed_mask(split, ())) for form in FORMS}
    methods = RelationMethods(split, space_of(split, vectors), raw, ppmi_vectors(split.training_neighbors(), dims=8, seed=0), terms, neighbors=10)
    asked = cold_questions(split, limit=500, seed=0, families={}) if cold else relation_questions(split, part="test", limit=500, seed=0, families={})
    outcomes = ask(list(asked), methods, choose=lambda questions: choose_forms(methods.forms(questions), None), title="")
    return {row.method: row.figures for row in make_rows(outcomes, settings=QUICK)}


def synonym_rows(split: NumberedSplit, vectors: np.ndarray, embedded: np.ndarray, raw: RawFeatures) -> list[Row]:
    """The rows of every method on the split's test synonyms."""
    terms = {form: NameTerms(split, form=form, composed=composed_mask(split, ())) for form in FORMS}
    synonyms = draw_synonyms(split, part="test", limit=500, seed=0)
    methods = SynonymMethods(split, space_of(split, vectors), embedded, raw.of(split.preferred_names()), raw, terms, synonyms)
    outcomes = ask(list(synonym_questions(split, synonyms)), methods, choose=lambda questions: choose_forms(methods.forms(questions), None), title="")
    return make_rows(outcomes, settings=QUICK)


def test_the_bias_of_a_candidate_is_that_for_the_kind_of_the_query() -> None:
    """Warfarin gains .5 when a gene asks and nothing when a variant asks."""
    split, vectors = world(), np.tile(floats([1, 0]), (16, 1))
    bias = np.zeros((16, len(KINDS)), dtype=np.float32)
    bias[NUMBER["chebi:1"], KINDS.index("gene")] = 0.5
    scorer = Cosine(vectors, vectors, bias=bias, query_kinds=split.kind_numbers)
    assert scorer.scores(numbers("hgnc:1", "dbsnp:rs1"), numbers("chebi:1", "chebi:2")).tolist() == [[1.5, 1.0], [1.0, 1.0]]


def test_degree_counts_training_rows_whoever_asks() -> None:
    """Two diseases show chest pain in training, one each seizure and short stature, none kidney pain."""
    ties = world().training_ties(["has_phenotype"])
    scores = Degree(np.asarray(ties.sum(axis=0), dtype=np.float32)).scores(numbers("mondo:0000001"), numbers(*(f"hp:000000{i}" for i in range(1, 5))))
    assert scores.tolist() == [[2.0, 1.0, 1.0, 0.0]]


def test_a_vote_is_the_sum_of_sixth_powers_of_the_nearest_without_oneself() -> None:
    """Heart attack's cosine is .8 with heart failure and .6 with short stature syndrome; its own vote does not count."""
    vectors = np.zeros((16, 2), dtype=np.float32)
    vectors[numbers("mondo:0000001", "mondo:0000002", "mondo:0000003")] = floats([[1, 0], [0.8, 0.6], [0.6, -0.8]])
    ties, candidates = world().training_ties(["has_phenotype"]), numbers(*(f"hp:000000{i}" for i in range(1, 5)))
    both = Vote(vectors, ties, k=100).scores(numbers("mondo:0000001"), candidates)
    assert both[0] == pytest.approx([0.8**6, 0.8**6, 0.6**6, 0.0])
    assert Vote(vectors, ties, k=2).scores(numbers("mondo:0000004"), candidates).tolist() == [[0.0, 0.0, 0.0, 0.0]]
    assert Vote(vectors, csr_array((16, 16), dtype=np.float32), k=2).scores(numbers("mondo:0000001"), candidates).tolist() == [[0.0] * 4]


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_votes_are_those_of_a_plain_loop(seed: int, k: int) -> None:
    """Whatever the vectors, ties and number of voters."""
    rng = np.random.default_rng(seed)
    vectors, known = random_unit(12, dims=5, seed=seed), rng.random((12, 12)) < 0.2
    found = Vote(vectors, csr_array(3 * known.astype(np.float32)), k).scores(np.arange(12), np.arange(12))
    ties: Mapping[int, list[int]] = {subject: np.flatnonzero(known[subject]).tolist() for subject in np.flatnonzero(known.any(axis=1)).tolist()}
    for query in range(12):
        cosines = dict(enumerate((vectors @ vectors[query]).tolist()))
        loop = [vote_by_loop(cosines, ties, query=query, candidate=candidate, k=k, power=6) for candidate in range(12)]
        assert found[query] == pytest.approx(loop, abs=1e-5)


@pytest.mark.parametrize("sparse", [False, True])
def test_composed_concepts_have_the_barycenter_of_their_training_ties(sparse: bool) -> None:
    """rs1 lies between INS and statin, its test tie to warfarin unseen; rs2 has no tie and no row; the others keep their own."""
    split, vectors = world(), random_unit(16, dims=4, seed=2)
    composed = composed_mask(split, ["variant"])
    given = csr_array(vectors) if sparse else vectors.copy()
    found = barycenters(given, split.training_neighbors(), composed=composed)
    dense = found.toarray() if isinstance(found, csr_array) else found
    assert dense[NUMBER["dbsnp:rs1"]] == pytest.approx(barycenter_by_loop(vectors.tolist(), [NUMBER["hgnc:1"], NUMBER["chebi:2"]]), abs=1e-6)
    assert dense[NUMBER["dbsnp:rs2"]].tolist() == [0.0] * 4
    assert dense[~composed] == pytest.approx(vectors[~composed], abs=1e-6)


def test_the_nearest_of_several_names_counts() -> None:
    """The text is .6 from the first concept's name; the second's names are at 0 and 1, and 1 counts, dense and sparse alike."""
    names, offsets, asking = floats([[0.6, 0.8], [0, 1], [1, 0]]), np.array([0, 1, 3]), floats([[1, 0]])
    for form in (lambda matrix: matrix, csr_array):
        scorer = NearestName(form(asking), form(names), offsets, np.array([4, 7]))
        assert scorer.scores(np.array([0]), np.array([4, 7]))[0] == pytest.approx([0.6, 1.0])
    with pytest.raises(ValueError, match="other candidates"):
        scorer.scores(np.array([0]), np.array([4, 8]))


@pytest.mark.parametrize("form", list(FORMS))
def test_tfidf_finds_a_name_by_its_words_and_cold_names_have_no_say_in_its_weights(form: str) -> None:
    """'failure of the heart' is nearest to heart failure; called otherwise, the cold concept changes no weight."""
    split = world()
    terms = NameTerms(split, form=form, composed=composed_mask(split, ["variant"]))
    diseases = numbers(*(f"mondo:000000{i}" for i in range(1, 5)))
    scores = SparseCosine(terms.of(["failure of the heart"]), terms.concepts).scores(np.array([0]), diseases)
    assert int(scores.argmax()) == 1
    assert 0 < scores[0, 3] < scores[0, 1]
    renamed = split.names.with_columns(name=pl.when(pl.col("concept") == NUMBER["mondo:0000004"]).then(pl.lit("xylophone")).otherwise("name"))
    other = NameTerms(NumberedSplit(split.curies, split.kind_numbers, split.cold, split.relations, renamed), form=form, composed=composed_mask(split, []))
    text = ["kidney failure or xylophone"]
    assert other.of(text).toarray().tolist() == terms.of(text).toarray().tolist()
    assert terms.names(diseases).shape[0] == 5


def test_validation_chooses_the_stronger_form() -> None:
    """The form with the higher MRR is taken; the first one on a tie, and where nothing is known."""
    (questions,) = (each for each in relation_questions(world(), part="validation", limit=9, seed=0, families={}))
    right, wrong = (Degree(floats([sign * (number == NUMBER["hp:0000003"]) for number in range(16)])) for sign in (1, -1))
    assert choose_forms({"TF-IDF": {"a": wrong, "b": right}}, questions) == {"TF-IDF": "b"}
    assert choose_forms({"TF-IDF": {"a": right, "b": right}}, questions) == {"TF-IDF": "a"}
    assert choose_forms({"TF-IDF": {"a": wrong, "b": right}}, None) == {"TF-IDF": "a"}


def planted_vectors(split: NumberedSplit) -> np.ndarray:
    """Every phenotype has a direction of its own, every disease points at all its phenotypes: (n, phenotypes) float32."""
    phenotypes, known = split.of_kind("phenotype"), split.ties(["has_phenotype"]).toarray()
    vectors = np.zeros((split.n_concepts, len(phenotypes)), dtype=np.float32)
    vectors[phenotypes] = np.eye(len(phenotypes))
    diseases = split.of_kind("disease")
    vectors[diseases] = known[diseases][:, phenotypes] > 0
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("cold", [False, True])
def test_a_perfect_space_scores_one(cold: bool) -> None:
    """A space in which every disease points at its own phenotypes has 1 in every figure, without doubt."""
    split = random_split(5)
    figures = relation_rows(split, planted_vectors(split), random_unit(split.n_concepts, dims=8, seed=1), cold=cold)["generel cosine"]
    assert [tuple(interval) for interval in figures] == [pytest.approx((1.0, 1.0, 1.0), abs=1e-9)] * 6


@pytest.mark.parametrize("cold", [False, True])
def test_a_random_space_is_at_chance_for_relations(cold: bool) -> None:
    """Random vectors know nothing: the interval of AUROC holds .5 for the space and for the raw encoder's stand-in, which has the same."""
    split = random_split(7, n=120)
    vectors = random_unit(split.n_concepts, dims=32, seed=11)
    figures = relation_rows(split, vectors, vectors, cold=cold)
    for method in ("generel cosine", "generel cosine + bias", "generel vote", "raw encoder", "degree"):
        low, high = figures[method].auroc.low, figures[method].auroc.high
        assert low <= 0.5 <= high, f"{method}: {low} to {high}"
    assert figures["generel cosine"] == figures["raw encoder"]
    assert figures["generel cosine"].mrr.value < 0.15


def features_of(split: NumberedSplit, *, seed: int) -> RawFeatures:
    """Random features of every name."""
    names = sorted(set(split.names["name"].to_list()))
    return RawFeatures({name: row for row, name in enumerate(names)}, random_unit(len(names), dims=16, seed=seed).astype(np.float16))


def test_a_random_space_is_at_chance_for_synonyms_and_a_perfect_one_is_not() -> None:
    """Texts embedded at random find nothing; texts embedded where their concepts are find all of them. The kinds are pooled last."""
    split = random_split(2, n=120)
    vectors = random_unit(split.n_concepts, dims=32, seed=4)
    n = draw_synonyms(split, part="test", limit=500, seed=0).concepts
    at_random = synonym_rows(split, vectors, random_unit(len(n), dims=32, seed=6), features_of(split, seed=8))
    perfect = synonym_rows(split, vectors, vectors[n], features_of(split, seed=8))
    for row in at_random:
        if row.method in ("generel cosine", "raw encoder", "raw encoder, nearest name"):
            assert row.figures.auroc.low <= 0.5 <= row.figures.auroc.high, f"{row.kinds}, {row.method}: {row.figures.auroc}"
    assert {row.figures.mrr.value for row in perfect if row.method == "generel cosine"} == {1.0}
    assert [row.kinds for row in perfect if row.method == "generel cosine"] == ["disease", "phenotype", "all"]
    disease, phenotype, pooled = (row for row in at_random if row.method == "generel cosine")
    assert pooled.queries == disease.queries + phenotype.queries == 108 + 120
    together = disease.queries * disease.figures.mrr.value + phenotype.queries * phenotype.figures.mrr.value
    assert pooled.figures.mrr.value == pytest.approx(together / pooled.queries)


def test_a_concept_without_a_vector_is_answered_at_chance() -> None:
    """rs2 has zeros: all three drugs tie for it, and the answer has the middle rank."""
    (questions,) = (each for each in cold_questions(world(), limit=9, seed=0, families={}) if each.kinds == "variant-drug")
    vectors = random_unit(16, dims=3, seed=0)
    vectors[NUMBER["dbsnp:rs2"]] = 0
    ranks = rank_answers(Cosine(vectors, vectors), questions)
    assert (ranks.above.tolist(), ranks.tied.tolist(), ranks.negatives.tolist()) == ([0], [2], [2])


def test_numbering_the_concepts_differently_changes_no_figure() -> None:
    """The order of the candidates is the order of the concepts' numbers: dealt out anew, every method ranks every answer as before."""
    split, vectors = random_split(9, n=30), random_unit(60, dims=8, seed=1)
    order = np.random.default_rng(4).permutation(60)
    place = np.argsort(order)
    dealt = NumberedSplit(
        [split.curies[number] for number in order], split.kind_numbers[order], split.cold[order],
        split.relations.with_columns(subject=place[split.relations["subject"].to_numpy()], object=place[split.relations["object"].to_numpy()]),
        split.names.with_columns(concept=place[split.names["concept"].to_numpy()]).sort("concept", maintain_order=True),
    )
    plain, turned = relation_rows(split, vectors, vectors), relation_rows(dealt, vectors[order], vectors[order])
    # The randomized decomposition depends on the order of rows.
    for method in set(plain) - {"PPMI-SVD"}:
        assert [each.value for each in turned[method]] == pytest.approx([each.value for each in plain[method]]), method


