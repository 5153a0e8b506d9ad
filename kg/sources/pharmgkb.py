"""PharmGKB clinical annotations, as the database that PAnno ships: variants and genes that change what a drug does.

An annotation says that a variant affects a drug's efficacy, toxicity, dosage or metabolism, *in patients with* some phenotype. The
phenotype is the context of the annotation and no indication: warfarin annotated with "Hemorrhage" is not a treatment of it. So the
category picks the predicate, and drug-phenotype pairs get one that says context.

What is counted: every row of ClinAnn gives at least one relation or is set aside; a row's allele-wise repetitions fold into one.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.kinds import Kind
from kg.harvest import MENTION, Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.record import Source
from kg.sources.rows import sift
from kg.sources.stamp import stamp_concepts, stamp_relations

COLUMNS = ("ID", "Gene", "Variant", "Drug", "Phenotypes", "EvidenceLevel", "PhenotypeCategory")
CATEGORIES = {"Efficacy": "efficacy", "Toxicity": "toxicity", "Dosage": "dosage", "Metabolism/PK": "metabolism", "Other": "response"}
# PharmGKB's levels of clinical evidence, 1A (guideline or label) to 4 (contradicted), as a confidence.
CONFIDENCE = {"1A": 1.0, "1B": 0.9, "2A": 0.8, "2B": 0.7, "3": 0.4, "4": 0.2}
RSID = r"^rs\d+$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of variants; RELATIONS variant-drug, gene-drug, variant-gene, and contexts of variants and drugs.

    Genes, drugs and phenotypes are mentions: the file names them by words.

    Raises:
        BadTable: not the database, or without the table or its columns.
    """
    set_aside = SetAside(source.name)
    rows = _read_annotations(files["pgx_kb.sqlite3"])
    faults = [
        (~pl.col("PhenotypeCategory").is_in(list(CATEGORIES)), "the category is none of PharmGKB"),
        (~pl.col("EvidenceLevel").is_in(list(CONFIDENCE)), "the evidence level is none of PharmGKB"),
    ]
    key = pl.concat_str(pl.lit("ClinAnn:"), pl.col("ID"))
    good = sift(rows, faults, table="RELATIONS", key=key, set_aside=set_aside)
    good = good.with_columns(
        category=pl.col("PhenotypeCategory").replace_strict(CATEGORIES, default=None, return_dtype=pl.String),
        confidence=pl.col("EvidenceLevel").replace_strict(CONFIDENCE, default=None, return_dtype=pl.Float64),
        variant=pl.when(pl.col("Variant").str.contains(RSID)).then("dbsnp:" + pl.col("Variant")),
    )
    ends = {
        "variant": good.select("ID", one="variant"),
        "gene": _mentioned(good, "Gene", Kind.GENE, separator=r"[;,]"),
        "drug": _mentioned(good, "Drug", Kind.DRUG, separator=""),
        "phenotype": _mentioned(good, "Phenotypes", Kind.DISEASE, separator=";"),
    }
    haplotypes = good.filter(pl.col("variant").is_null())
    set_aside.add_frame("CONCEPTS", haplotypes["Variant"], "a haplotype or star allele, no rsID; its gene keeps the tie")
    relations = pl.concat(
        [
            _join(good, ends["variant"], "affects_{}", ends["drug"]),
            _join(good, ends["gene"], "affects_{}", ends["drug"]),
            _join(good, ends["variant"], "variant_of_gene", ends["gene"]),
            _join(good, ends["variant"], "{}_context", ends["phenotype"]),
            _join(good, ends["drug"], "{}_context", ends["phenotype"]),
        ]
    )
    tied = relations["ID"].unique()
    set_aside.add_frame("RELATIONS", good.filter(~pl.col("ID").is_in(tied.implode())).select(key)["literal"], "the annotation names no two things to tie")
    variants = good.drop_nulls("variant").select("variant", "Variant").unique().sort("variant")
    concepts = variants.select(curie="variant", kind=pl.lit(Kind.VARIANT.value), name="Variant", synonyms=pl.lit([], dtype=pl.List(pl.String)))
    return Harvest(
        concepts=stamp_concepts(concepts, source),
        relations=stamp_relations(relations.drop("ID"), source),
        set_aside=set_aside.frame(),
    )


def _read_annotations(path: Path) -> pl.DataFrame:
    """The columns of ClinAnn as text without quotes or blanks at the ends; an empty field is an empty text."""
    query = f"SELECT {', '.join(COLUMNS)} FROM ClinAnn ORDER BY ID"
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            rows = connection.execute(query).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise BadTable(f"{path} is not PAnno's database with the table ClinAnn ({', '.join(COLUMNS)}): {error}") from error
    texts = [tuple("" if field is None else str(field).strip().strip('"').strip() for field in row) for row in rows]
    return pl.DataFrame(texts, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _mentioned(rows: pl.DataFrame, column: str, kind: Kind, *, separator: str) -> pl.DataFrame:
    """`ID, one`: the mentions in a column, one a row; none for an empty field."""
    names = pl.col(column).str.replace_all(separator, "\x1f").str.split("\x1f") if separator else pl.concat_list(column)
    exploded = rows.select("ID", one=names).explode("one").with_columns(pl.col("one").str.strip_chars())
    # Where an annotation lies in no gene, the database says '-'.
    return exploded.filter(~pl.col("one").is_in(["", "-"])).with_columns(one=f"{MENTION}{kind.value}:" + pl.col("one"))


def _join(rows: pl.DataFrame, subjects: pl.DataFrame, predicate: str, objects: pl.DataFrame) -> pl.DataFrame:
    """`ID, subject, predicate, object, confidence` of every subject with every object of an annotation; `{}` takes its category."""
    pairs = subjects.drop_nulls("one").rename({"one": "subject"}).join(objects.drop_nulls("one").rename({"one": "object"}), on="ID")
    named = pairs.join(rows.select("ID", "category", "confidence"), on="ID")
    return named.select("ID", "subject", pl.format(predicate, "category").alias("predicate") if "{}" in predicate else pl.lit(predicate).alias("predicate"), "object", "confidence")


SOURCE = Source(
    name="pharmgkb",
    title="PharmGKB clinical annotations: variants, genes and drugs",
    version="as in panno 0.3.1",
    license="CC-BY-SA-4.0",
    citation="Whirl-Carrillo M et al. An evidence-based framework for evaluating pharmacogenomics knowledge for personalized medicine. Clin Pharmacol Ther. 2021;110(3):563-572.",
    homepage="https://www.pharmgkb.org",
    files=(inside("panno", "panno/assets/pgx_kb.sqlite3", "pgx_kb.sqlite3"),),
    gives=("CONCEPTS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 2_600, "RELATIONS": 14_000},
)
