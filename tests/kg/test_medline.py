"""Diseases written about together in MEDLINE."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from plain_lines import Fate, assert_fates, curie_as, mutate_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from kg.sources.medline import FILE, MEASURES, SOURCE, confidence

NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?|inf", re.ASCII)


def fates_of(path: Path) -> Iterator[Fate]:
    """What becomes of each line, by a plain loop in two passes: the threshold is over all pairs that can be read."""
    good: list[tuple[str, str, float, float, float] | None] = []
    for row in rows_of(path):
        ends = [curie_as(row[f"doid_code_{n}"], "doid") for n in "01"] if row else []
        left, right = sorted(end for end in ends if end) if row and all(ends) else ("", "")
        if not row or left == right or not all(NUMBER.fullmatch(row[name]) for name in MEASURES) or float(row["p_fisher"]) > 1:
            good.append(None)
        else:
            good.append((left, right, *(float(row[name]) for name in MEASURES)))
    threshold = 0.05 / max(1, len({each[:2] for each in good if each}))
    for each in good:
        if each is None or each[2] <= 1 or each[3] <= 1 or each[4] >= threshold:
            yield None
        else:
            log_odds = math.log(each[3])
            yield (each[0], "mentioned_with", each[1], 1.0 if math.isinf(log_odds) else log_odds / (log_odds + 1))


def test_the_slice_gives_the_expected_tables() -> None:
    """Relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("medline")
    assert_fates(read(SOURCE, files_of("medline")), fates_of(files_of("medline")[FILE]))


def test_the_two_directions_of_a_pair_are_one_relation() -> None:
    """Four lines about two pairs give two relations, the smaller CURIE first."""
    assert read(SOURCE, files_of("medline")).relations.select("subject", "object").rows() == [("doid:10652", "doid:14330"), ("doid:9352", "doid:9970")]


@pytest.mark.parametrize(("odds_ratio", "expected"), [(math.e, 0.5), (math.exp(3), 0.75), (math.inf, 1.0)])
def test_confidence_saturates_in_log_odds(odds_ratio: float, expected: float) -> None:
    """ln OR = 1 gives a half, 3 gives three quarters, infinite odds give 1."""
    assert pl.select(confidence(pl.lit(odds_ratio))).item() == pytest.approx(expected)


def test_no_line_is_lost_however_damaged(tmp_path: Path) -> None:
    """Of ten thousand damaged lines each is in a relation or set aside, as a plain loop has it."""
    files = {FILE: mutate_lines(files_of("medline")[FILE], tmp_path, n=10_000, seed=5)}
    assert_fates(read(SOURCE, files), fates_of(files[FILE]))


def test_a_damaged_header_is_refused_by_name(tmp_path: Path) -> None:
    """A file may be read or refused, nothing else."""
    for seed in range(50):
        files = damaged_copies(files_of("medline"), tmp_path, victim=FILE, seed=seed, times=6)
        try:
            assert_fates(read(SOURCE, files), fates_of(files[FILE]))
        except BadTable as error:
            assert FILE in str(error)


def test_the_whole_file_agrees_with_a_plain_loop() -> None:
    """17,556 lines are 8,778 pairs, of which 467 are above chance."""
    files = shared_files(SOURCE)
    harvest = read(SOURCE, files)
    fates = list(fates_of(files[FILE]))
    assert_fates(harvest, fates)
    assert (len(fates), harvest.relations.height) == (17_556, 467)
