"""Questions by groups, and two spaces on the same questions."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from generel.concepts.errors import BuildMismatch
from tests.training.evaluate_world import NUMBER, random_split, random_unit, world
from training.evaluate.breakdowns import Groups, break_down
from training.evaluate.comparison import compare
from training.evaluate.graph_scorers import CoSharing, ppmi_vectors, sharing_rows
from training.evaluate.metrics import auroc
from training.evaluate.outcomes import Outcome
from training.evaluate.pair_figures import with_whole
from training.evaluate.questions import Questions, draw_synonyms, relation_questions, synonym_questions
from training.evaluate.ranking import rank_answers
from training.evaluate.scorers import Cosine
from training.evaluate.settings import Settings
from training.evaluate.split import NumberedSplit

SETTINGS = Settings(resamples=200)


def asked(split: NumberedSplit) -> Questions:
    return next(iter(relation_questions(split, part="test", limit=2000, seed=0, families={})))


def outcome_of(split: NumberedSplit, vectors: np.ndarray) -> Outcome:
    questions = asked(split)
    return Outcome(questions, "generel cosine", "", rank_answers(Cosine(vectors, vectors), questions))


def test_groups_are_those_of_a_plain_count() -> None:
    """Each question is in the group of its asking concept's training ties, and its figures are those of its group alone."""
    split = random_split(3, n=150)
    vectors = random_unit(split.n_concepts, dims=8, seed=1)
    outcome = outcome_of(split, vectors)
    rows = break_down([outcome], Groups(split, vectors, np.zeros(split.n_concepts, dtype=bool)), settings=SETTINGS)
    ties = split.training_neighbors().toarray().sum(axis=1)
    inside = [index for index, query in enumerate(outcome.questions.queries) if 3 <= ties[query] <= 9]
    (row,) = (each for each in rows if each.group == "asking concept has 3-9 training ties")
    assert row.queries == len(inside) >= 50
    assert row.figures.auroc.value == pytest.approx(auroc(outcome.ranks)[inside].mean())


def test_the_nearest_name_is_never_the_concept_itself() -> None:
    """Two equal names are near, a name without a like one is not, whatever it is to itself."""
    split = random_split(3, n=150)
    raw = np.eye(split.n_concepts, dtype=np.float32)
    first, second = split.of_kind("disease")[:2]
    raw[second] = raw[first]
    near = Groups(split, raw, np.zeros(split.n_concepts, dtype=bool))._nearest(np.array([first, second, split.of_kind("disease")[2]]))
    seen = ~split.cold[[second, first]]
    assert near[:2].tolist() == seen.astype(float).tolist() and near[2] == 0


def test_rare_and_common_diseases_are_told_apart() -> None:
    """The groups by rarity hold all questions between them."""
    split = random_split(3, n=150)
    rare = np.arange(split.n_concepts) % 2 == 0
    groups = Groups(split, random_unit(split.n_concepts, dims=8, seed=1), rare).of(questions := asked(split))
    assert (groups["asking disease is rare"] ^ groups["asking disease is common"]).all()
    assert (groups["asking disease is rare"] == rare[questions.queries]).all()


def test_genes_are_told_apart_by_how_much_the_build_ties_them_to() -> None:
    """INS has two ties and ATK none in the build: of genes with any the middle one has two, so INS is well studied; held-out rows count."""
    split = world()
    groups = Groups(split, random_unit(16, dims=4, seed=1), np.zeros(16, dtype=bool))
    genes = np.array([NUMBER["hgnc:1"], NUMBER["hgnc:2"]])
    assert groups.annotations[genes].tolist() == [2, 0] and groups.annotations[NUMBER["dbsnp:rs1"]] == 3
    assert groups.well_studied(genes).tolist() == [True, False]
    found = groups.of_concepts({"asking": genes})
    assert found["asking gene is well studied (2 annotations or more)"].tolist() == [True, False] == (~found["asking gene is less studied"]).tolist()


def test_synonyms_are_grouped_by_their_answers() -> None:
    """A text has no ties and no kind: the concept it names has."""
    split = random_split(3, n=150)
    rare = np.arange(split.n_concepts) % 2 == 0
    questions = next(iter(synonym_questions(split, draw_synonyms(split, part="test", limit=500, seed=0))))
    groups = Groups(split, random_unit(split.n_concepts, dims=8, seed=1), rare).of(questions)
    assert (groups["answering disease is rare"] == rare[questions.answers]).all()
    assert not any(name.startswith("asking") for name in groups)
    assert any(name.startswith("nearest training name") for name in groups)


def test_pairs_are_grouped_where_there_are_enough_of_both_sorts() -> None:
    """Sixty pairs of which every other is true: a group of thirty has fifteen of each and is left out, one of sixty is kept."""
    labels, everything = np.arange(60) % 2 == 0, np.ones(60, dtype=bool)
    parts = with_whole("pairs", labels, {"some": np.arange(60) < 30, "all again": everything})
    assert {name: int(inside.sum()) for name, inside in parts.items()} == {"pairs": 60, "pairs, all again": 60}


def test_a_better_space_is_told_from_a_random_one_and_equal_ones_do_not_differ() -> None:
    """The paired interval of a planted gain leaves zero out; a space beside itself has no row."""
    split = random_split(5, n=150)
    ties = split.ties(["has_phenotype"]).toarray().astype(np.float32)
    planted = np.eye(split.n_concepts, dtype=np.float32) + ties
    planted /= np.linalg.norm(planted, axis=1, keepdims=True)
    poor, good = outcome_of(split, random_unit(split.n_concepts, dims=8, seed=1)), outcome_of(split, planted)
    assert compare([poor], [poor], settings=SETTINGS) == []
    (mrr,) = (row for row in compare([poor], [good], settings=SETTINGS) if row.metric == "mrr")
    assert mrr.right - mrr.left == pytest.approx(mrr.difference[0]) and mrr.difference[1] > 0 and mrr.p_value == 2 / SETTINGS.resamples
    back = compare([good], [poor], settings=SETTINGS)
    assert next(row for row in back if row.metric == "mrr").difference[0] == pytest.approx(-mrr.difference[0])


def test_other_questions_cannot_be_compared() -> None:
    """Two builds hold other rows out."""
    left, right = (outcome_of(split := random_split(seed, n=150), random_unit(split.n_concepts, dims=8, seed=1)) for seed in (5, 6))
    with pytest.raises(BuildMismatch, match="same build"):
        compare([left], [right], settings=SETTINGS)


def test_co_sharing_is_the_sum_over_subjects_of_a_plain_loop() -> None:
    """Each other subject votes with the cosine of the rows of ties, weighted by how rare a neighbor is."""
    rng = np.random.default_rng(2)
    upper = np.triu(rng.random((12, 12)) < 0.3, 1)
    neighbors = (upper | upper.T).astype(np.float32)
    ties = np.zeros((12, 12), dtype=np.float32)
    ties[:5, 6:] = neighbors[:5, 6:]
    rows = neighbors / np.sqrt(np.maximum(neighbors.sum(axis=0), 1))
    found = CoSharing(sharing_rows(csr_array(neighbors)), csr_array(ties)).scores(np.arange(4), np.arange(6, 12))
    for query in range(4):
        for place, candidate in enumerate(range(6, 12)):
            expected = 0.0
            for subject in range(12):
                if subject != query and ties[subject, candidate]:
                    norms = np.linalg.norm(rows[query]) * np.linalg.norm(rows[subject])
                    expected += float(rows[query] @ rows[subject] / norms) if norms else 0.0
            assert found[query, place] == pytest.approx(expected, abs=1e-5)


def test_ppmi_vectors_restore_the_matrix_of_ppmi() -> None:
    """With all its dimensions the products of both sides are the matrix, but for the lengths; a concept without ties has zeros."""
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((30, 30)) < 0.3, 1)
    neighbors = (upper | upper.T).astype(np.float32)
    neighbors[29] = neighbors[:, 29] = 0
    asking, answering = ppmi_vectors(csr_array(neighbors), dims=29, seed=0)
    degrees = neighbors.sum(axis=0)
    chance = np.outer(np.maximum(degrees, 1), np.maximum(degrees, 1))
    ppmi = np.where(neighbors > 0, np.maximum(np.log(degrees.sum() / chance), 0), 0)
    left, values, right = np.linalg.svd(ppmi)
    sides = [side[:29, :29] * np.sqrt(values[:29]) for side in (left, right.T)]
    sides = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides]
    assert asking[:29] @ answering[:29].T == pytest.approx(sides[0] @ sides[1].T, abs=1e-3)
    assert not asking[29].any() and not answering[29].any()


def test_ppmi_vectors_see_ties_between_two_kinds() -> None:
    """Diseases tied to phenotypes and to nothing else: the tied phenotype is nearer than one that is not."""
    ties = np.kron(np.eye(4), np.ones((5, 5)))
    neighbors = np.block([[np.zeros((20, 20)), ties], [ties.T, np.zeros((20, 20))]]).astype(np.float32)
    asking, answering = ppmi_vectors(csr_array(neighbors), dims=8, seed=0)
    cosines = asking[:20] @ answering[20:].T
    assert cosines[ties > 0].min() > 0.9 and cosines[ties == 0].max() < 0.1
