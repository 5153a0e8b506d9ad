"""Hetionet: nodes, edges and the licenses of what it was made from."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from plain_lines import SHARED, Fate, assert_fates, curie_as, mutate_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from generel.concepts.predicates import BY_NAME
from kg.harvest import Harvest
from kg.sources.hetionet import EDGES, METAEDGES, METANODES, NODES, SOURCE

KINDS = {each.name: each for each in METANODES}
RECORDS = {each.metaedge: each for each in METAEDGES}


def nodes_of(path: Path) -> dict[str, tuple[str, str]]:
    """CURIE and kind of each node that has one, by a plain loop."""
    nodes: dict[str, tuple[str, str]] = {}
    for row in rows_of(path):
        metanode, _, identifier = row["id"].partition("::") if row else ("", "", "")
        if row and metanode == row["kind"] in KINDS and row["name"]:
            revised = identifier.split("_r") if metanode == "Pathway" else [identifier]
            curie = curie_as(identifier, KINDS[metanode].prefix)
            if len(revised) == 2 and revised[0].startswith("WP") and revised[1].isdecimal() and revised[1].isascii():
                curie = curie_as(revised[0], "wikipathways") or curie
            if curie and curie not in {known for known, _ in nodes.values()}:
                nodes[row["id"]] = (curie, metanode)
    return nodes


def fates_of(path: Path, nodes: Mapping[str, tuple[str, str]]) -> Iterator[Fate]:
    """What becomes of each edge, by a plain loop."""
    for row in rows_of(path):
        record = RECORDS.get(row["metaedge"]) if row else None
        if not row or not record or row["source"] not in nodes or row["target"] not in nodes:
            yield None
            continue
        (left, left_kind), (right, right_kind) = nodes[row["source"]], nodes[row["target"]]
        subject, object_ = (right, left) if record.turned else (left, right)
        fits = (left_kind, right_kind) == (record.source, record.target)
        yield (subject, record.predicate, object_, record.confidence) if fits else None


def assert_accounted_for(files: Mapping[str, Path], harvest: Harvest) -> None:
    """Every edge and every node is in its table or set aside."""
    assert_fates(harvest, fates_of(files[EDGES], nodes_of(files[NODES])))
    lost = harvest.set_aside.filter(pl.col("table") == "CONCEPTS")["n"].sum()
    assert harvest.concepts.height + lost == sum(1 for _ in rows_of(files[NODES]))


def test_the_slice_gives_the_expected_tables() -> None:
    """All 24 metaedges, and a line for each fault."""
    assert_as_expected("hetionet")
    assert_accounted_for(files_of("hetionet"), read(SOURCE, files_of("hetionet")))


def test_every_metaedge_becomes_a_predicate_that_takes_its_kinds() -> None:
    """The kinds of the two ends, the right way round, are among those of the predicate's record."""
    for each in METAEDGES:
        subject, object_ = (each.target, each.source) if each.turned else (each.source, each.target)
        assert KINDS[subject].kind in BY_NAME[each.predicate].subjects, each
        assert KINDS[object_].kind in BY_NAME[each.predicate].objects, each
    assert len(RECORDS) == len(METAEDGES) == 24


def test_side_effects_keep_siders_license_and_gene_functions_theirs() -> None:
    """The source as a whole is under no one license, so that no list of allowed ones lets it pass by mistake."""
    licenses = dict(read(SOURCE, files_of("hetionet")).relations.select("predicate", "license").iter_rows())
    assert licenses["has_side_effect"] == "CC-BY-NC-SA-4.0"
    assert licenses["has_function"] == "CC-BY-4.0"
    assert "CC-BY-NC-4.0" in licenses["binds"]
    assert SOURCE.license.startswith("mixed")


def test_a_gene_that_an_anatomy_upregulates_is_raised_in_it() -> None:
    """`Anatomy upregulates Gene` reads the other way round here; so do a disease's genes, and a class that includes a compound."""
    rows = set(read(SOURCE, files_of("hetionet")).relations.select("subject", "predicate", "object").iter_rows())
    assert ("ncbigene:1559", "expression_raised_in", "uberon:0002113") in rows
    assert ("ncbigene:1559", "gene_associated_with", "doid:9744") in rows
    assert ("drugbank:DB00682", "is_a", "ndfrt:N0000175980") in rows


def test_a_pathway_of_wikipathways_loses_its_revision() -> None:
    """WP254_r72110 is wikipathways:WP254; PC7_10399 is of Pathway Commons."""
    pathways = read(SOURCE, files_of("hetionet")).concepts.filter(pl.col("kind") == "pathway")
    assert pathways["curie"].to_list() == ["pathwaycommons:PC7_10399", "wikipathways:WP254"]


@pytest.mark.parametrize("victim", [NODES, EDGES])
def test_no_line_is_lost_however_damaged(victim: str, tmp_path: Path) -> None:
    """Of ten thousand damaged lines each is in a table or set aside, and the relations are those of a plain loop."""
    files = files_of("hetionet")
    files |= {victim: mutate_lines(files[victim], tmp_path, n=10_000, seed=1)}
    assert_accounted_for(files, read(SOURCE, files))


def test_a_damaged_header_is_refused_by_name(tmp_path: Path) -> None:
    """A file may be read or refused, nothing else."""
    for seed in range(15):
        for victim in (NODES, EDGES):
            files = damaged_copies(files_of("hetionet"), tmp_path, victim=victim, seed=seed, times=6)
            try:
                assert_accounted_for(files, read(SOURCE, files))
            except BadTable as error:
                assert victim in str(error)


def test_all_metaedges_of_the_whole_are_mapped() -> None:
    """The list of metaedges that comes with Hetionet names none that we do not know."""
    path = SHARED / "hetionet/hetionet__metaedges.tsv"
    if not path.exists():
        pytest.skip("../shared/data has no hetionet__metaedges.tsv")
    assert {row["abbreviation"] for row in rows_of(path) if row} == set(RECORDS)


@pytest.mark.slow
def test_the_whole_file_agrees_with_a_plain_loop() -> None:
    """47,031 nodes and all edges are kept."""
    files = shared_files(SOURCE)
    harvest = read(SOURCE, files)
    nodes = {row["id"] for row in rows_of(files[NODES]) if row}
    edges = list(fates_of(files[EDGES], _nodes_at_once(files[NODES])))
    assert harvest.concepts.height == len(nodes) == 47_031
    assert_fates(harvest, edges)
    assert harvest.relations.height == len(edges)


def _nodes_at_once(path: Path) -> dict[str, tuple[str, str]]:
    """As `nodes_of`, of a file without repeats."""
    nodes = {}
    for row in rows_of(path):
        assert row
        metanode, _, identifier = row["id"].partition("::")
        prefix = "wikipathways" if identifier.startswith("WP") else KINDS[metanode].prefix
        nodes[row["id"]] = (str(curie_as(identifier.split("_r")[0], prefix)), metanode)
    return nodes
