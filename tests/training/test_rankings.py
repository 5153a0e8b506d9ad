"""Learning weights: the logit beside its definition, what questions are made of, and what is learned where only one feature can tell."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax

from generel.concepts.kinds import KINDS
from generel.index.rankings_file import FEATURES
from tests.training.evaluate_world import random_split, random_unit
from training.evaluate.graph_scorers import sharing_rows
from training.evaluate.questions import relation_questions
from training.evaluate.relation_ranking import Likeness, make_features
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit
from training.rankings import HOLD, RIVALS, SIZES, Choices, choose, fit_weights, join_choices, learn_rankings


def drawn(weights: NDArray[np.float64], *, questions: int, candidates: int, seed: int) -> Choices:
    """Questions whose answers are drawn as the model says."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(questions, candidates, len(weights)))
    chances = np.exp(log_softmax(features @ weights, axis=1))
    answers = np.array([rng.choice(candidates, p=each) for each in chances])
    return Choices(features.reshape(-1, len(weights)), np.arange(questions) * candidates, np.arange(questions) * candidates + answers)


def with_validation(split: NumberedSplit) -> NumberedSplit:
    """The same with its test rows as validation rows."""
    rows = split.relations.with_columns(pl.col("part").replace("test", "validation"))
    return NumberedSplit(split.curies, split.kind_numbers, split.cold, rows, split.names)


def space_of(split: NumberedSplit, vectors: NDArray[np.float32], bias: NDArray[np.float32]) -> SpaceVectors:
    """A space of these vectors and biases."""
    return SpaceVectors(vectors, bias, np.zeros(split.n_concepts, dtype=bool))


def no_bias(split: NumberedSplit) -> NDArray[np.float32]:
    """Nobody is popular."""
    return np.zeros((split.n_concepts, len(KINDS)), dtype=np.float32)


def test_weights_of_many_answers_are_found_again() -> None:
    """From 3,000 answers to within .1; what speaks against an answer has no weight, never a negative one."""
    found = fit_weights(drawn(np.array([2.0, 0.5, 0.0]), questions=3000, candidates=20, seed=0), near=np.zeros(3))
    assert found == pytest.approx([2.0, 0.5, 0.0], abs=0.1)
    assert fit_weights(drawn(np.array([1.0, -1.0]), questions=300, candidates=20, seed=0), near=np.zeros(2))[1] == 0


def test_few_answers_leave_the_weights_near_to_what_all_share() -> None:
    """The one answer of a single question moves them little, and as the penalized likelihood written out has it: no step aside is better."""
    choices, near = drawn(np.array([2.0, 0.5]), questions=1, candidates=5, seed=1), np.array([1.0, 1.0])
    found = fit_weights(choices, near=near)

    def loss(weights: NDArray[np.float64]) -> float:
        return float(-log_softmax(choices.features @ weights)[choices.answers[0]] + HOLD * ((weights - near) ** 2).sum())

    assert np.abs(found - near).max() < 0.5
    assert all(loss(found) <= loss(np.maximum(found + step, 0)) for step in np.array([[0.01, 0], [-0.01, 0], [0, 0.01], [0, -0.01]]))


def test_what_is_compared_is_the_answer_and_the_best_of_each_feature_but_nothing_hidden() -> None:
    """Every cell is a candidate's features, the answer's is where it is said to be, and known answers are in no cell."""
    split = random_split(5, n=400, ties=5)
    vectors = random_unit(split.n_concepts, dims=8, seed=2)
    questions = next(iter(relation_questions(split, part="test", limit=120, seed=0, families={})))
    features = make_features(split, space_of(split, vectors, no_bias(split)), sharing_rows(split.training_neighbors()), predicates=questions.predicates, asking="disease")
    choices = choose(features, questions)
    scores = np.stack([feature.scores(questions.queries, questions.candidates) for feature in features])
    ends = np.append(choices.starts, len(choices.features))[1:]
    assert len(choices.starts) == questions.n == 120
    for at, (start, end) in enumerate(zip(choices.starts, ends, strict=True)):
        hidden = questions.hidden[[at]].toarray()[0] > 0
        right = questions.answer_columns[at]
        assert choices.features[choices.answers[at]] == pytest.approx(scores[:, at, right] * SIZES, rel=1e-5)
        nearest = np.sort(scores[0, at, ~hidden])[::-1][:RIVALS] * SIZES[0]
        assert np.isin(nearest.astype(np.float32), choices.features[start:end, 0].astype(np.float32)).all()
        assert end - start <= (~hidden).sum()


def test_joined_questions_are_fitted_as_one() -> None:
    """Cells, starts and answers go on where the part before ends; the first ones of them are the first part."""
    one, other = (drawn(np.array([1.0, 1.0]), questions=n, candidates=4, seed=n) for n in (3, 5))
    both = join_choices([one, other])
    assert [each.tolist() for each in both.first(3)] == [each.tolist() for each in one]
    assert np.array_equal(both.features[both.answers[3:]], other.features[other.answers])
    assert len(both.first(99).starts) == 8


def test_what_alone_tells_the_answers_gets_the_weight() -> None:
    """Vectors point anywhere and popularity knows the answers of validation: it counts for more than the cosine, asked from the end it was learned for."""
    split = with_validation(random_split(5, n=80, ties=5))
    held = split.relations.filter(part="validation")["object"].to_numpy()
    bias = no_bias(split)
    bias[:, KINDS.index("disease")] = np.bincount(held, minlength=split.n_concepts) / 10
    learned = learn_rankings(split, space_of(split, random_unit(split.n_concepts, dims=8, seed=2), bias), families={}, seed=0)
    assert learned is not None and sorted(learned.tied.by_relation["has_phenotype"]) == ["disease", "phenotype"]
    forward = dict(zip(FEATURES, learned.weights("has_phenotype", asking="disease", standing="tied"), strict=True))
    backward = dict(zip(FEATURES, learned.weights("has_phenotype", asking="phenotype", standing="tied"), strict=True))
    assert forward["popularity"] > 5 > forward["cosine"] and forward["popularity"] > backward["popularity"] + 1


def test_a_query_without_ties_is_weighed_by_what_it_can_show() -> None:
    """Answers are known by shared ties alone: these count for who has ties, and not for a newcomer, whose other features keep their weights free of them."""
    choices = drawn(np.array([0.0, 0.0, 0.0, 2.0, 0.0]), questions=400, candidates=20, seed=3)
    assert fit_weights(choices, near=np.zeros(5))[3] == pytest.approx(2.0, abs=0.2)
    new = choices.without_ties()
    assert not new.features[:, [3, 4]].any() and np.array_equal(new.features[:, :3], choices.features[:, :3]) and choices.features[:, 3].any()
    assert fit_weights(new, near=np.zeros(5)) == pytest.approx(0, abs=0.2)


def test_questions_without_known_answers_are_fitted_apart() -> None:
    """Of the chosen questions every cell and answer is kept, and of none chosen nothing; what is learned of either sort has the same relations."""
    choices, chosen = drawn(np.array([1.0, 1.0]), questions=5, candidates=4, seed=3), np.array([True, False, False, True, True])
    kept = choices.among(chosen)
    assert kept.starts.tolist() == [0, 4, 8]
    assert np.array_equal(kept.features[kept.answers], choices.features[choices.answers[chosen]])
    assert np.array_equal(kept.features, choices.features.reshape(5, 4, 2)[chosen].reshape(-1, 2))
    assert [len(each) for each in choices.among(~chosen & chosen)] == [0, 0, 0]
    split = with_validation(random_split(5, n=80, ties=5))
    learned = learn_rankings(split, space_of(split, random_unit(split.n_concepts, dims=8, seed=2), no_bias(split)), families={}, seed=0)
    assert learned is not None and {*learned.tied.by_relation} == {*learned.unanswered.by_relation} == {*learned.new.by_relation}


def test_without_validation_rows_nothing_is_learned() -> None:
    """No question, no weights."""
    split = random_split(5, n=40)
    assert learn_rankings(split, space_of(split, random_unit(split.n_concepts, dims=4, seed=0), no_bias(split)), families={}, seed=0) is None


def test_likeness_is_the_cosine_with_the_mean_of_known_answers() -> None:
    """By hand: answers (1, 0) and (0, 1) average to the diagonal; told twice counts once; a query without answers is like nothing."""
    from scipy.sparse import csr_array

    vectors = np.array([[0, 0], [1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    ties = csr_array(np.array([[0, 2, 1, 0], [0, 0, 0, 0], [0] * 4, [0] * 4], dtype=np.float32))
    scores = Likeness(vectors, ties).scores(np.array([0, 1]), np.array([1, 3]))
    assert scores[0] == pytest.approx([0.5**0.5, 1.4 * 0.5**0.5]) and scores[1].tolist() == [0, 0]
