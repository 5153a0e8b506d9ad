"""The synthetic cohort: its slice, and that its ties say what they are."""

import pytest
from source_slices import assert_as_expected, files_of, keys_of, read

from kg.sources.synthetic_omop import COHORT, SOURCE


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, co-occurrences and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("synthetic_omop")


def test_the_patients_are_called_synthetic() -> None:
    """The record says that nothing in it was observed."""
    assert SOURCE.synthetic


def test_atrial_fibrillation_goes_with_warfarin() -> None:
    """12 of 14 patients have both: ln(12 * 14 / (12 * 12)) = 0.154; drugs are ingredients, read from their eras."""
    pairs = read(SOURCE, files_of("synthetic_omop")).cooccurrences.select("left", "right", "n_together", "n_left", "n_right", "n_patients", "ppmi").rows()
    assert pairs[0] == ("rxnorm:11289", "snomedct:44054006", 11, 12, 11, 14, pytest.approx(0.15415, abs=1e-5))
    assert pairs[1] == ("rxnorm:11289", "snomedct:49436004", 12, 12, 12, 14, pytest.approx(0.15415, abs=1e-5))


def test_codes_of_few_patients_are_numbers_only() -> None:
    """Osteoarthritis (2 patients) and insulin (7) are in no table, and SET_ASIDE does not name them."""
    harvest = read(SOURCE, files_of("synthetic_omop"))
    assert harvest.concepts["curie"].to_list() == ["rxnorm:11289", "snomedct:44054006", "snomedct:49436004"]
    assert keys_of(harvest, "CONCEPTS") == {COHORT: 2}
    assert keys_of(harvest, "COOCCURRENCES") == {COHORT: 2}
