"""The Human Disease Ontology: parents by label, cross-references by edition, and facets that say something."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest
from plain_lines import curie_as, mutate_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, BadTable, UnknownPrefix
from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME
from kg.harvest import Harvest, SetAside
from kg.sources import disease_ontology as do
from kg.sources.disease_facets import read_facets, relate_facets
from kg.sources.informative import mark_uninformative
from kg.sources.quotation import unquote

SOURCE = do.SOURCE


def relations(harvest: Harvest, predicate: str) -> set[tuple[str, str]]:
    return set(harvest.relations.filter(predicate=predicate).select("subject", "object").iter_rows())


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, mappings, relations and everything set aside are as written down beside the slice."""
    assert_as_expected("disease_ontology")


def test_a_label_of_two_diseases_names_no_parent() -> None:
    """The child of the twins has none; what has one label leads to its disease."""
    found = relations(read(SOURCE, files_of("disease_ontology")), "is_a")
    assert not any(child == "doid:3" for child, _ in found)
    assert ("doid:9352", "doid:9351") in found


def test_the_edition_of_snomed_is_no_prefix() -> None:
    """SNOMEDCT_US_2025_09_01:44054006 is SNOMED's code; MIM:PS603075 is a phenotypic series, no entry."""
    codes = set(read(SOURCE, files_of("disease_ontology")).mappings["object"])
    assert {"snomedct:44054006", "omim.ps:603075", "omim:125853"} <= codes


def test_what_goes_without_saying_is_left_out() -> None:
    """A retinal disease is in the retina; that it is in the eye and an anatomical structure follows. Three diseases are in the eye and no narrower place."""
    places = relations(read(SOURCE, files_of("disease_ontology")), "located_in")
    assert {place for disease, place in places if disease == "doid:10871"} == {"uberon:0000966"}
    assert {disease for disease, place in places if place == "uberon:0000970"} == {"doid:3010", "doid:3011", "doid:3012"}


def test_few_diseases_imply_nothing() -> None:
    """The two diseases of the pancreas are both in a gland, but two may be so by chance."""
    places = relations(read(SOURCE, files_of("disease_ontology")), "located_in")
    assert {place for disease, place in places if disease == "doid:9352"} == {"uberon:0001264", "uberon:0002530", "cl:0000169"}


def test_only_objects_that_are_related_are_concepts() -> None:
    """The anatomical structure, which all diseases have, is none."""
    curies = set(read(SOURCE, files_of("disease_ontology")).concepts["curie"])
    assert "uberon:0000061" not in curies
    assert {"uberon:0000966", "symp:0000567", "hp:0001959"} <= curies


def test_the_optional_files_can_be_done_without() -> None:
    """Without facets there are no definitions and places, without the OBO file no synonyms; the tree is there."""
    files = {name: path for name, path in files_of("disease_ontology").items() if name not in (do.FACETS, do.RARE)}
    harvest = read(SOURCE, files)
    assert harvest.concepts["definition"].null_count() == harvest.concepts.height
    assert set(harvest.relations["predicate"]) == {"is_a", "has_symptom"}
    assert do.version_of(files) is None
    assert do.version_of(files_of("disease_ontology")) == "2026-07-31"


def test_a_field_whose_marks_do_not_close_is_none() -> None:
    """Marks inside are doubled; a field without marks is as it is."""
    frame = pl.DataFrame({"x": ['"a ""b"" c"', "plain", '"open', '"a"b"', '""', '"', ' x"', '" a "']})
    assert unquote(frame, ["x"])["x"].to_list() == ['a "b" c', "plain", None, None, "", None, ' x"', "a"]


def test_the_narrowest_objects_are_those_of_a_plain_loop() -> None:
    """Thirty subjects with objects 'a' below 'b' below 'c', of which nearly all have 'c'."""
    pairs = [(f"s{n}", each) for n in range(30) for each in ("abc" if n < 6 else "bc" if n < 9 else "c" if n < 20 else "")]
    frame = pl.DataFrame([*pairs, ("s0", "d"), ("s29", "a")], schema=["subject", "object"], orient="row")
    marked = mark_uninformative(frame, n_subjects=30)
    assert set(marked.filter("upper")["object"]) == {"c"}
    has = {subject: set(rows["object"]) for (subject,), rows in frame.partition_by("subject", as_dict=True).items()}
    sizes = {each: sum(each in objects for objects in has.values()) for each in "abd"}
    always = {(a, b) for a in "abd" for b in "abd" if sizes[a] < sizes[b] and sizes[a] >= 5 and all(b in objects for objects in has.values() if a in objects)}
    expected = {(subject, b) for subject, objects in has.items() for b in objects if any((a, b) in always for a in objects)}
    assert set(marked.filter("implied").select("subject", "object").iter_rows()) == expected


def plain(path: Path, first: str) -> Iterator[tuple[str, Mapping[str, str]] | None]:
    """CURIE of the disease and the row, out of its quotation marks."""
    for row in rows_of(path):
        fields = unquote(pl.DataFrame([row]), list(row)).row(0, named=True) if row and any('"' in field for field in row.values()) else row
        curie = curie_as(fields[first], "doid") if fields and fields[first] else None
        yield (curie, fields) if fields and curie and None not in fields.values() else None


def cheap(path: Path, first: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """As `plain`, of a file without damage: all fields stand between marks, or none do."""
    for row in rows_of(path):
        fields = {name: field.strip('"') for name, field in (row or {}).items()}
        yield f"doid:{fields[first].removeprefix('DOID:')}", fields


def assert_tree(harvest: Harvest, rows: list[tuple[str, Mapping[str, str]] | None], facets: Mapping[str, str]) -> None:
    """Is-a relations are those of unique labels, and every other line of the terms is set aside."""
    named = [(curie, row) for curie, row in filter(None, rows) if row["label"]]
    first = {**facets, **{curie: row["label"] for curie, row in reversed(named)}}
    labels: dict[str, set[str]] = {}
    for curie, label in first.items():
        labels.setdefault(label, set()).add(curie)
    found = [(curie, *labels[row["subClassOf"]]) for curie, row in named if len(labels.get(row["subClassOf"], ())) == 1]
    kept = [pair for pair in found if pair[0] != pair[1]]
    assert relations(harvest, "is_a") == set(kept)
    aside = harvest.set_aside.filter(pl.col("key").str.starts_with("HumanDO.tsv:") | pl.col("key").str.contains("__HumanDO.tsv"))["n"].sum()
    assert aside == len(rows) - len(kept)


def test_no_term_is_lost_however_damaged(tmp_path: Path) -> None:
    """Fifteen hundred damaged lines are relations or set aside, as a plain loop has it."""
    files = {name: path for name, path in files_of("disease_ontology").items() if name not in (do.FACETS, do.RARE)}
    files |= {do.TERMS: mutate_lines(files[do.TERMS], tmp_path, n=1_500, seed=8)}
    assert_tree(read(SOURCE, files), list(plain(files[do.TERMS], "id")), {})


def code_of(xref: str) -> str | None:
    """The cross-reference as a code of diseases."""
    written = re.sub(r"^SNOMEDCT_US_\d{4}_\d{2}_\d{2}:", "SNOMEDCT_US:", re.sub(r"^MIM:PS(\d+)$", r"OMIMPS:\1", xref))
    try:
        code = Curie.parse(written)
    except (UnknownPrefix, BadIdentifier):
        return None
    return str(code) if Kind.DISEASE in BY_NAME[code.prefix].kinds or not BY_NAME[code.prefix].kinds else None


def test_no_cross_reference_is_lost_however_damaged(tmp_path: Path) -> None:
    """A thousand damaged lines are mappings or set aside, as a plain loop has it."""
    files = {name: path for name, path in files_of("disease_ontology").items() if name != do.RARE}
    files |= {do.XREFS: mutate_lines(files[do.XREFS], tmp_path, n=1_000, seed=9)}
    harvest = read(SOURCE, files)
    known = set(harvest.concepts.filter(kind="disease")["curie"])
    fates = [(each[0], code_of(each[1]["xref"])) if each and each[1]["label"] and each[0] in known else None for each in plain(files[do.XREFS], "id")]
    kept = {fate for fate in fates if fate and fate[1]}
    assert set(harvest.mappings.select("subject", "object").iter_rows()) == kept
    assert harvest.set_aside.filter(table="MAPPINGS")["n"].sum() == sum(not fate or not fate[1] for fate in fates)


def test_no_facet_is_lost_however_damaged(tmp_path: Path) -> None:
    """Two thousand damaged lines: each is read or set aside, and each that is read is a relation or set aside."""
    path = mutate_lines(files_of("disease_ontology")[do.FACETS], tmp_path, n=2_000, seed=10)
    aside = SetAside("x")
    rows = read_facets(path, set_aside=aside)
    n_lost = aside.frame()["n"].sum()
    assert rows.height + n_lost == sum(1 for _ in rows_of(path))
    related = relate_facets(rows, path=path, set_aside=aside)
    assert related.height + aside.frame()["n"].sum() - n_lost == rows.height


@pytest.mark.parametrize("victim", [do.SYMPTOMS, do.RARE])
def test_no_damage_stops_the_reader(tmp_path: Path, victim: str) -> None:
    """The tree is there whatever becomes of symptoms and synonyms."""
    files = files_of("disease_ontology")
    files |= {victim: mutate_lines(files[victim], tmp_path, n=1_000, seed=9, header=victim != do.RARE)}
    assert ("doid:9352", "doid:9351") in relations(read(SOURCE, files), "is_a")


def test_facets_cut_off_are_refused(tmp_path: Path) -> None:
    """An empty table has no header."""
    (tmp_path / do.FACETS).write_text("")
    with pytest.raises(BadTable, match=r"facets\.tsv has no rows"):
        do.read(files_of("disease_ontology") | {do.FACETS: tmp_path / do.FACETS}, SOURCE)


@pytest.mark.slow
def test_the_whole_files_give_what_a_plain_loop_gives() -> None:
    """The tree, the diseases, and the number of facets kept and set aside."""
    files = shared_files(SOURCE)
    harvest = do.read(files, SOURCE)
    facets = list(cheap(files[do.FACETS], "?id"))
    rows = list(cheap(files[do.TERMS], "id"))
    assert_tree(harvest, list(rows), {curie: row["?name"] for curie, row in facets})
    assert set(harvest.concepts.filter(kind="disease")["curie"]) == {curie for curie, _ in rows} | {curie for curie, _ in facets}
    told = ("anatomy", "cell_type", "symptom", "phenotype")
    wanted = {(curie, row["?import_id"]) for curie, row in facets if row["?facet"] in told and not row["?import_id"].startswith("UPHENO")}
    shown = harvest.relations.filter(pl.col("predicate") != "is_a").select("subject", pl.col("object").str.replace("(.*):", "")).height
    symptoms = {(curie, row["symptom_id"]) for curie, row in cheap(files[do.SYMPTOMS], "disease_id")}
    left_out = harvest.set_aside.filter(pl.col("reason").str.contains("third of the diseases|narrower object"))["n"].sum()
    assert len(wanted) - left_out <= shown <= len(wanted) - left_out + len(symptoms)
    assert sum(row["?facet"] not in told for _, row in facets) == harvest.set_aside.filter(reason="the facet is not read")["n"].sum()
