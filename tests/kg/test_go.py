"""GO's terms: their kinds, what they mean, and what became of the ones given up."""

from pathlib import Path

import obonet
import polars as pl
import pytest
from mutations import damaged_copies
from plain_lines import curie_as
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from kg.sources import go


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings, relations and everything set aside are as written down beside the slice."""
    assert_as_expected("go")


def test_the_namespace_is_the_kind() -> None:
    """Processes, functions and components stand in one file."""
    kinds = dict(read(go.SOURCE, files_of("go")).concepts.select("curie", "kind").iter_rows())
    assert (kinds["go:0006094"], kinds["go:0004346"], kinds["go:0005575"]) == ("process", "function", "component")


def test_a_term_given_up_leads_to_the_one_that_replaces_it() -> None:
    """`replaced_by` says what it is now; `consider` does not."""
    mappings = read(go.SOURCE, files_of("go")).mappings.select("object", "subject").rows()
    assert ("go:0000001", "go:0006094") in mappings
    assert not any(retired == "go:0000002" for retired, _ in mappings)


def test_a_parent_in_another_namespace_is_none() -> None:
    """Is-a joins two of one kind."""
    assert ("go:0006094", "go:0003674") not in read(go.SOURCE, files_of("go")).relations.select("subject", "object").rows()


def test_the_release_is_read_from_the_header(tmp_path: Path) -> None:
    """None where the file names none."""
    assert go.version_of(files_of("go")) == "2024-06-17"
    (tmp_path / go.FILE).write_text("format-version: 1.2\n")
    assert go.version_of({go.FILE: tmp_path / go.FILE}) is None


def test_living_terms_are_those_that_obonet_reads(tmp_path: Path) -> None:
    """Names and parents of the slice's good terms are what obonet finds."""
    text = files_of("go")[go.FILE].read_text().partition("[Term]\nid: GO:0000005")[0]
    (tmp_path / go.FILE).write_text(text)
    theirs = obonet.read_obo(tmp_path / go.FILE)
    ours = read(go.SOURCE, {go.FILE: tmp_path / go.FILE})
    names = {node.lower(): data["name"] for node, data in theirs.nodes(data=True) if "name" in data}
    assert dict(ours.concepts.select("curie", "name").iter_rows()) == names
    edges = {(child.lower(), parent.lower()) for child, parent, _ in theirs.edges}
    assert set(ours.relations.select("subject", "object").iter_rows()) <= edges


def test_no_stanza_is_lost_however_damaged(tmp_path: Path) -> None:
    """Each [Term] is a concept, the mapping of an obsolete term, or set aside once."""
    for seed in range(40):
        files = damaged_copies(files_of("go"), tmp_path, victim=go.FILE, seed=seed)
        try:
            harvest = read(go.SOURCE, files)
        except BadTable as error:
            assert go.FILE in str(error)
            continue
        text = files[go.FILE].read_bytes().decode("utf-8", "replace")
        stanzas = [number for number, line in enumerate(text.split("\n"), start=1) if line.startswith("[") and line.strip() == "[Term]"]
        keys = {f"{go.FILE}:{number}" for number in stanzas}
        aside = harvest.set_aside.filter(pl.col("table") == "CONCEPTS")
        obsolete = aside.filter(pl.col("reason").str.starts_with("the term is obsolete"))["key"].to_list()
        lost = aside.filter(pl.col("key").is_in(sorted(keys)) & pl.col("reason").str.starts_with("the term"))["n"].sum()
        alternatives = {curie_as(line.partition(":")[2].strip(), "go") for line in text.split("\n") if line.startswith("alt_id:")}
        replaced = set(harvest.mappings["object"]) - alternatives
        assert harvest.concepts.height + lost + len(obsolete) + len(replaced) == len(stanzas), seed


def test_an_ontology_in_another_format_is_refused(tmp_path: Path) -> None:
    """OWL has no [Term]."""
    (tmp_path / go.FILE).write_text("<?xml version='1.0'?>\n")
    with pytest.raises(BadTable, match=r"go-basic\.obo has no \[Term\]"):
        go.read({go.FILE: tmp_path / go.FILE}, go.SOURCE)
