"""Whether stated percentiles hold, and the curves that are drawn."""

from pathlib import Path

import numpy as np
import pytest

from generel.concepts.kinds import KINDS
from generel.concepts.tables import CALIBRATION, write_table
from generel.index.space_folder import CALIBRATION_FILE
from generel.query.calibration import calibrate
from tests.training.evaluate_world import random_split, random_unit
from training.evaluate.metrics import Ranks
from training.evaluate.outcomes import Outcome
from training.evaluate.pictures import draw_recall, draw_reliability, recall_curve
from training.evaluate.questions import Questions, relation_questions
from training.evaluate.reliability import measure_reliability, read_percentiles, stated_percentiles
from training.evaluate.settings import Settings
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit


def stated(split: NumberedSplit, vectors: np.ndarray, folder: Path) -> tuple[dict, dict]:
    """Percentiles of random and of held-out pairs, as a space of these vectors states them."""
    kinds = [KINDS[number] for number in split.kind_numbers]
    write_table(calibrate(vectors, kinds, seed=1), CALIBRATION, folder / CALIBRATION_FILE)
    asked = list(relation_questions(split, part="test", limit=2000, seed=0, families={}))
    space = SpaceVectors(vectors, np.zeros((split.n_concepts, len(KINDS)), dtype=np.float32), np.zeros(split.n_concepts, dtype=bool))
    return stated_percentiles(asked, split, space, read_percentiles(folder), seed=3)


def test_random_pairs_lie_where_the_percentile_says(tmp_path: Path) -> None:
    """Five in a hundred fresh random pairs are above the 95th percentile, and a tenth of them in each tenth."""
    split = random_split(3, n=150)
    random, true = stated(split, random_unit(split.n_concepts, dims=16, seed=2), tmp_path)
    (kinds,) = random
    assert kinds == "disease-phenotype" and set(true) == {kinds}
    counts = np.histogram(random[kinds], bins=10, range=(0, 100))[0] / len(random[kinds])
    assert counts == pytest.approx(np.full(10, 0.1), abs=0.02)
    measures = measure_reliability(random, true, settings=Settings(resamples=300))
    assert [each.about for each in measures] == ["disease-phenotype, random pairs", "disease-phenotype, held-out pairs"]
    assert measures[0].interval.low <= 5.0 <= measures[0].interval.high
    assert measures[0].interval.value == pytest.approx(100 * np.mean([value > 95 for value in random[kinds]]))


def test_a_planted_signal_lies_high(tmp_path: Path) -> None:
    """Where diseases point at their phenotypes, nearly all held-out pairs are above the 95th percentile."""
    split = random_split(3, n=150)
    vectors = np.eye(split.n_concepts, dtype=np.float32) + split.ties(["has_phenotype"]).toarray().astype(np.float32)
    random, true = stated(split, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), tmp_path)
    held_out = measure_reliability(random, true, settings=Settings(resamples=100))[1]
    assert held_out.interval.value > 80


def test_the_recall_curve_is_that_of_a_plain_count() -> None:
    """Ranks 1, 3 and 40 of 100 candidates: a third, two thirds from 3 on, all from 40 on."""
    questions = Questions("relations", "is_a", ("is_a",), "disease-disease", np.arange(3), np.arange(3), np.arange(100), None, 3)
    ranks = Ranks(np.array([0, 2, 39]), np.zeros(3, int), np.full(3, 99), np.ones(3), np.zeros(3), np.arange(3))
    k, recall = recall_curve(Outcome(questions, "generel cosine", "", ranks))
    assert k[0] == 1 and k[-1] == 100
    assert recall.tolist() == [sum(rank <= each for rank in (1, 3, 40)) / 3 for each in k]


def test_pictures_are_png_and_equal_for_equal_figures(tmp_path: Path) -> None:
    """Drawn twice, the files are the same; without anything asked there is none."""
    for name in ("a", "b"):
        draw_reliability({"disease-gene": np.linspace(0, 100, 50)}, {"disease-gene": np.linspace(50, 100, 50)}, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    draw_recall([], tmp_path / "none.png", titles={("relations", "is_a", "disease-disease"): "is a"})
    assert not (tmp_path / "none.png").exists()
