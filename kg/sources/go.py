"""The Gene Ontology: processes, functions and components, what they mean, and their is-a trees.

From `go-basic.obo`, of which the relations make no circles. Each term has its kind in `namespace`. Only EXACT synonyms name the same thing; broader,
narrower and related ones are set aside. A term that was given up may have one that replaces it; `consider` only suggests others and maps
nothing. Cross-references (reactions, enzymes, pathways) are of other things than the term, so they are not read.

What is counted: a term stanza is a concept, or the mapping of an obsolete term to that which replaces it, or set aside; a line of a living term
with a synonym, definition, alternative identifier or parent is in a table or set aside. The lines of a term that is set aside go with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import BLANKS, canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.obo import Obo, read_obo, unescape
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_lines, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations

FILE = "go-basic.obo"
TAGS = ("id", "name", "namespace", "def", "synonym", "alt_id", "is_a", "is_obsolete", "replaced_by")
ONCE = ("id", "name", "namespace", "is_obsolete")
KINDS = {
    "biological_process": Kind.PROCESS.value, "molecular_function": Kind.FUNCTION.value, "cellular_component": Kind.COMPONENT.value,
}
SCOPES = {"BROAD": "the synonym is broader", "NARROW": "the synonym is narrower", "RELATED": "the synonym is only related"}


@dataclass(frozen=True)
class Terms:
    """The terms with an identifier of GO, a name and a namespace: `stanza, curie, name, kind`; `obsolete` need no name."""

    living: pl.DataFrame
    obsolete: pl.DataFrame
    path: Path

    def lines(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of living terms, in order, with their `curie` and `kind`."""
        return rows.join(self.living.select("stanza", "curie", "kind"), on="stanza", maintain_order="left")

    @property
    def key(self) -> pl.Expr:
        return line_key(self.path)


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of terms, MAPPINGS of identifiers that they had or replace, RELATIONS of is-a.

    Raises:
        BadTable: not an OBO file.
    """
    set_aside = SetAside(source.name)
    obo = read_obo(files[FILE], tags=TAGS, set_aside=set_aside)
    terms = _read_terms(obo, path=files[FILE], set_aside=set_aside)
    retired = pl.concat([_read_alternatives(obo, terms, set_aside=set_aside), _read_replaced(obo, terms, set_aside=set_aside)])
    return Harvest(
        concepts=stamp_concepts(_name(obo, terms, set_aside=set_aside), source),
        mappings=stamp_mappings(retired.with_columns(predicate=pl.lit("alt_id")), source),
        relations=stamp_relations(_read_parents(obo, terms, set_aside=set_aside), source),
        set_aside=set_aside.frame(),
    )


def version_of(files: Mapping[str, Path]) -> str | None:
    """The day of the release that the file names, as 2024-06-17; None if it names none."""
    days = read_lines(files[FILE])["text"].head(20).str.extract(r"^data-version:.*?(\d{4}-\d{2}-\d{2})")
    return next(iter(days.drop_nulls()), None)


def _read_terms(obo: Obo, *, path: Path, set_aside: SetAside) -> Terms:
    frame = obo.terms.with_columns(line=pl.col("stanza"))
    for tag in ONCE:
        rows = obo.once(tag, key=line_key(path), set_aside=set_aside)
        frame = frame.join(rows.select("stanza", pl.col("value").alias(tag)), on="stanza", how="left", maintain_order="left")
    frame = frame.with_columns(
        canonicalize_as(frame["id"], "go").alias("curie"), unescape(pl.col("name")).str.strip_chars(BLANKS),
        kind=pl.col("namespace").replace_strict(KINDS, default=None, return_dtype=pl.String),
    )
    obsolete = pl.col("is_obsolete").eq_missing("true")
    faults = [
        (pl.col("curie").is_null(), "the term's identifier is not one of GO"),
        (~pl.col("curie").is_first_distinct(), "the term's identifier occurs again"),
        (~obsolete & pl.col("name").fill_null("").eq(""), "the term has no name"),
        (pl.col("kind").is_null(), "the term's namespace is none of GO"),
    ]
    good = sift(frame, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    columns = ["stanza", "curie", "name", "kind"]
    return Terms(good.filter(~obsolete).select(columns), good.filter(obsolete).select(columns), path)


def _name(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind, name, synonyms, definition` of the living terms."""
    scope = pl.col("rest").str.extract(r"^([A-Z]+)\b")
    faults = [
        (pl.col("text").is_null(), "the synonym is not in quotation marks"),
        *((scope == name, reason) for name, reason in SCOPES.items()),
        (scope.ne_missing("EXACT"), "the synonym has no scope"),
    ]
    synonyms = sift(terms.lines(obo.quoted("synonym")), faults, table="CONCEPTS", key=terms.key, set_aside=set_aside)
    faults = [
        (pl.col("text").is_null(), "the definition is not in quotation marks"),
        (~pl.col("curie").is_first_distinct(), "the term is defined twice"),
    ]
    definitions = sift(terms.lines(obo.quoted("def")), faults, table="CONCEPTS", key=terms.key, set_aside=set_aside)
    names = terms.living.select("curie", "name", "kind")
    names = names.join(synonyms.group_by("curie", maintain_order=True).agg(synonyms="text"), on="curie", how="left")
    return names.join(definitions.select("curie", definition=pl.col("text").replace("", None)), on="curie", how="left")


def _read_parents(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of is-a among living terms of one namespace."""
    rows = terms.lines(obo.plain("is_a"))
    rows = rows.with_columns(canonicalize_as(rows["value"], "go").alias("object"))
    rows = rows.join(terms.living.select(object="curie", parent_kind="kind"), on="object", how="left", maintain_order="left")
    faults = [
        (pl.col("parent_kind").is_null(), "the parent is not a living term of the file"),
        (pl.col("object") == pl.col("curie"), "the term is its own parent"),
        (pl.col("parent_kind") != pl.col("kind"), "the parent is of another namespace"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=terms.key, set_aside=set_aside)
    return kept.select(subject="curie", predicate=pl.lit("is_a"), object="object", confidence=pl.lit(1.0))


def _read_alternatives(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, object, kind`: living terms and their alternative identifiers."""
    rows = terms.lines(obo.plain("alt_id"))
    rows = rows.with_columns(canonicalize_as(rows["value"], "go").alias("object"))
    faults = [
        (pl.col("object").is_null(), "the alternative identifier is not one of GO"),
        (pl.col("object").is_in(terms.living["curie"].implode()), "the alternative identifier is that of a living term"),
    ]
    kept = sift(rows, faults, table="MAPPINGS", key=terms.key, set_aside=set_aside)
    return kept.select("object", "kind", subject="curie")


def _read_replaced(obo: Obo, terms: Terms, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, object, kind`: living terms and the obsolete ones that they replace; obsolete terms without are set aside."""
    by = obo.plain("replaced_by").join(terms.obsolete.select("stanza", object="curie"), on="stanza", maintain_order="left")
    by = by.with_columns(canonicalize_as(by["value"], "go").alias("subject"))
    by = by.join(terms.living.select("kind", subject="curie"), on="subject", maintain_order="left")
    left = terms.obsolete.join(by, on="stanza", how="anti")
    set_aside.add_frame("CONCEPTS", left["curie"], "the term is obsolete and no living term replaces it")
    return by.select("object", "kind", "subject")


SOURCE = Source(
    name="go",
    title="Gene Ontology: terms",
    version="",
    license="CC-BY-4.0",
    citation="The Gene Ontology Consortium. The Gene Ontology knowledgebase in 2023. Genetics. 2023;224(1):iyad031.",
    homepage="https://geneontology.org",
    files=(File(name=FILE, place="https://purl.obolibrary.org/obo/go/go-basic.obo", local="ontology/go/go-basic.obo"),),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 38_000, "MAPPINGS": 3_000, "RELATIONS": 60_000},
    version_of=version_of,
)
