"""ChEBI: which molecules are drugs, what they do, and their other identifiers."""

import json
from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from source_slices import assert_as_expected, files_of, keys_of, numbered_rows, read
from test_ontology_json import assert_accounted_for, canonical

from generel.concepts.errors import BadTable
from kg.harvest import Harvest
from kg.sources.chebi import SOURCE

TABLES = {"chebi_to_chembl.tsv": ("CHEMBL", "chembl.compound"), "chebi_to_pubchem.tsv": ("PUBCHEM", "pubchem.compound"), "cas_to_chebi.tsv": ("CAS", "cas")}


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings, relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("chebi")


def test_a_term_is_kept_for_drugbank_or_mesh_and_no_other_reason(tmp_path: Path) -> None:
    """Without DrugBank's lines, only what MeSH's drug descriptors map to is left, not what supplementary records do."""
    empty = tmp_path / "drugbank_mappings.tsv"
    empty.write_text("DRUGBANK_ID\tNAMESPACE\tID\tSOURCE\n")
    harvest = read(SOURCE, files_of("chebi") | {"drugbank_mappings.tsv": empty})
    assert harvest.concepts["name"].to_list() == ["warfarin", "anticoagulant"]


def test_an_older_identifier_leads_to_the_term_of_today() -> None:
    """A line about CHEBI:10034, now part of CHEBI:10033, is about warfarin."""
    mappings = read(SOURCE, files_of("chebi")).mappings
    assert mappings.filter(pl.col("object") == "chembl.compound:CHEMBL1465")["subject"].to_list() == ["chebi:10033"]


def test_roles_are_the_definition_but_for_metabolites() -> None:
    """warfarin's roles are anticoagulant and mouse metabolite; only the first says what it does."""
    concepts = read(SOURCE, files_of("chebi")).concepts
    assert dict(concepts.select("name", "definition").iter_rows())["warfarin"] == "Role: anticoagulant."


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["chebi.json", *TABLES, "drugbank_mappings.tsv", "mesh_mappings.tsv"])
def test_no_line_is_lost_however_damaged(victim: str, tmp_path: Path) -> None:
    """With damaged files every term, and every line of the tables, is still in a table or set aside."""
    for seed in range(15):
        files = damaged_copies(files_of("chebi"), tmp_path, victim=victim, seed=seed, times=8)
        try:
            harvest = read(SOURCE, files)
        except BadTable as error:
            assert victim in str(error)
            continue
        if victim == "chebi.json":
            assert_accounted_for(without_xrefs(files[victim]), harvest, prefix="chebi")
        for name, (column, prefix) in TABLES.items():
            assert_table_accounted_for(files[name], harvest, column=column, prefix=prefix)


def without_xrefs(path: Path) -> Path:
    """The file without cross-references, which ChEBI's has none of and its reader does not look at."""
    entries = json.loads(path.read_bytes())
    for entry in entries:
        if isinstance(entry, dict):
            entry.pop("xrefs", None)
    path.write_text(json.dumps(entries))
    return path


def assert_table_accounted_for(path: Path, harvest: Harvest, *, column: str, prefix: str) -> None:
    """As many lines are neither a mapping nor set aside by number as are counted as of terms not kept."""
    now = dict(harvest.mappings.filter(pl.col("predicate") == "alt_id").select("object", "subject").iter_rows())
    mapped = set(harvest.mappings.select("subject", "object").iter_rows())
    _, header = numbered_rows(path, has_header=False)[0]
    chebi, other = header.index("CHEBI"), header.index(column)
    aside = keys_of(harvest, "MAPPINGS")
    left = 0
    for number, fields in numbered_rows(path):
        if f"{path.name}:{number}" not in aside:
            curie = str(canonical("chebi", fields[chebi]))
            left += (now.get(curie, curie), canonical(prefix, fields[other])) not in mapped
    assert left == aside.get(path.name, 0)
