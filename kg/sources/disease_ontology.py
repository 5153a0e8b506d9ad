"""The Human Disease Ontology: diseases, their is-a tree, their cross-references, and where they are and how they show.

Read from the tables that its makers report with each release. Three traps. The table of terms names parents by their *label*, and a label is no
identifier: one that several diseases have says nothing. The prefix of SNOMED's codes carries an edition, `SNOMEDCT_US_2025_09_01`. And
phenotypic series of OMIM are written like its entries, `MIM:PS267700`.

Definitions and facets come from one table, for which DO gives no address; synonyms from the OBO file of rare diseases. Both can be done
without.

What is counted: a line of the terms is an is-a relation (several are of one concept), or set aside; a line of the other tables is a relation, a
mapping or set aside. Of the OBO file, the EXACT synonyms and alternative identifiers of diseases of the table are taken, and no other line.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.disease_facets import NO_FACETS, read_facets, relate_facets
from kg.sources.obo import Obo, read_obo
from kg.sources.quotation import OPEN, unquote
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_lines, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations
from kg.sources.xrefs import map_xrefs

TERMS, XREFS, SYMPTOMS, FACETS, RARE = "HumanDO.tsv", "allXREFinDO.tsv", "disease-symptom.tsv", "facets.tsv", "DO_rare_slim.obo"
DISEASE = Kind.DISEASE.value
EDITION = r"^(SNOMEDCT_US)_\d{4}_\d{2}_\d{2}:"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of diseases, symptoms and anatomy, MAPPINGS and RELATIONS of the diseases.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    parents = _read_table(files[TERMS], ("id", "label", "subClassOf"), table="RELATIONS", set_aside=set_aside)
    facets = read_facets(files[FACETS], set_aside=set_aside) if FACETS in files else NO_FACETS
    terms = _name_terms(parents, facets)
    shown = [_read_symptoms(files[SYMPTOMS], terms, set_aside=set_aside)]
    shown += [relate_facets(facets, path=files[FACETS], set_aside=set_aside).select(shown[0].columns)] if FACETS in files else []
    objects = pl.concat(shown)
    relations = [_place_parents(parents, terms, path=files[TERMS], set_aside=set_aside), objects.select("subject", "predicate", "object")]
    mappings = [_read_xrefs(files[XREFS], terms, set_aside=set_aside)]
    if RARE in files:
        rare = read_obo(files[RARE], tags=("id", "synonym", "alt_id"), set_aside=set_aside)
        terms = _add_synonyms(terms, rare)
        mappings.append(_read_alternatives(rare, terms))
    return Harvest(
        concepts=stamp_concepts(pl.concat([terms, _name_objects(objects)]), source),
        mappings=stamp_mappings(pl.concat(mappings), source),
        relations=stamp_relations(pl.concat(relations).with_columns(confidence=pl.lit(1.0)), source),
        set_aside=set_aside.frame(),
    )


def version_of(files: Mapping[str, Path]) -> str | None:
    """The release that the OBO file names, as 2026-07-31; None without the file or the line."""
    if RARE not in files:
        return None
    days = read_lines(files[RARE])["text"].head(20).str.extract(r"^data-version:.*?(\d{4}-\d{2}-\d{2})")
    return next(iter(days.drop_nulls()), None)


def _read_table(path: Path, columns: tuple[str, ...], *, table: str, set_aside: SetAside) -> pl.DataFrame:
    """`line`, the columns out of their quotation marks, and `curie` of the first one, a disease."""
    rows = unquote(read_rows(path, columns=columns, table=table, set_aside=set_aside), columns)
    rows = rows.with_columns(canonicalize_as(rows[columns[0]], "doid").alias("curie"))
    faults = [
        (pl.any_horizontal(pl.col(columns).is_null()), OPEN),
        (pl.col("curie").is_null(), "the disease's identifier is not one of DO"),
        (pl.col(columns[1]) == "", "the disease has no label"),
    ]
    return sift(rows, faults, table=table, key=line_key(path), set_aside=set_aside)


def _name_terms(parents: pl.DataFrame, facets: pl.DataFrame) -> pl.DataFrame:
    """`curie, kind, name, synonyms, definition` of every disease; of several labels the first is the name."""
    labels = pl.concat([parents.select("curie", "label"), facets.select("label", curie="subject").select("curie", "label")]).unique(maintain_order=True)
    named = labels.group_by("curie", maintain_order=True).agg(name=pl.col("label").first(), synonyms=pl.col("label").slice(1))
    defined = facets.filter(pl.col("definition") != "").unique("subject", keep="first", maintain_order=True)
    named = named.join(defined.select("definition", curie="subject"), on="curie", how="left", maintain_order="left")
    return named.select("curie", "name", "synonyms", "definition", kind=pl.lit(DISEASE))


def _place_parents(parents: pl.DataFrame, terms: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object` of is-a; a parent is the one disease of its label."""
    once = terms.filter(pl.col("name").is_unique()).select(object="curie", subClassOf="name")
    rows = parents.join(once, on="subClassOf", how="left", maintain_order="left")
    faults = [
        (pl.col("subClassOf") == "", "the disease has no parent"),
        (pl.col("subClassOf").is_in(terms.filter(~pl.col("name").is_unique())["name"].implode()), "several diseases have the parent's label"),
        (pl.col("object").is_null(), "no disease has the parent's label"),
        (pl.col("object") == pl.col("curie"), "the disease is its own parent"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return kept.select(subject="curie", predicate=pl.lit("is_a"), object="object")


def _read_symptoms(path: Path, terms: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind, name` of the symptoms that DO's editors gave."""
    columns = ("disease_id", "disease_label", "symptom_id", "symptom_label")
    rows = _of_terms(_read_table(path, columns, table="RELATIONS", set_aside=set_aside), terms, path=path, table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(canonicalize(rows["symptom_id"], kind=Kind.PHENOTYPE).alias("object"))
    faults = [(pl.col("object").is_null(), "the object is no phenotype of a known prefix"), (pl.col("symptom_label") == "", "the object has no name")]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return kept.select("object", subject="curie", predicate=pl.lit("has_symptom"), kind=pl.lit(Kind.PHENOTYPE.value), name="symptom_label")


def _read_xrefs(path: Path, terms: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, object, predicate, kind` of the cross-references."""
    rows = _of_terms(_read_table(path, ("id", "label", "xref"), table="MAPPINGS", set_aside=set_aside), terms, path=path, table="MAPPINGS", set_aside=set_aside)
    written = pl.col("xref").str.replace(EDITION, "$1:").str.replace(r"^MIM:(?:PS)(\d+)$", "OMIMPS:$1")
    return map_xrefs(rows.select(subject="curie", xref=written), kind=Kind.DISEASE, set_aside=set_aside)


def _of_terms(rows: pl.DataFrame, terms: pl.DataFrame, *, path: Path, table: str, set_aside: SetAside) -> pl.DataFrame:
    unknown = [(~pl.col("curie").is_in(terms["curie"].implode()), "the disease is not one of the terms")]
    return sift(rows, unknown, table=table, key=line_key(path), set_aside=set_aside)


def _add_synonyms(terms: pl.DataFrame, rare: Obo) -> pl.DataFrame:
    """The terms with the EXACT synonyms of the OBO file."""
    exact = _of_stanzas(rare.quoted("synonym").filter(pl.col("rest").str.contains(r"^EXACT\b") & pl.col("text").is_not_null()), rare)
    added = exact.group_by("curie", maintain_order=True).agg(added="text")
    joined = terms.join(added, on="curie", how="left", maintain_order="left")
    return joined.with_columns(synonyms=pl.concat_list("synonyms", pl.col("added").fill_null([]))).select(terms.columns)


def _read_alternatives(rare: Obo, terms: pl.DataFrame) -> pl.DataFrame:
    """`subject, object, predicate, kind` of the alternative identifiers, none of which is that of a term."""
    rows = _of_stanzas(rare.plain("alt_id"), rare)
    rows = rows.with_columns(canonicalize_as(rows["value"], "doid").alias("object"))
    known = terms["curie"].implode()
    kept = rows.filter(pl.col("object").is_not_null() & pl.col("curie").is_in(known) & ~pl.col("object").is_in(known))
    return kept.select(subject="curie", object="object", predicate=pl.lit("alt_id"), kind=pl.lit(DISEASE))


def _of_stanzas(rows: pl.DataFrame, rare: Obo) -> pl.DataFrame:
    """The rows with the `curie` of their stanza; those of stanzas without one are left out."""
    ids = rare.plain("id").unique("stanza", keep="first", maintain_order=True)
    ids = ids.select("stanza", canonicalize_as(ids["value"], "doid").alias("curie")).drop_nulls()
    return rows.join(ids, on="stanza", maintain_order="left")


def _name_objects(objects: pl.DataFrame) -> pl.DataFrame:
    """CONCEPTS columns of symptoms, phenotypes and anatomy, each called by the first name it has."""
    named = objects.unique("object", keep="first", maintain_order=True)
    empty = pl.lit([], dtype=pl.List(pl.String)), pl.lit(None, dtype=pl.String)
    return named.select("name", "kind", curie="object", synonyms=empty[0], definition=empty[1]).select("curie", "name", "synonyms", "definition", "kind")


REPORTS = "https://raw.githubusercontent.com/DiseaseOntology/HumanDiseaseOntology/main/DOreports"
LOCAL = "ontology/do/DO2026__"
SOURCE = Source(
    name="disease_ontology",
    title="Human Disease Ontology: diseases with their anatomy and symptoms",
    version="",
    license="CC0-1.0",
    citation="Baron JA et al. The DO-KB Knowledgebase: a 20-year journey developing the disease open science ecosystem. Nucleic Acids Res. 2024;52(D1):D1305-D1314.",
    homepage="https://disease-ontology.org",
    files=(
        File(name=TERMS, place=f"{REPORTS}/{TERMS}", local=f"{LOCAL}{TERMS}.gz"),
        File(name=XREFS, place=f"{REPORTS}/{XREFS}", local=f"{LOCAL}{XREFS}.gz"),
        File(name=SYMPTOMS, place=f"{REPORTS}/{SYMPTOMS}", local=f"{LOCAL}{SYMPTOMS}"),
        File(name=FACETS, place=f"disease-ontology/{FACETS}", local=f"{LOCAL}{FACETS}.gz", optional=True),
        File(
            name=RARE,
            place=f"https://raw.githubusercontent.com/DiseaseOntology/HumanDiseaseOntology/main/src/ontology/subsets/{RARE}",
            local=f"{LOCAL}{RARE}.gz",
            optional=True,
        ),
    ),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 11_600, "MAPPINGS": 36_500, "RELATIONS": 13_500},
    version_of=version_of,
)
