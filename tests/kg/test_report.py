"""Counts and credits of a graph of a few rows."""

import polars as pl
from small_graphs import concepts_of, cooccurrences_of, graph_of, relations_of

from generel.concepts.tables import MERGES, SET_ASIDE
from kg.report import attribution, by_section, count_graph, count_licenses, count_split, license_records, totals
from kg.split import SplitSettings, make_split

GRAPH = graph_of(
    concepts_of(("mondo:1", "gout"), ("mondo:2", "flu"), ("hp:1", "Fever")),
    pl.concat([relations_of("mondo:2 has_phenotype hp:1", "mondo:2 is_a mondo:1"), relations_of("mondo:2 has_phenotype hp:1", source="t")]),
    cooccurrences=cooccurrences_of(("hp:1", "mondo:1", 3, 4, 5, 1.0)),
    merges=pl.DataFrame([("disease", "omim:1", "mondo:1")], schema=MERGES.columns, orient="row"),
    set_aside=pl.DataFrame([("s", "RELATIONS", "hgnc:1", "no concept has the identifier", 2), ("s", "RELATIONS", "hgnc:2", "no concept has the identifier", 3)], schema=SET_ASIDE.columns, orient="row"),
)
MANIFEST = {
    "counts": count_graph(GRAPH),
    "sources": {
        "s": {"title": "Source S", "version": "2025-01", "license": "CC0-1.0", "citation": "Doe J. S. 2025.", "homepage": "https://s.example", "synthetic": False},
        "t": {"title": "Source T", "version": "1.2", "license": "CC-BY-4.0", "citation": "Roe J. T. 2024.", "homepage": "https://t.example", "synthetic": True},
    },
}


def test_rows_are_counted_by_what_they_are_and_source() -> None:
    """Each section, in order, with the reasons of what was set aside summed up."""
    assert [tuple(record.values()) for record in count_graph(GRAPH)] == [
        ("concepts", "disease", "s", 2),
        ("concepts", "phenotype", "s", 1),
        ("relations", "has_phenotype", "s", 1),
        ("relations", "has_phenotype", "t", 1),
        ("relations", "is_a", "s", 1),
        ("co-occurrences", "c", "s", 1),
        ("merged identifiers", "disease", "", 1),
        ("set aside", "RELATIONS: no concept has the identifier", "s", 5),
    ]


def test_a_split_is_counted_by_part() -> None:
    """Nothing so small is held out."""
    counts = count_split(make_split(GRAPH, settings=SplitSettings()))
    assert [(record["section"], record["what"], record["n"]) for record in counts] == [
        ("split by predicate", "has_phenotype, train", 1),
        ("split by predicate", "is_a, train", 1),
        ("split by role", "name, train", 3),
        ("split by kind", "disease, train", 2),
        ("split by kind", "phenotype, train", 1),
    ]


def test_sections_and_totals() -> None:
    """Totals add up a section's counts."""
    assert [section for section, _ in by_section(count_graph(GRAPH))] == ["concepts", "relations", "co-occurrences", "merged identifiers", "set aside"]
    assert {row["section"]: row["n"] for row in totals(count_graph(GRAPH))}["relations"] == 3


def test_each_source_has_its_license_and_its_part() -> None:
    """How many concepts it names and relations it gives stand beside the license."""
    assert [(row["source"], row["license"], row["concepts"], row["relations"]) for row in license_records(MANIFEST)] == [("s", "CC0-1.0", 3, 2), ("t", "CC-BY-4.0", 0, 1)]


def test_every_source_is_credited() -> None:
    """Title, version, citation, homepage and license; made-up patients are called so."""
    text = attribution(MANIFEST)
    assert "Source S, 2025-01. Doe J. S. 2025. https://s.example License: CC0-1.0.\n" in text
    assert text.endswith("Source T, 1.2. Roe J. T. 2024. https://t.example License: CC-BY-4.0. Its patients are synthetic.")


def test_licenses_are_those_that_the_rows_bear() -> None:
    """A source may have several: its own stands first, with its concepts, and each other with the rows under it."""
    mixed = pl.concat([relations_of("mondo:2 has_phenotype hp:1"), relations_of("mondo:2 is_a mondo:1", license="CC-BY-NC-4.0"), relations_of("mondo:2 is_a mondo:1", source="t", license="CC-BY-4.0")])
    graph = graph_of(GRAPH.concepts, mixed, cooccurrences=GRAPH.cooccurrences)
    licenses = count_licenses(graph)
    manifest = MANIFEST | {"counts": count_graph(graph)}
    columns = ("source", "license", "concepts", "relations", "cooccurrences", "title")
    assert [tuple(row[column] for column in columns) for row in license_records(manifest, licenses)] == [
        ("s", "CC0-1.0", 3, 1, 1, "Source S"), ("s", "CC-BY-NC-4.0", 0, 1, 0, "Source S"), ("t", "CC-BY-4.0", 0, 1, 0, "Source T"),
    ]
    text = attribution(manifest, licenses)
    assert "https://s.example Licenses, each of a part of it: CC0-1.0, CC-BY-NC-4.0.\n" in text
    assert text.endswith("https://t.example License: CC-BY-4.0. Its patients are synthetic.")


def test_a_license_that_no_row_bears_is_still_told() -> None:
    """Concepts and mappings are under the source's own."""
    graph = graph_of(GRAPH.concepts, relations_of("mondo:2 is_a mondo:1", license="MIT"))
    manifest = {"counts": count_graph(graph), "sources": {"s": MANIFEST["sources"]["s"]}}
    assert [(row["license"], row["concepts"], row["relations"]) for row in license_records(manifest, count_licenses(graph))] == [("CC0-1.0", 3, 0), ("MIT", 0, 1)]
