"""KGX read and written: nodes, edges, the words of Biolink, and what no value can break."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_exports import CONCEPTS, LINES, damaged_copy, made_of, merges_of, n_set_aside, read_own, reasons, written
from small_graphs import concepts_of, lines_of, relations_of

from generel.concepts.errors import BadTable
from kg.interchange.kgx import FORMAT
from kg.interchange.kgx_export import write_kgx

NODES = (
    "id\tcategory\tname\tdescription\tsynonym\txref\tequivalent_identifiers\ttaxon",
    "MONDO:0005148\tbiolink:NamedThing|biolink:DiseaseOrPhenotypicFeature|biolink:Disease\ttype 2 diabetes mellitus\tA diabetes.\tT2D|NIDDM\tDOID:9352|KEGG:1\tMONDO:0005148|UMLS:C0011860\t",
    "CHEBI:6801\tbiolink:SmallMolecule\tmetformin\t\t\tDRUGBANK:DB00331\t\t",
    "UMLS:C0020615\tbiolink:PhenotypicFeature\tHypoglycemia\t\t\t\t\t",
    "NCBIGene:6934\tGene\tTCF7L2\t\t\t\tHGNC:11641\tNCBITaxon:9606",
    "FOO:1\tbiolink:Gene\tfoo\t\t\t\t\t",
    "HGNC:6081\tbiolink:Book\tINS\t\t\t\t\t",
    "GO:0006006\tbiolink:Pathway\tglucose metabolic process\t\t\t\t\t",
    "MONDO:0005015\tbiolink:Disease\t\t\t\t\t\t",
    "CHEBI:6801\tbiolink:Drug\tMetformin\t\t\t\t\t",
)
EDGES = (
    "id\tsubject\tpredicate\tobject\tnegated\toriginal_predicate\tobject_aspect_qualifier\tobject_direction_qualifier\tprimary_knowledge_source\thas_confidence_score\tlicense\tpublications",
    "1\tCHEBI:6801\tbiolink:treats\tMONDO:0005148\t\t\t\t\tinfores:a\t0.5\t\tPMID:1|PMID:2",
    "2\tMONDO:0005148\tbiolink:treated_by\tCHEBI:6801\tfalse\t\t\t\tinfores:b\t0.75\tMIT\t",
    "3\tCHEBI:6801\tbiolink:treats\tMONDO:0005015\tTrue\t\t\t\tinfores:a\t\t\t",
    "4\tCHEBI:6801\tbiolink:affects\tNCBIGene:6934\t\t\texpression\tupregulated\tinfores:a\t\tCC-BY-4.0\t",
    "5\tCHEBI:6801\tbiolink:affects\tNCBIGene:6934\t\t\tactivity\tdecreased\tinfores:a\t\t\t",
    "6\tCHEBI:6801\thas_side_effect\tUMLS:C0020615\t\t\t\t\tinfores:a\t\t\t",
    "7\tCHEBI:6801\tbiolink:related_to\tMONDO:0005148\t\tDC:OFF_LABEL\t\t\tinfores:a\t\t\t",
    "8\tCHEBI:6801\tbiolink:related_to\tMONDO:0005148\t\tgenerel:in_trial_for\t\t\tinfores:a\t\t\t",
    "9\tCHEBI:6801\tbiolink:caused_doubt_about\tMONDO:0005148\t\t\t\t\tinfores:a\t\t\t",
    "10\tCHEBI:6801\tbiolink:treats\tFOO:1\t\t\t\t\tinfores:a\t\t\t",
    "11\tCHEBI:6801\tbiolink:treats\tMONDO:0005015\t\t\t\t\tinfores:a\t7\t\t",
    "12\tNCBIGene:6934\tbiolink:treats\tMONDO:0005148\t\t\t\t\tinfores:a\t\t\t",
)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {"nodes": written(tmp_path, "nodes.tsv", *NODES), "edges": written(tmp_path, "edges.tsv", *EDGES)}


def test_nodes_become_concepts(files: dict[str, Path]) -> None:
    """The kind is that of the narrowest category that the identifier can have; lists are cut at '|'."""
    harvest = read_own(FORMAT, files)
    assert harvest.concepts.select("curie", "kind", "name", "synonyms", "definition").rows() == [
        ("chebi:6801", "drug", "metformin", [], None),
        ("mondo:0005148", "disease", "type 2 diabetes mellitus", ["T2D", "NIDDM"], "A diabetes."),
        ("ncbigene:6934", "gene", "TCF7L2", [], None),
        ("umls:C0020615", "phenotype", "Hypoglycemia", [], None),
    ]
    assert reasons(harvest, "CONCEPTS") == {
        "biolink:Book": "the category names none of our kinds",
        "nodes.tsv:6": "the identifier is not one of a known prefix",
        "nodes.tsv:8": "the identifier's prefix names nothing of the category",
        "nodes.tsv:9": "the node has no name",
        "nodes.tsv:10": "the identifier occurs again",
    }


def test_other_identifiers_become_mappings(files: dict[str, Path]) -> None:
    """Cross-references and equivalents, each with its word; the node itself among its equivalents is none."""
    harvest = read_own(FORMAT, files)
    assert harvest.mappings.select("subject", "predicate", "object", "kind").rows() == [
        ("chebi:6801", "oboInOwl:hasDbXref", "drugbank:DB00331", "drug"),
        ("mondo:0005148", "oboInOwl:hasDbXref", "doid:9352", "disease"),
        ("mondo:0005148", "skos:exactMatch", "umls:C0011860", "disease"),
        ("ncbigene:6934", "skos:exactMatch", "hgnc:11641", "gene"),
    ]
    assert reasons(harvest, "MAPPINGS") == {
        "KEGG": "the namespace of the cross-reference is not a known prefix", "equivalent_identifiers": "'equivalent_identifiers' names the node itself",
    }


def test_edges_become_relations(files: dict[str, Path]) -> None:
    """Turned where the word is, with the highest confidence of equal ones; the first one's own license goes before the source's."""
    relations = read_own(FORMAT, files).relations
    assert relations.select("subject", "predicate", "object", "confidence", "license").rows() == [
        ("chebi:6801", "has_side_effect", "umls:C0020615", 1.0, "CC0-1.0"),
        ("chebi:6801", "in_trial_for", "mondo:0005148", 1.0, "CC0-1.0"),
        ("chebi:6801", "raises_expression_of", "ncbigene:6934", 1.0, "CC-BY-4.0"),
        ("chebi:6801", "treats", "mondo:0005148", 0.75, "CC0-1.0"),
    ]


def test_edges_that_say_nothing_we_know_are_set_aside(files: dict[str, Path]) -> None:
    """Negated ones, unknown words, known words between other ends or with other qualifiers."""
    nothing = "between such ends, and so qualified, the predicate says nothing that we know"
    unknown = "the predicate is none that we know, and the setting 'predicates' does not translate it"
    assert reasons(read_own(FORMAT, files), "RELATIONS") == {
        "edges.tsv:3": "repeats an edge", "edges.tsv:4": "the edge is negated", "affects activity decreased": nothing,
        "biolink:related_to": unknown, "biolink:caused_doubt_about": unknown, "edges.tsv:11": "the object is not an identifier of a known prefix",
        "edges.tsv:12": "the confidence is not a number from 0 to 1", "treats": nothing,
    }


def test_the_setting_goes_before_all_words(files: dict[str, Path]) -> None:
    """Theirs may be the predicate, with its prefix or without, or the original one."""
    told = read_own(FORMAT, files, predicates={"DC:OFF_LABEL": "palliates", "caused_doubt_about": "failed_for", "biolink:treats": "treats"})
    assert {"chebi:6801 palliates mondo:0005148", "chebi:6801 failed_for mondo:0005148"} <= set(lines_of(told.relations))
    assert "treats" not in reasons(told, "RELATIONS") and "ncbigene:6934 treats mondo:0005148" in lines_of(told.relations)


def test_json_lines_are_read_as_tables_are(tmp_path: Path) -> None:
    """Lists are lists there; a line that is no object is set aside."""
    nodes = written(
        tmp_path, "nodes.jsonl",
        '{"id": "MONDO:0005148", "category": ["biolink:Disease"], "name": "type 2 diabetes mellitus", "synonym": ["T2D", "a|b"], "xref": ["DOID:9352"], "rank": {"a": 1}}',
        '{"id": "CHEBI:6801", "category": ["biolink:Drug"], "name": "metformin", "synonym": null}', "[1]", '{"id": "CHEBI:1"', '{"id": ["HGNC:1"], "category": "biolink:Gene", "name": "\\ud800"}',
    )
    edges = written(
        tmp_path, "edges.jsonl", '{"subject": "CHEBI:6801", "predicate": "biolink:treats", "object": "MONDO:0005148", "negated": false, "has_confidence_score": 0.5}',
        '{"subject": "CHEBI:6801", "predicate": "biolink:treats", "object": "MONDO:0005015", "negated": true}',
    )
    harvest = read_own(FORMAT, {"nodes": nodes, "edges": edges})
    assert harvest.concepts.select("curie", "name", "synonyms").rows() == [("chebi:6801", "metformin", []), ("hgnc:1", "?", []), ("mondo:0005148", "type 2 diabetes mellitus", ["T2D", "a|b"])]
    assert harvest.relations.select("subject", "predicate", "object", "confidence").rows() == [("chebi:6801", "treats", "mondo:0005148", 0.5)]
    assert reasons(harvest, "CONCEPTS") == dict.fromkeys(["nodes.jsonl:3", "nodes.jsonl:4"], "the line is not a JSON object")


@pytest.mark.parametrize("content", ["", "id\tname\nMONDO:1\tx", "\n\n", "{}\n", '{"id": "x"}\n'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    """No rows, or no column of categories."""
    (tmp_path / "nodes.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(BadTable, match="category"):
        read_own(FORMAT, {"nodes": tmp_path / "nodes.tsv", "edges": written(tmp_path, "edges.tsv", *EDGES)})


@pytest.mark.parametrize("victim", ["nodes", "edges"])
@pytest.mark.parametrize("seed", [1, 2])
def test_damage_never_stops_the_reader_and_every_line_is_counted(files: dict[str, Path], victim: str, seed: int) -> None:
    """Whatever is garbled: concepts or relations, and what is set aside, are as many as the lines that are not blank."""
    table = {"nodes": "CONCEPTS", "edges": "RELATIONS"}[victim]
    copy, n_lines = damaged_copy(files[victim], seed=seed)
    harvest = read_own(FORMAT, files | {victim: copy})
    assert n_lines > 4000 and getattr(harvest, table.lower()).height + n_set_aside(harvest, table) == n_lines


def test_a_build_comes_back_as_it_went_out(tmp_path: Path) -> None:
    """Names, synonyms, definitions, kinds, merged identifiers and relations; a relation of two sources is two edges."""
    made = made_of(merges=merges_of(("disease", "umls:C0011860", "mondo:0005148"), ("disease", "doid:9352", "mondo:0005148"), ("drug", "drugbank:DB00331", "chebi:6801")))
    assert write_kgx(made, tmp_path) == {"nodes.tsv": 8, "edges.tsv": 8}
    harvest = read_own(FORMAT, {name: tmp_path / f"{name}.tsv" for name in ("nodes", "edges")})
    said = ["curie", "kind", "name", "synonyms", "definition"]
    assert harvest.concepts.select(said).rows() == CONCEPTS.sort("curie").select(said).rows()
    assert harvest.relations.select("subject", "predicate", "object", "confidence").rows() == sorted(
        (*line.split()[:3], float([*line.split(), "1"][3])) for line in LINES
    )
    assert harvest.mappings.select(kind="kind", alias="object", curie="subject").sort("kind", "alias", "curie").rows() == made.merges.rows()
    assert harvest.set_aside.select("key", "reason").rows() == [("edges.tsv:4", "repeats an edge")]


def test_files_are_in_the_words_of_biolink(tmp_path: Path) -> None:
    """Prefixes, categories and predicates are spelled as there; sources, licenses and our own words stand beside."""
    write_kgx(made_of(merges=merges_of(("disease", "umls:C0011860", "mondo:0005148"))), tmp_path)
    nodes, edges = ((tmp_path / name).read_text(encoding="utf-8").splitlines() for name in ("nodes.tsv", "edges.tsv"))
    assert nodes[0] == "id\tcategory\tname\tdescription\tsynonym\tequivalent_identifiers\tprovided_by"
    assert nodes[1] == "CHEBI:6801\tbiolink:Drug\tmetformin\tA biguanide.\tMetformin HCl|1,1-dimethylbiguanide\t\tinfores:s"
    assert "MONDO:0005148\tbiolink:Disease\ttype 2 diabetes mellitus\tA diabetes mellitus.\tT2D|NIDDM\tUMLS:C0011860\tinfores:s" in nodes
    assert edges[2] == "generel:2\tCHEBI:6801\tbiolink:treats\tMONDO:0005148\tbiolink:Association\tgenerel:treats\t\t\t\t\tinfores:s\t1\tCC0-1.0\t1.0\tnot_provided\tnot_provided"
    assert edges[3].split("\t")[10:14] == ["infores:t", "1", "CC-BY-4.0", "0.25"]
    assert "DBSNP:rs7903146\tbiolink:associated_with\tMONDO:0005148" in edges[4] and "statistical_association" in edges[4]


def test_every_predicate_comes_back(tmp_path: Path) -> None:
    """Biolink's word may be wider; ours stands beside it. Qualifiers are written where a word needs them."""
    lines = ["chebi:6801 raises_expression_of hgnc:11641", "hgnc:11641 expression_lowered_in mondo:0005148", "chebi:6801 toxicity_context hp:0001943", "chebi:6801 failed_for mondo:0005148"]
    write_kgx(made_of(relations=relations_of(*lines)), tmp_path)
    table = pl.read_csv(tmp_path / "edges.tsv", separator="\t")
    assert table["predicate"].to_list() == ["biolink:studied_to_treat", "biolink:affects", "biolink:related_to", "biolink:associated_with"]
    assert table["object_direction_qualifier"].to_list()[1] == "increased" and table["subject_direction_qualifier"].to_list()[3] == "decreased"
    assert lines_of(read_own(FORMAT, {name: tmp_path / f"{name}.tsv" for name in ("nodes", "edges")}).relations) == sorted(lines)


TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\t\n\r|"\\ ¦\u2028\x0b\x00\ufffd#'))).filter(str.strip)


def tidy(text: str) -> str:
    """The text on one line, by a plain loop."""
    kept = "".join(" " if each.isspace() or ord(each) < 32 or 127 <= ord(each) < 160 or each in "\ufffe\uffff" else each for each in text)
    return " ".join(kept.replace("\ufffd", "?").split())


@settings(max_examples=40, deadline=None)
@given(name=TEXTS, synonym=TEXTS, definition=TEXTS)
def test_no_text_breaks_the_table(tmp_path_factory: pytest.TempPathFactory, name: str, synonym: str, definition: str) -> None:
    """Whatever a name, a synonym or a definition holds, it comes back on one line, a synonym's '|' broken, and nothing else is touched."""
    folder = tmp_path_factory.mktemp("law")
    write_kgx(made_of(concepts_of(("mondo:0005148", name, [synonym], definition), ("mondo:0005015", "diabetes")), relations_of("mondo:0005148 is_a mondo:0005015")), folder)
    harvest = read_own(FORMAT, {each: folder / f"{each}.tsv" for each in ("nodes", "edges")})
    expected = tidy(name) or "mondo:0005148"
    broken = tidy(synonym).replace("|", "¦")
    _, row = harvest.concepts.select("name", "synonyms", "definition").rows()
    assert row[0] == expected and row[2] == (tidy(definition) or None)
    assert row[1] == ([broken] if broken and broken.casefold() != expected.casefold() else [])
    assert harvest.set_aside.is_empty() and lines_of(harvest.relations) == ["mondo:0005148 is_a mondo:0005015"]


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    """The same build gives the same bytes, however its tables are sorted."""
    made = made_of(merges=merges_of(("disease", "umls:C0011860", "mondo:0005148"), ("disease", "doid:9352", "mondo:0005148")))
    shuffled = made_of(CONCEPTS.sample(fraction=1, shuffle=True, seed=1), made.relations.sample(fraction=1, shuffle=True, seed=2), merges=made.merges.reverse())
    for folder, each in (("a", made), ("b", shuffled)):
        (tmp_path / folder).mkdir()
        write_kgx(each, tmp_path / folder)
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in ("nodes.tsv", "edges.tsv"))
