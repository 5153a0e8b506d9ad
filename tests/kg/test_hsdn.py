"""The human symptoms-disease network."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutations import damaged_copies
from plain_lines import Fate, assert_fates, curie_as, mutate_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from kg.sources.hsdn import FILE, SOURCE

NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def fates_of(path: Path) -> Iterator[Fate]:
    """What becomes of each line, by a plain loop."""
    for row in rows_of(path):
        if not row or not NUMBER.fullmatch(row["tfidf_score"]):
            yield None
            continue
        score, symptom, disease = float(row["tfidf_score"]), curie_as(row["symptom_id"], "mesh"), curie_as(row["doid_code"], "doid")
        named, own = row["symptom_name"] and row["doid_name"], symptom == curie_as(row["disease_id"], "mesh")
        good = symptom and disease and 0 < score < math.inf and named and not own
        yield (disease, "has_symptom", symptom, score / (score + 10)) if symptom and disease and good else None


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("hsdn")
    assert_fates(read(SOURCE, files_of("hsdn")), fates_of(files_of("hsdn")[FILE]))


def test_confidence_is_half_at_ten_and_stays_below_one() -> None:
    """A score of 10 gives 0.5, one of 90 gives 0.9; the better of two rows of a pair counts."""
    confidences = dict(read(SOURCE, files_of("hsdn")).relations.select("object", "confidence").filter(disease_is("doid:9352")).iter_rows())
    assert confidences == {"mesh:D011141": 0.5, "mesh:D010146": 0.9}


def disease_is(curie: str) -> list[bool]:
    """Which rows of the slice's relations are of the disease."""
    return [subject == curie for subject in read(SOURCE, files_of("hsdn")).relations["subject"]]


def test_no_line_is_lost_however_damaged(tmp_path: Path) -> None:
    """Of ten thousand damaged lines each is a relation or set aside, as a plain loop has it."""
    files = {FILE: mutate_lines(files_of("hsdn")[FILE], tmp_path, n=10_000, seed=4)}
    assert_fates(read(SOURCE, files), fates_of(files[FILE]))


def test_a_damaged_header_is_refused_by_name(tmp_path: Path) -> None:
    """A file may be read or refused, nothing else."""
    for seed in range(50):
        files = damaged_copies(files_of("hsdn"), tmp_path, victim=FILE, seed=seed, times=6)
        try:
            assert_fates(read(SOURCE, files), fates_of(files[FILE]))
        except BadTable as error:
            assert FILE in str(error)


def test_the_whole_file_agrees_with_a_plain_loop() -> None:
    """10,465 lines: one disease is its own symptom, and 219 pairs stand in two lines."""
    files = shared_files(SOURCE)
    harvest = read(SOURCE, files)
    fates = list(fates_of(files[FILE]))
    assert_fates(harvest, fates)
    assert (len(fates), fates.count(None), harvest.relations.height) == (10_465, 1, 10_245)


@pytest.mark.parametrize("score", ["1e999", "0", "nan", "-3", "inf"])
def test_a_score_that_is_no_finite_number_above_zero_is_set_aside(score: str, tmp_path: Path) -> None:
    """Numbers beyond float64 are none."""
    header = "symptom_name\tdisease_name\tcooccurs\ttfidf_score\tdisease_id\tsymptom_id\tdoid_code\tdoid_name"
    (tmp_path / FILE).write_text(f"{header}\nPain\tMigraine\t3\t{score}\tD008881\tD010146\tDOID:6364\tmigraine\n")
    harvest = read(SOURCE, {FILE: tmp_path / FILE})
    assert (harvest.relations.height, harvest.set_aside["reason"].to_list()) == (0, ["the score is no number above 0"])
