"""MONDO: diseases of people, their tree and cross-references."""

from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from source_slices import assert_as_expected, files_of, read
from test_ontology_json import assert_accounted_for

from generel.concepts.errors import BadTable
from kg.sources.mondo import SOURCE


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings, relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("mondo")


def test_a_disease_of_animals_that_people_have_too_is_kept(tmp_path: Path) -> None:
    """A term below both 'non-human animal disease' and 'human disease' is a disease of people."""
    files = files_of("mondo")
    both = files["mondo.json"].read_text().replace('"id": "1010003"', '"relations": {"is_a": ["0005583", "0700096"]}, "id": "1010003"', 1)
    both = both.replace('"relations": {\n   "is_a": [\n    "0005583"\n   ]\n  },\n  "xrefs"', '"xrefs"')
    (tmp_path / "mondo.json").write_text(both)
    harvest = read(SOURCE, {"mondo.json": tmp_path / "mondo.json"})
    assert "mondo:1010003" in harvest.concepts["curie"]
    assert "mondo:0005583" not in harvest.concepts["curie"]


def test_a_code_shared_by_two_diseases_has_half_the_confidence() -> None:
    """Of two diseases with one ICD-9 code at most one is the same thing, so each mapping counts a half."""
    mappings = read(SOURCE, files_of("mondo")).mappings
    assert dict(mappings.filter(pl.col("object") == "icd9cm:250").select("subject", "confidence").iter_rows()) == {"mondo:0005015": 0.5, "mondo:0005148": 0.5}


@pytest.mark.parametrize(("content", "message"), [("{}", "a JSON list of terms; it holds a dict"), ("[", "is not JSON"), ("", "is not JSON"), ("[" * 100_000, "is not JSON")])
def test_another_file_is_refused_by_name(content: str, message: str, tmp_path: Path) -> None:
    """What is no JSON list is refused with the file's name."""
    (tmp_path / "mondo.json").write_text(content)
    with pytest.raises(BadTable, match=rf"mondo\.json.*{message}"):
        SOURCE.read({"mondo.json": tmp_path / "mondo.json"}, SOURCE)


@pytest.mark.slow
def test_no_entry_is_lost_however_damaged(tmp_path: Path) -> None:
    """With damaged entries every entry, synonym, cross-reference and is-a is still in a table or set aside."""
    for seed in range(50):
        files = damaged_copies(files_of("mondo"), tmp_path, victim="mondo.json", seed=seed, times=8)
        assert_accounted_for(files["mondo.json"], read(SOURCE, files), prefix="mondo")
