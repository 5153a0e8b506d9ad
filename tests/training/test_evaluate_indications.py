"""Approved drugs against failed ones: which pairs are asked about, a space that knows them, and random ones."""

from functools import partial

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS
from tests.training.evaluate_world import random_unit
from training.evaluate.bootstrap import bootstrap
from training.evaluate.indications import Indications, held_out_indications, measure_indications
from training.evaluate.pair_figures import auroc
from training.evaluate.scorers import Cosine, Degree, Difference
from training.evaluate.split import NumberedSplit, number_split

RELATIONS = (
    ("chebi:1", "treats", "mondo:0000001", "test"),
    ("chebi:1", "failed_for", "mondo:0000002", "test"),
    ("chebi:2", "failed_for", "mondo:0000001", "test"),
    ("chebi:2", "treats", "mondo:0000002", "train"),
    ("chebi:2", "failed_for", "mondo:0000002", "test"),
    ("chebi:3", "treats", "mondo:0000001", "test"),
    ("chebi:3", "failed_for", "mondo:0000001", "test"),
    ("chebi:3", "failed_for", "mondo:0000002", "validation"),
    ("chebi:3", "in_trial_for", "mondo:0000002", "test"),
)


def split_of(relations: tuple[tuple[str, str, str, str], ...]) -> NumberedSplit:
    """Drugs, then diseases, in the order of their CURIEs."""
    curies = sorted({end for subject, _, object_, _ in relations for end in (subject, object_)})
    concepts = [(curie, "drug" if curie.startswith("chebi") else "disease", "train") for curie in curies]
    return number_split(
        pl.DataFrame(concepts, schema=SPLIT_CONCEPTS.columns, orient="row"),
        pl.DataFrame([(curie, f"name of {curie}", "name", "train") for curie in curies], schema=SPLIT_NAMES.columns, orient="row"),
        pl.DataFrame([(*row, 1.0) for row in relations], schema=SPLIT_RELATIONS.columns, orient="row"),
    )


def tried(*, drugs: int = 30, diseases: int = 20, n: int = 150, seed: int = 0) -> Indications:
    """Distinct random pairs, each approved or not by the toss of a coin."""
    rng = np.random.default_rng(seed)
    cells = np.sort(rng.choice(drugs * diseases, n, replace=False))
    return Indications(cells // diseases, drugs + cells % diseases, rng.random(n) < 0.5, 0)


def test_a_pair_that_is_approved_anywhere_has_not_failed() -> None:
    """Failed and approved: approved where this part approves it, left out where another does; other parts and predicates are not asked."""
    split = split_of(RELATIONS)
    found = held_out_indications(split, part="test")
    pairs = [(split.curies[drug], split.curies[disease]) for drug, disease in zip(found.drugs, found.diseases, strict=True)]
    assert dict(zip(pairs, found.approved.tolist(), strict=True)) == {
        ("chebi:1", "mondo:0000001"): True, ("chebi:1", "mondo:0000002"): False,
        ("chebi:2", "mondo:0000001"): False, ("chebi:3", "mondo:0000001"): True,
    }
    assert found.contradicted == 2
    assert held_out_indications(split, part="validation").approved.tolist() == [False]


def test_pairs_of_one_sort_are_no_question() -> None:
    """Without a failed pair, or without any, there is no figure."""
    split = split_of(RELATIONS)
    vectors = random_unit(split.n_concepts, dims=4, seed=0)
    for part in ("validation", "cold"):
        assert measure_indications(held_out_indications(split, part=part), {"any": Cosine(vectors, vectors)}, about=part, resamples=10, seed=0) == []


def test_figures_are_those_of_scikit_learn() -> None:
    """AUROC and average precision of the cosine of each pair; the note tells what the pairs are."""
    pairs, vectors = tried(), random_unit(50, dims=8, seed=1)
    cosines = [float(vectors[a] @ vectors[b]) for a, b in zip(pairs.drugs, pairs.diseases, strict=True)]
    area, precision = measure_indications(pairs, {"any": Cosine(vectors, vectors)}, about="test", resamples=50, seed=0)
    assert (area.metric, area.about, area.n) == ("AUROC", "test", 150)
    assert area.interval.value == pytest.approx(roc_auc_score(pairs.approved, cosines))
    assert precision.interval.value == pytest.approx(average_precision_score(pairs.approved, cosines))
    n = int(pairs.approved.sum())
    assert area.note == f"{n} approved and {150 - n} failed pairs of 30 drugs; interval over drugs and diseases"


def test_a_space_that_knows_the_outcome_is_perfect() -> None:
    """Approved pairs all score above failed ones: 1, also in every resample; the mirrored score has 0."""
    pairs = tried()

    class Known:
        resolution = 0.0

        def __init__(self, sign: float) -> None:
            self.sheet = np.zeros((50, 50), dtype=np.float32)
            self.sheet[pairs.drugs, pairs.diseases] = sign * pairs.approved

        def scores(self, queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
            return self.sheet[queries][:, candidates]

    measures = measure_indications(pairs, {"right": Known(1.0), "wrong": Known(-1.0)}, about="test", resamples=50, seed=0)
    assert [list(each.interval) for each in measures if each.metric == "AUROC"] == [[1.0] * 3, [0.0] * 3]


def test_a_random_space_is_at_chance_and_so_is_one_that_cannot_tell() -> None:
    """Of 20 random spaces nearly all have .5 and the share of approved pairs inside; equal scores have exactly .5."""
    pairs = tried()
    scorers = {str(seed): Cosine(*[random_unit(50, dims=8, seed=seed)] * 2) for seed in range(20)}
    measures = measure_indications(pairs, scorers, about="test", resamples=200, seed=0)
    for metric, chance in (("AUROC", 0.5), ("AP", pairs.approved.mean())):
        assert sum(each.interval.low <= chance <= each.interval.high for each in measures if each.metric == metric) >= 17
    constant = measure_indications(pairs, {"same": Degree(np.zeros(50, dtype=np.float32))}, about="test", resamples=50, seed=0)
    assert list(constant[0].interval) == [0.5] * 3


def test_what_hangs_on_the_disease_alone_is_judged_on_diseases() -> None:
    """Outcome and score by disease, of 20 diseases: over drugs and diseases .5 is nearly always inside, over 400 pairs it often is not."""
    pairs = tried(n=400)
    easy = np.random.default_rng(1).random(50) < 0.5
    pairs = pairs._replace(approved=easy[pairs.diseases])
    counts = {str(seed): np.random.default_rng(seed).random(50).astype(np.float32) for seed in range(20)}
    measures = measure_indications(pairs, {name: Degree(each) for name, each in counts.items()}, about="test", resamples=200, seed=0)
    by_thing = [each.interval for each in measures if each.metric == "AUROC"]
    by_pair = [bootstrap(partial(auroc, each[pairs.diseases], pairs.approved), 400, resamples=200, seed=0) for each in counts.values()]
    assert [each.value for each in by_thing] == pytest.approx([each.value for each in by_pair])
    assert sum(each.low <= 0.5 <= each.high for each in by_thing) >= 17
    assert sum(each.low <= 0.5 <= each.high for each in by_pair) <= 12


def test_failures_that_training_knows_of_tell_what_approvals_do_not() -> None:
    """Two diseases with as many approvals, one with failures: only the difference tells which of their pairs failed."""
    approvals, failures = Degree(np.array([0, 0, 5, 5], dtype=np.float32)), Degree(np.array([0, 0, 0, 3], dtype=np.float32))
    pairs = Indications(np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3]), np.array([True, False, True, False]), 0)
    scorers = {"approvals": approvals, "difference": Difference(approvals, failures)}
    areas = {each.method: each.interval.value for each in measure_indications(pairs, scorers, about="test", resamples=10, seed=0) if each.metric == "AUROC"}
    assert areas == {"approvals": 0.5, "difference": 1.0}
    assert Difference(Cosine(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)), failures).resolution == Cosine.resolution
