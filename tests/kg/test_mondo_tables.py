"""MONDO's mapping sets (SSSOM) and its table of edges."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from plain_lines import Fate, assert_fates, curie_as, mutate_lines, plain_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, BadTable, UnknownPrefix
from generel.concepts.kinds import Kind
from generel.concepts.prefixes import BY_NAME, BY_SPELLING
from kg.harvest import Harvest
from kg.sources import mondo_edges, mondo_mappings

EDGES = "mondo_edges.tsv"


@pytest.mark.parametrize("name", ["mondo_mappings", "mondo_edges"])
def test_the_slice_gives_the_expected_tables(name: str) -> None:
    """Every table is as written down beside the slice."""
    assert_as_expected(name)


def test_the_word_of_a_mapping_is_kept() -> None:
    """An exact match is trusted more than a cross-reference, so assembly must know which it is."""
    mappings = read(mondo_mappings.SOURCE, files_of("mondo_mappings")).mappings
    words = dict(mappings.filter(subject="mondo:0005148").select("object", "predicate").iter_rows())
    assert (words["doid:9352"], words["icd9cm:250.00"]) == ("skos:exactMatch", "oboInOwl:hasDbXref")


def test_a_gene_or_phenotype_is_never_the_same_as_a_disease() -> None:
    """Identity does not cross kinds: rows to HGNC and HP are set aside by their prefix."""
    mappings = read(mondo_mappings.SOURCE, files_of("mondo_mappings")).mappings
    assert not mappings["object"].str.contains("^(hgnc|hp):").any()


def test_only_labels_that_say_obsolete_are_obsolete() -> None:
    """'obsoletion syndrome' is made up, and living."""
    mappings = read(mondo_mappings.SOURCE, files_of("mondo_mappings")).mappings
    assert "mondo:0099999" in mappings["subject"].to_list()


def test_rivals_for_one_code_share_the_confidence() -> None:
    """Two diseases claim OMIM:601665; at most one of them is right."""
    rows = read(mondo_mappings.SOURCE, files_of("mondo_mappings")).mappings.filter(object="omim:601665")
    assert rows["confidence"].to_list() == [0.5, 0.5]


def test_the_release_is_read_from_the_comments(tmp_path: Path) -> None:
    """The newest of the files' versions; none where no file says one."""
    assert mondo_mappings.version_of(files_of("mondo_mappings")) == "2026-08-04"
    (tmp_path / "x.tsv").write_text("subject_id\tsubject_label\tpredicate_id\tobject_id\n")
    assert mondo_mappings.version_of({"x": tmp_path / "x.tsv"}) is None


def mapping_of(row: Mapping[str, str] | None) -> tuple[str, str, str] | None:
    """What a line of a mapping set gives, by a plain loop."""
    subject = curie_as(row["subject_id"], "mondo") if row else None
    if not row or not subject or row["subject_label"].lower().split(" ")[0].split(",")[0] == "obsolete":
        return None
    if row["predicate_id"] not in ("skos:exactMatch", "oboInOwl:hasDbXref"):
        return None
    try:
        code = Curie.parse(row["object_id"])
    except (UnknownPrefix, BadIdentifier):
        return None
    usable = Kind.DISEASE in BY_NAME[code.prefix].kinds or not BY_NAME[code.prefix].kinds
    return (subject, row["predicate_id"], str(code)) if usable else None


def rows_of_set(path: Path) -> Iterator[Mapping[str, str] | None]:
    lines = [line for line in plain_lines(path) if not line.startswith("#")]
    names = [name.strip() for name in lines[0].split("\t")]
    for line in lines[1:]:
        fields = [field.strip() for field in line.split("\t")]
        yield dict(zip(names, fields, strict=True)) if len(fields) == len(names) and "\ufffd" not in line else None


def assert_mappings(harvest: Harvest, files: Mapping[str, Path]) -> None:
    fates = [mapping_of(row) for path in files.values() for row in rows_of_set(path)]
    assert set(harvest.mappings.select("subject", "predicate", "object").iter_rows()) == {fate for fate in fates if fate}
    assert harvest.set_aside["n"].sum() == sum(fate is None for fate in fates)


@pytest.mark.slow
def test_the_mappings_are_those_of_a_plain_loop() -> None:
    """All mapping sets of a release, line by line."""
    files = shared_files(mondo_mappings.SOURCE)
    assert_mappings(mondo_mappings.read(files, mondo_mappings.SOURCE), files)


def test_no_mapping_is_lost_however_damaged(tmp_path: Path) -> None:
    """Two thousand damaged lines are mappings or set aside, as a plain loop has it."""
    path = files_of("mondo_mappings")["exactmatch_doid.sssom.tsv"]
    lines = [line for line in path.read_text().splitlines(keepends=True) if not line.startswith("#")]
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / path.name).write_text("".join(lines))
    files = {path.name: mutate_lines(tmp_path / "plain" / path.name, tmp_path, n=2_000, seed=3)}
    assert_mappings(read(mondo_mappings.SOURCE, files), files)


def fates_of_edges(path: Path) -> Iterator[Fate]:
    """What becomes of each edge, by a plain loop."""
    prefixes = {"mondo": "D", "hp": "P", "uberon": "A", "cl": "A", "go": "B"}
    ours = {
        ("RO:0004029", "DP"): "has_phenotype", ("http://purl.obolibrary.org/obo/mondo#disease_has_major_feature", "DP"): "has_phenotype",
        ("RO:0004026", "DA"): "located_in", ("RO:0004027", "DA"): "located_in",
        ("http://purl.obolibrary.org/obo/mondo#predisposes_towards", "DD"): "predisposes_to",
    }
    for row in rows_of(path):
        fate: Fate = None
        if row:
            x, y = (parse(row[end]) for end in "xy")
            kinds = "".join(prefixes.get(end.partition(":")[0], "?") for end in (x, y))
            address = re.fullmatch(r"https?://identifiers\.org/hgnc[/:](?:HGNC:)?([0-9]+)", row["y"])
            gene = f"hgnc:{address[1]}" if address else y if y.startswith("hgnc:") else ""
            if row["p"] == "RO:0004003" and kinds[0] == "D" and gene:
                fate = (gene, "gene_of_disease", x, 1.0)
            elif row["p"] == "rdfs:subClassOf" and kinds in ("DD", "PP", "AA", "BB"):
                fate = (x, "is_a", y, 1.0)
            elif (row["p"], kinds) in ours:
                fate = (x, ours[row["p"], kinds], y, 1.0)
        yield None if fate and fate[0] == fate[2] else fate


@cache
def parse(text: str) -> str:
    # Unknown prefixes are many, and looking for the nearest known one takes long.
    if ":" in text and text.partition(":")[0].strip().lower() not in BY_SPELLING:
        return ""
    try:
        return str(Curie.parse(text))
    except (UnknownPrefix, BadIdentifier):
        return ""


@pytest.mark.slow
def test_the_edges_are_those_of_a_plain_loop() -> None:
    """Every statement of MONDO's release is a relation or set aside."""
    files = shared_files(mondo_edges.SOURCE)
    assert_fates(mondo_edges.read(files, mondo_edges.SOURCE), fates_of_edges(files[EDGES]))


def test_no_edge_is_lost_however_damaged(tmp_path: Path) -> None:
    """Three thousand damaged lines are relations or set aside, as a plain loop has it."""
    path = mutate_lines(files_of("mondo_edges")[EDGES], tmp_path, n=3_000, seed=5)
    assert_fates(read(mondo_edges.SOURCE, {EDGES: path}), fates_of_edges(path))


def test_the_release_itself_is_read_too(tmp_path: Path) -> None:
    """KGX calls the columns otherwise, and puts its own predicate beside that of the relation ontology."""
    header = "id\tsubject\tpredicate\tobject\trelation\tknowledge_source\n"
    rows = [("MONDO:0000004", "biolink:subclass_of", "MONDO:0002816", "rdfs:subClassOf"), ("MONDO:0008692", "biolink:related_to", "http://identifiers.org/hgnc/7467", "RO:0004003")]
    (tmp_path / EDGES).write_text(header + "".join(f"urn:uuid:1\t{'	'.join(row)}\tmondo.json\n" for row in rows))
    relations = read(mondo_edges.SOURCE, {EDGES: tmp_path / EDGES}).relations
    assert relations.select("subject", "predicate", "object").rows() == [("hgnc:7467", "gene_of_disease", "mondo:0008692"), ("mondo:0000004", "is_a", "mondo:0002816")]


def test_missing_columns_are_named(tmp_path: Path) -> None:
    """Another table is refused with the columns that it has."""
    (tmp_path / EDGES).write_text("a\tb\n1\t2\n")
    with pytest.raises(BadTable, match=r"lacks the columns x, p, y; it has a, b"):
        mondo_edges.read({EDGES: tmp_path / EDGES}, mondo_edges.SOURCE)


def test_confidences_stay_between_0_and_1() -> None:
    """A mapping without rivals is certain."""
    confidences = read(mondo_mappings.SOURCE, files_of("mondo_mappings")).mappings.select(pl.col("confidence").min().alias("least"), pl.col("confidence").max().alias("most"))
    assert confidences.row(0) == (0.5, 1.0)
