"""Cleaning, counting rivals and stamping."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.concepts.errors import BadTable
from generel.concepts.tables import CONCEPTS
from kg.sources.hierarchy import terms_below
from kg.sources.hpo import SOURCE
from kg.sources.stamp import clean_synonyms, stamp_concepts, stamp_mappings, stamp_relations

OURS = replace(SOURCE, name="ours", version="7", license="CC0-1.0")
curies = st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 3)).map(lambda pair: f"{pair[0]}:{pair[1]}")


@given(st.text(max_size=4), st.lists(st.text("aAbB \t\u00a0", max_size=4), max_size=6))
def test_synonyms_are_distinct_and_not_the_name(name: str, synonyms: list[str]) -> None:
    """No two of name and synonyms are equal but for case and blanks, order is kept, and each text given is among them."""
    name = " ".join(name.split())
    cleaned = clean_synonyms(name, synonyms)
    folded = [each.casefold() for each in (name, *cleaned)]
    assert len(set(folded)) == len(folded)
    assert {" ".join(each.split()).casefold() for each in synonyms} - {""} <= set(folded)
    first_seen = [folded.index(" ".join(each.split()).casefold()) for each in synonyms if each.split()]
    assert cleaned == [] or sorted(set(first_seen) - {0}) == list(range(1, len(cleaned) + 1))


def test_concepts_without_definitions_have_none() -> None:
    """Names lose doubled blanks, missing synonyms are an empty list, and source and version are stamped on."""
    rows = pl.DataFrame({"curie": ["hp:1"], "kind": ["phenotype"], "name": [" spider \u00a0 fingers"], "synonyms": [None]}, schema_overrides={"synonyms": pl.List(pl.String)})
    assert stamp_concepts(rows, OURS).rows() == [("hp:1", "phenotype", "spider fingers", [], None, "ours", "7")]


def test_a_concept_that_occurs_twice_is_refused() -> None:
    """A reader that gives one CURIE two rows is mistaken, and told so."""
    rows = pl.DataFrame({"curie": ["hp:1", "hp:1"], "kind": ["phenotype"] * 2, "name": ["a", "b"], "synonyms": [["c"], ["d"]]})
    with pytest.raises(BadTable, match=f"{CONCEPTS.name}.*hp:1"):
        stamp_concepts(rows, OURS)


@given(st.lists(st.tuples(curies, st.sampled_from(["alt_id", "xref"]), curies), max_size=12))
def test_confidence_is_one_over_the_rivals(rows: list[tuple[str, str, str]]) -> None:
    """Each mapping counts one over the larger number of subjects per object and of objects of a prefix per subject; by a plain loop."""
    frame = pl.DataFrame(rows, schema=["subject", "predicate", "object"], orient="row").cast(pl.String).with_columns(kind=pl.lit("disease"))
    stamped = stamp_mappings(frame, OURS).select("subject", "predicate", "object", "confidence").rows()
    distinct = set(rows)
    for subject, predicate, object_, confidence in stamped:
        subjects = sum((s[0], p, o) == (subject[0], predicate, object_) for s, p, o in distinct)
        objects = sum((s, p, o[0]) == (subject, predicate, object_[0]) for s, p, o in distinct)
        assert confidence == pytest.approx(1 / max(subjects, 1 if subject[0] == object_[0] else objects))
    assert {row[:3] for row in stamped} == distinct


def test_of_equal_relations_the_strongest_is_kept() -> None:
    """Two rows of one relation become one with the higher confidence, license and version on it."""
    rows = pl.DataFrame({"subject": ["a:1"] * 2, "predicate": ["is_a"] * 2, "object": ["a:2"] * 2, "confidence": [0.2, 0.7]})
    assert stamp_relations(rows, OURS).rows() == [("a:1", "is_a", "a:2", "ours", "7", "CC0-1.0", 0.7)]


def test_terms_below_survives_a_circle() -> None:
    """Everything below a root is found once, though the edges go round."""
    edges = pl.DataFrame({"subject": ["b", "c", "a", "d"], "object": ["a", "b", "c", "x"]})
    assert terms_below(edges, ["b"]) == {"a", "b", "c"}
    assert terms_below(edges, ["x", "unknown"]) == {"x", "d", "unknown"}
