"""HGNC: genes, their other identifiers, and withdrawn symbols."""

from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from source_slices import assert_as_expected, files_of, keys_of, numbered_rows, read

from generel.concepts.errors import BadTable
from kg.harvest import Harvest
from kg.sources.hgnc import SOURCE


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("hgnc")


def test_a_withdrawn_symbol_is_followed_to_the_gene_of_today() -> None:
    """HGNC:100 became HGNC:2620, itself withdrawn for CYP2C9: both lead to CYP2C9."""
    mappings = read(SOURCE, files_of("hgnc")).mappings.filter(pl.col("predicate") == "alt_id")
    assert mappings.select("object", "subject").rows() == [("hgnc:100", "hgnc:2623"), ("hgnc:2620", "hgnc:2623")]


def test_a_protein_of_two_genes_is_half_of_each() -> None:
    """Histone H4 is made by several genes: its UniProt entry cannot be one of them with certainty."""
    mappings = read(SOURCE, files_of("hgnc")).mappings.filter(pl.col("object") == "uniprot:P62805")
    assert mappings.select("subject", "confidence").rows() == [("hgnc:4781", 0.5), ("hgnc:4788", 0.5)]


def test_missing_columns_are_named_together(tmp_path: Path) -> None:
    """A table without some columns is refused with those it lacks and those it has."""
    (tmp_path / "hgnc_entries.tsv").write_text("HGNC ID\tApproved symbol\nHGNC:5\tA1BG\n")
    with pytest.raises(BadTable, match=r"hgnc_entries\.tsv lacks the columns Approved name, Status, Alias symbols.*; it has HGNC ID, Approved symbol"):
        SOURCE.read({"hgnc_entries.tsv": tmp_path / "hgnc_entries.tsv"}, SOURCE)


@pytest.mark.slow
def test_no_line_is_lost_however_damaged(tmp_path: Path) -> None:
    """With damaged lines every line, and every identifier on a gene's line, is still in a table or set aside."""
    for seed in range(50):
        files = damaged_copies(files_of("hgnc"), tmp_path, victim="hgnc_entries.tsv", seed=seed, times=8)
        try:
            assert_accounted_for(files["hgnc_entries.tsv"], read(SOURCE, files))
        except BadTable as error:
            assert "hgnc_entries.tsv" in str(error)


def assert_accounted_for(path: Path, harvest: Harvest) -> None:
    """Each line is a gene, a withdrawn symbol that leads to one, or set aside once; by a plain loop."""
    genes, retired = set(harvest.concepts["curie"]), set(harvest.mappings.filter(pl.col("predicate") == "alt_id")["object"])
    references = {curie: {object_.partition(":")[2] for object_ in group["object"]} for (curie,), group in harvest.mappings.partition_by("subject", as_dict=True).items()}
    concepts, mappings = keys_of(harvest, "CONCEPTS"), keys_of(harvest, "MAPPINGS")
    rows = numbered_rows(path)
    for number, fields in rows:
        key, curie = f"{path.name}:{number}", "hgnc:" + fields[0].upper().replace("HGNC_", "").replace("HGNC:", "").strip()
        assert concepts.get(key, 0) + (curie in genes or curie in retired) >= 1, (number, fields)
        assert concepts.get(key, 0) <= 1
        if key not in concepts and curie in genes:
            written = [each.strip() for column in (5, 6, 10) for each in fields[column].split(",") if each.strip()]
            missing = [each for each in written if each.partition(".")[0].upper() not in {known.upper() for known in references.get(curie, ())}]
            assert len(missing) == mappings.get(key, 0), (number, missing)
    assert set(concepts) <= {f"{path.name}:{number}" for number, _ in rows}
    assert len(genes | retired) + len(concepts) == len(rows)
