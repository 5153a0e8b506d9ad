"""SSSOM read and written: mappings, their kinds, and what denies them."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_exports import MANIFEST, damaged_copy, made_of, merges_of, n_set_aside, read_own, reasons, written
from small_graphs import concepts_of, relations_of

from generel.concepts.errors import BadTable
from kg.interchange.sssom import FORMAT
from kg.interchange.sssom_export import write_sssom

REAL = Path(__file__).parents[2] / ".." / "shared" / "data" / "ontology" / "mondo"
LINES = (
    "#curie_map:",
    "#  MONDO: http://purl.obolibrary.org/obo/MONDO_",
    '#  dis: "http://purl.obolibrary.org/obo/DOID_"',
    "#  acme: https://acme.example/",
    "#license: https://creativecommons.org/publicdomain/zero/1.0/",
    "#mapping_set_version: 2025-01-01",
    "subject_id\tsubject_label\tpredicate_id\tpredicate_modifier\tobject_id\tmapping_justification\tconfidence",
    "MONDO:0005148\ttype 2 diabetes mellitus\tskos:exactMatch\t\tdis:9352\tsemapv:ManualMappingCuration\t0.9",
    "MONDO:0005148\t\"type 2 \"\"diabetes\"\"\"\tskos:broadMatch\t\tUMLS:C0011849\tsemapv:LexicalMatching\t",
    "MONDO:0005148\t\towl:equivalentClass\t\tmesh:D003924\tsemapv:LexicalMatching\t0.5",
    "MONDO:0005148\t\tskos:exactMatch\tNot\tmesh:D003920\tsemapv:ManualMappingCuration\t1",
    "MONDO:0005148\t\tskos:exactMatch\t\tsssom:NoTermFound\tsemapv:ManualMappingCuration\t",
    "MONDO:0005148\t\tskos:exactMatch\t\tacme:1\tsemapv:ManualMappingCuration\t",
    "MONDO:0005148\t\tskos:exactMatch\t\tDOID:9352\tsemapv:ManualMappingCuration\t",
    "MONDO:0005148\t\tskos:exactMatch\t\tHGNC:11641\tsemapv:ManualMappingCuration\t",
    "MONDO:0005148\t\tskos:exactMatch\t\tEFO:0001360\tsemapv:ManualMappingCuration\t90%",
    "UMLS:C0011860\t\tskos:exactMatch\t\tMESH:D003924\tsemapv:ManualMappingCuration\t",
    "MEDGEN:41523\t\tskos:exactMatch\t\tMONDO:0005148\tsemapv:ManualMappingCuration\t",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, "mappings.sssom.tsv", *LINES)


def test_mappings_are_read_with_their_confidence(file: Path) -> None:
    """A prefix of the file's own is read by its address; equivalent classes are exact matches; words that are wider stay what they are."""
    assert read_own(FORMAT, {"file": file}).mappings.select("subject", "predicate", "object", "kind", "confidence").rows() == [
        ("medgen:41523", "skos:exactMatch", "mondo:0005148", "disease", 1.0),
        ("mondo:0005148", "skos:broadMatch", "umls:C0011849", "disease", 1.0),
        ("mondo:0005148", "skos:exactMatch", "doid:9352", "disease", 0.9),
        ("mondo:0005148", "skos:exactMatch", "mesh:D003924", "disease", 0.5),
    ]


def test_what_is_no_mapping_is_set_aside(file: Path) -> None:
    """Denied ones above all."""
    assert reasons(read_own(FORMAT, {"file": file}), "MAPPINGS") == {
        "mappings.sssom.tsv:11": "the mapping is denied",
        "mappings.sssom.tsv:12": "says that there is no such term",
        "mappings.sssom.tsv:13": "the object is not an identifier of a known prefix",
        "mappings.sssom.tsv:14": "repeats a mapping",
        "mappings.sssom.tsv:15": "the identifiers name no concepts of one kind",
        "mappings.sssom.tsv:16": "the confidence is not a number from 0 to 1",
        "mappings.sssom.tsv:17": "the identifiers can name several kinds; the setting 'kind' says which",
    }


def test_rivals_share_the_confidence(tmp_path: Path) -> None:
    """One code for two diseases is half of each, times what the file says."""
    file = written(tmp_path, "m.tsv", "subject_id\tpredicate_id\tobject_id\tconfidence", "MONDO:0005148\tskos:exactMatch\tUMLS:C0011860\t0.8", "MONDO:0005015\tskos:exactMatch\tUMLS:C0011860\t")
    assert read_own(FORMAT, {"file": file}).mappings["confidence"].to_list() == [0.5, 0.4]


def test_the_kind_is_said_by_the_setting_or_the_category(tmp_path: Path) -> None:
    """The setting goes first; a kind that a prefix cannot name is no kind."""
    file = written(
        tmp_path, "m.tsv", "subject_id\tpredicate_id\tobject_id\tsubject_category",
        "UMLS:C1\tskos:exactMatch\tMESH:D000001\t", "UMLS:C0000001\tskos:exactMatch\tMESH:D000001\t", "UMLS:C0000002\tskos:exactMatch\tMESH:D000002\tbiolink:PhenotypicFeature",
        "MONDO:0005148\tskos:exactMatch\tDOID:9352\t",
    )
    assert read_own(FORMAT, {"file": file}).mappings.select("subject", "kind").rows() == [("mondo:0005148", "disease"), ("umls:C0000002", "phenotype")]
    drugs = read_own(FORMAT, {"file": file}, kind="drug")
    assert drugs.mappings.select("subject", "kind").rows() == [("umls:C0000001", "drug"), ("umls:C0000002", "drug")]
    assert reasons(drugs, "MAPPINGS")["m.tsv:5"] == "the identifiers do not both name a drug"
    with pytest.raises(BadTable, match="'kind' of own should be one of variant, gene"):
        read_own(FORMAT, {"file": file}, kind="illness")


@pytest.mark.parametrize("content", ["", "#curie_map:\n", "#x\nsubject_id\tobject_id\nMONDO:1\tDOID:1\n"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    """No rows, or no predicates."""
    (tmp_path / "m.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(BadTable, match="predicate_id"):
        read_own(FORMAT, {"file": tmp_path / "m.tsv"})


@pytest.mark.parametrize("seed", [1, 2])
def test_damage_never_stops_the_reader_and_every_line_is_counted(tmp_path: Path, seed: int) -> None:
    """Mappings and what is set aside are as many as the lines that are neither blank nor comments."""
    plain = written(tmp_path, "plain.tsv", *LINES[6:])
    copy, n_lines = damaged_copy(plain, seed=seed)
    harvest = read_own(FORMAT, {"file": copy})
    assert n_lines > 4000 and harvest.mappings.height + n_set_aside(harvest, "MAPPINGS") == n_lines


def test_merges_come_back_as_they_went_out(tmp_path: Path) -> None:
    """With their kinds, which the categories say where prefixes do not."""
    merges = merges_of(
        ("disease", "doid:9352", "mondo:0005148"), ("disease", "umls:C0011860", "mondo:0005148"), ("disease", "icd10cm:E11", "mondo:0005148"),
        ("drug", "umls:C0025598", "chebi:6801"), ("gene", "ncbigene:6934", "hgnc:11641"), ("phenotype", "umls:C0020615", "mesh:D007003"),
    )
    made = made_of(merges=merges)
    assert write_sssom(made, MANIFEST, tmp_path) == {"merges.sssom.tsv": 6}
    harvest = read_own(FORMAT, {"file": tmp_path / "merges.sssom.tsv"})
    assert harvest.mappings.select(kind="kind", alias="subject", curie="object").sort("kind", "alias", "curie").rows() == merges.rows()
    assert set(harvest.mappings["predicate"]) == {"skos:exactMatch"} and harvest.set_aside.is_empty()


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    """The header explains every prefix, and names version, tool and sources; no date, so equal builds give equal bytes."""
    write_sssom(made_of(merges=merges_of(("disease", "doid:9352", "mondo:0005148"))), MANIFEST, tmp_path)
    assert (tmp_path / "merges.sssom.tsv").read_text(encoding="utf-8").splitlines() == [
        "#curie_map:",
        '#  DOID: "http://purl.obolibrary.org/obo/DOID_"',
        '#  MONDO: "http://purl.obolibrary.org/obo/MONDO_"',
        '#  biolink: "https://w3id.org/biolink/vocab/"',
        '#  semapv: "https://w3id.org/semapv/vocab/"',
        '#  skos: "http://www.w3.org/2004/02/skos/core#"',
        '#mapping_set_id: "urn:generel:0123abcd:merges"',
        '#mapping_set_version: "0123abcd"',
        '#mapping_set_title: "Identifiers that generel merged"',
        '#license: "https://w3id.org/sssom/license/unspecified"',
        '#mapping_tool: "generel"',
        '#mapping_tool_version: "1.0"',
        '#comment: "Made from: s 1 (CC0-1.0); t 1 (CC-BY-4.0)"',
        "subject_id\tsubject_category\tpredicate_id\tobject_id\tobject_label\tobject_category\tmapping_justification",
        "DOID:9352\tbiolink:Disease\tskos:exactMatch\tMONDO:0005148\ttype 2 diabetes mellitus\tbiolink:Disease\tsemapv:UnspecifiedMatching",
    ]


@settings(max_examples=40, deadline=None)
@given(name=st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\t\n\r"#|'))))
def test_no_name_breaks_the_table(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """The name of a concept is the only free text; whatever it holds, the mapping comes back."""
    folder = tmp_path_factory.mktemp("law")
    concepts = concepts_of(("mondo:0005148", name), ("mondo:0005015", "diabetes"))
    write_sssom(made_of(concepts, relations_of("mondo:0005148 is_a mondo:0005015"), merges=merges_of(("disease", "doid:9352", "mondo:0005148"))), MANIFEST, folder)
    harvest = read_own(FORMAT, {"file": folder / "merges.sssom.tsv"})
    assert harvest.mappings.select("subject", "object").rows() == [("doid:9352", "mondo:0005148")] and harvest.set_aside.is_empty()


@pytest.mark.skipif(not REAL.is_dir(), reason="the real mapping sets of MONDO are not on this machine")
def test_the_real_mapping_sets_of_mondo_are_read() -> None:
    """Kept and set aside are as many as a plain loop counts, and nearly all of the exact matches are kept."""
    for path in sorted(REAL.glob("*exactmatch*.sssom.tsv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            n = sum(1 for line in lines if line.strip() and not line.startswith("#")) - 1
        harvest = read_own(FORMAT, {"file": path})
        assert harvest.mappings.height + n_set_aside(harvest, "MAPPINGS") == n
        assert harvest.mappings.height >= 0.999 * n and set(harvest.mappings["kind"]) == {"disease"}
