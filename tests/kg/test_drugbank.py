"""DrugBank's open vocabulary."""

from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from source_slices import assert_as_expected, files_of, keys_of, numbered_rows, read

from generel.concepts.errors import BadTable
from kg.harvest import Harvest
from kg.sources.drugbank import SOURCE


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("drugbank")


def test_what_chebi_said_is_left_to_chebi() -> None:
    """The statement that DB00682 is warfarin sodium is ChEBI's, and no mapping of this source."""
    mappings = read(SOURCE, files_of("drugbank")).mappings
    assert mappings.filter(pl.col("subject") == "drugbank:DB00682")["object"].to_list() == ["chebi:10033", "chembl.compound:CHEMBL1464"]


def test_missing_columns_are_named(tmp_path: Path) -> None:
    """A table without some columns is refused with those it lacks and those it has."""
    (tmp_path / "drugbank_mappings.tsv").write_text("DRUGBANK_ID\tNAME\nDB00682\tWarfarin\n")
    with pytest.raises(BadTable, match="lacks the columns NAMESPACE, ID, SOURCE; it has DRUGBANK_ID, NAME"):
        SOURCE.read({"drugbank_mappings.tsv": tmp_path / "drugbank_mappings.tsv"}, SOURCE)


@pytest.mark.slow
def test_no_line_is_lost_however_damaged(tmp_path: Path) -> None:
    """With damaged lines every line is still in a table, or ChEBI's, or set aside."""
    for seed in range(50):
        files = damaged_copies(files_of("drugbank"), tmp_path, victim="drugbank_mappings.tsv", seed=seed, times=8)
        try:
            assert_accounted_for(files["drugbank_mappings.tsv"], read(SOURCE, files))
        except BadTable as error:
            assert "drugbank_mappings.tsv" in str(error)


def assert_accounted_for(path: Path, harvest: Harvest) -> None:
    """Each line is a name, a mapping, one of ChEBI's, or set aside by its line or its drug; by a plain loop."""
    names = {row[0]: {row[1].casefold(), *(each.casefold() for each in row[2])} for row in harvest.concepts.select("curie", "name", "synonyms").iter_rows()}
    mapped = {(subject, object_.partition(":")[2]) for subject, object_ in harvest.mappings.select("subject", "object").iter_rows()}
    concepts, mappings = keys_of(harvest, "CONCEPTS"), keys_of(harvest, "MAPPINGS")
    for number, fields in numbered_rows(path):
        if f"{path.name}:{number}" in mappings:
            continue
        drug = "drugbank:" + fields[0].upper().rpartition(":")[2]
        if fields[1] == "NAME":
            assert drug in concepts or " ".join(fields[2].split()).casefold() in names[drug], (number, fields)
        elif (fields[1], fields[3]) != ("CHEBI", "chebi"):
            assert (drug, fields[2].rpartition(":")[2]) in mapped, (number, fields)
