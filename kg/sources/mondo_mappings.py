"""MONDO's mappings in SSSOM, the standard for mapping sets: one file for each terminology and each word of likeness.

These are the releases that MONDO's curators stand behind, newer than the cross-references inside `mondo.json`, and they say which are exact
(`skos:exactMatch`) and which only point somewhere (`oboInOwl:hasDbXref`); the word is kept. Terms that MONDO has retired are still mapped,
under labels that begin with 'obsolete': what they meant has another identifier now. Genes and phenotypes that a disease points to are
other things than the disease, so their rows make no mapping.

What is counted: every line that is no comment is in MAPPINGS or set aside; what is of another kind is counted by its prefix.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_lines, read_rows, sift
from kg.sources.stamp import stamp_mappings
from kg.sources.xrefs import map_xrefs

COLUMNS = ("subject_id", "subject_label", "predicate_id", "object_id")
PREDICATES = ("skos:exactMatch", "oboInOwl:hasDbXref")
VERSION = re.compile(r"#\s*mapping_set_version:.*?/releases/(\d{4}-\d{2}-\d{2})(?:/|$)")
# How the files are called, after `mondo_`.
EXACT = ("doid", "efo", "icd10cm", "medgen", "mesh", "ncit", "omim", "orphanet", "sctid", "umls")
POINTING = ("hgnc", "hp", "icd9")


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """MAPPINGS of MONDO's diseases.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    mapped = pl.concat(_read_set(path, set_aside=set_aside) for path in files.values())
    return Harvest(mappings=stamp_mappings(mapped, source), set_aside=set_aside.frame())


def version_of(files: Mapping[str, Path]) -> str | None:
    """The newest release that the files' comments name; None if none does."""
    comments = (read_lines(path).filter(pl.col("text").str.starts_with("#"))["text"] for path in files.values())
    found = [match[1] for texts in comments for match in map(VERSION.match, texts) if match]
    return max(found, default=None)


def _read_set(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind` of one mapping set."""
    rows = read_rows(path, columns=COLUMNS, table="MAPPINGS", set_aside=set_aside, comment="#")
    rows = rows.with_columns(subject=canonicalize_as(rows["subject_id"], "mondo"))
    faults = [
        (pl.col("subject").is_null(), "the subject is not an identifier of MONDO"),
        (pl.col("subject_label").str.to_lowercase().str.contains(r"^obsolete\b"), "the disease is obsolete"),
        (~pl.col("predicate_id").is_in(PREDICATES), "the mapping says neither exactMatch nor hasDbXref"),
    ]
    good = sift(rows, faults, table="MAPPINGS", key=line_key(path), set_aside=set_aside)
    parts = [_map(good.filter(predicate_id=predicate), set_aside=set_aside).with_columns(predicate=pl.lit(predicate)) for predicate in PREDICATES]
    return pl.concat(parts)


def _map(rows: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    return map_xrefs(rows.select("subject", xref="object_id"), kind=Kind.DISEASE, set_aside=set_aside)


def _file(word: str, terminology: str) -> File:
    name = f"{word}_{terminology}.sssom.tsv"
    gzipped = "" if terminology in ("hgnc", "hp") else ".gz"
    return File(
        name=name,
        place=f"https://raw.githubusercontent.com/monarch-initiative/mondo/master/src/ontology/mappings/mondo_{name}",
        local=f"ontology/mondo/MONDO__{name}{gzipped}",
    )


SOURCE = Source(
    name="mondo_mappings",
    title="Mondo Disease Ontology: curated mappings to other terminologies (SSSOM)",
    version="",
    # The files' own headers say CC0; the repository that they are released in, CC BY 4.0.
    license="CC-BY-4.0",
    citation="Vasilevsky NA et al. Mondo: integrating disease terminology across communities. Genetics. 2026;232(4):iyaf215.",
    homepage="https://mondo.monarchinitiative.org",
    files=(*(_file("exactmatch", each) for each in EXACT), *(_file("hasdbxref", each) for each in POINTING)),
    gives=("MAPPINGS",),
    read=read,
    expected={"MAPPINGS": 102_000},
    version_of=version_of,
)
