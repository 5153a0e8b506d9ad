"""The human symptoms-disease network: symptoms that stand in the same PubMed records as diseases, both descriptors of MeSH.

TF-IDF here is the number of records in which both stand times the logarithm of how rare the symptom is, so it grows with how much is
written about the disease and can be compared *within* a disease only. Confidence is therefore s / (s + 10), which tells one record from
many and is blind to the difference between hundreds and thousands: half at 10, the score of three records of a symptom of middling rarity.

Of the two identifiers of a disease the Disease Ontology's is taken; a symptom is a phenotype of MeSH. A disease that is its own symptom is
set aside.

What is counted: every line is a relation (and its names are concepts) or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_relations

FILE = "symptoms-DO.tsv"
COLUMNS = ("symptom_name", "symptom_id", "disease_id", "doid_code", "doid_name", "tfidf_score")
NUMBER = r"^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$"
HALFWAY = 10.0


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of the symptoms and diseases, RELATIONS disease has_symptom symptom.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = read_rows(path, columns=COLUMNS, table="RELATIONS", set_aside=set_aside)
    score = pl.when(pl.col("tfidf_score").str.contains(NUMBER)).then(pl.col("tfidf_score")).cast(pl.Float64, strict=False)
    rows = rows.with_columns(
        symptom=canonicalize_as(rows["symptom_id"], "mesh"),
        disease=canonicalize_as(rows["doid_code"], "doid"),
        disease_in_mesh=canonicalize_as(rows["disease_id"], "mesh"),
        score=score,
    )
    faults = [
        (pl.col("symptom").is_null(), "the symptom's identifier is not one of MeSH"),
        (pl.col("disease").is_null(), "the disease's identifier is not one of the Disease Ontology"),
        (~(pl.col("score").is_finite() & (pl.col("score") > 0)).fill_null(False), "the score is no number above 0"),
        (pl.any_horizontal(pl.col("symptom_name", "doid_name") == ""), "the symptom or the disease has no name"),
        (pl.col("symptom") == pl.col("disease_in_mesh"), "the disease is its own symptom"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    confidence = pl.col("score") / (pl.col("score") + HALFWAY)
    ties = kept.select(subject="disease", predicate=pl.lit("has_symptom"), object="symptom", confidence=confidence)
    named = [_named(kept, "disease", "doid_name", kind=Kind.DISEASE), _named(kept, "symptom", "symptom_name", kind=Kind.PHENOTYPE)]
    return Harvest(concepts=stamp_concepts(pl.concat(named), source), relations=stamp_relations(ties, source), set_aside=set_aside.frame())


def _named(rows: pl.DataFrame, curie: str, name: str, *, kind: Kind) -> pl.DataFrame:
    """`curie, kind, name, synonyms`; the first name counts, others are synonyms."""
    named = rows.select(curie=curie, name=name).unique(maintain_order=True).group_by("curie", maintain_order=True)
    return named.agg(kind=pl.lit(kind.value), name=pl.col("name").first(), synonyms=pl.col("name").slice(1))


SOURCE = Source(
    name="hsdn",
    title="Human symptoms-disease network on the Disease Ontology",
    version="51d31d738f",
    license="all rights reserved (Zhou et al. 2014, supplement); CC0-1.0 (mapping to the Disease Ontology)",
    citation="Zhou X et al. Human symptoms-disease network. Nat Commun. 2014;5:4212. Mapped to the Disease Ontology by Himmelstein DS, dhimmel/hsdn.",
    homepage="https://github.com/dhimmel/hsdn",
    files=(
        File(
            FILE,
            "https://raw.githubusercontent.com/dhimmel/hsdn/51d31d738fe3cad0a12c736b8def333729c3c7f4/data/symptoms-DO.tsv",
            local="disease_gene/hsdn__symptoms-DO.tsv.gz",
        ),
    ),
    gives=("CONCEPTS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 410, "RELATIONS": 9_700},
)
