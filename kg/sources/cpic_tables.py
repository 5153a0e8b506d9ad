"""CPIC's own tables: genes and drugs whose pairing a guideline considers, from the database of July 2020.

A drug's identifier may be RxNorm's, or for a whole class that of ATC: what holds of antidepressants as a class holds of no one drug by
itself, so classes are set aside. Of DrugBank and RxNorm a drug has one each, which ties RxNorm to ChEBI; a drug without DrugBank's
is tied by its name. (`kg.sources.cpic` reads the pairs that PyPGx ships; their levels are CPIC's too.) Guidelines are texts, not read here.

The tables are those of the database by the same names, as tab-separated text; no address that we know of serves them so.

What is counted: each line of the pairs is in RELATIONS or set aside; each line of the drugs is a concept or set aside, and each
concept has a mapping, of which a wrong identifier of DrugBank is set aside for the name; the genes only lend their identifiers to the pairs.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, canonicalize_as, prefix_of, prefixes_of
from kg.harvest import MENTION, Harvest, SetAside
from kg.sources.cpic import CONFIDENCE
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations

CLASS, NO_DRUG = "an ATC code names a class of drugs, not one", "the identifier is not one of a drug"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS and MAPPINGS of drugs, RELATIONS gene affects_response drug.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    drugs = _read_drugs(files["drug.tsv"], set_aside)
    pairs = _read_pairs(files["pair.tsv"], genes=_read_genes(files["gene.tsv"], set_aside), set_aside=set_aside)
    kind = pl.lit(Kind.DRUG.value)
    concepts = drugs.select("curie", kind=kind, name="name", synonyms=pl.lit([], dtype=pl.List(pl.String)))
    other = pl.coalesce("drugbank", f"{MENTION}drug:" + pl.col("name"))
    mappings = drugs.select(subject="curie", predicate=pl.lit("skos:exactMatch"), object=other, kind=kind)
    relations = pairs.select(subject="gene", predicate=pl.lit("affects_response"), object="drug", confidence="confidence")
    return Harvest(
        concepts=stamp_concepts(concepts, source),
        mappings=stamp_mappings(mappings, source),
        relations=stamp_relations(relations, source),
        set_aside=set_aside.frame(),
    )


def _read_drugs(path: Path, set_aside: SetAside) -> pl.DataFrame:
    rows = read_rows(path, columns=("drugid", "name", "drugbankid"), table="CONCEPTS", set_aside=set_aside)
    rows = rows.with_columns(curie=canonicalize(rows["drugid"]), drugbank=canonicalize_as(rows["drugbankid"], "drugbank"))
    faults = [
        *_no_drug("curie"),
        (~pl.col("curie").is_first_distinct(), "the identifier occurs again"),
        (pl.col("name") == "", "the drug has no name"),
    ]
    good = sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    untied = good.filter(pl.col("drugbankid") != "", pl.col("drugbank").is_null()).select(key=line_key(path))["key"]
    set_aside.add_frame("MAPPINGS", untied, "the identifier is not one of drugbank")
    return good


def _read_genes(path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`genesymbol, hgnc`."""
    rows = read_rows(path, columns=("symbol", "hgncid"), table="MAPPINGS", set_aside=set_aside)
    rows = rows.with_columns(hgnc=canonicalize_as(rows["hgncid"], "hgnc"))
    faults = [(pl.col("hgnc").is_null(), "the identifier is not one of hgnc"), (~pl.col("symbol").is_first_distinct(), "the symbol occurs again")]
    return sift(rows, faults, table="MAPPINGS", key=line_key(path), set_aside=set_aside).select("hgnc", genesymbol="symbol")


def _read_pairs(path: Path, *, genes: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    rows = read_rows(path, columns=("genesymbol", "drugid", "level"), table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(
        drug=canonicalize(rows["drugid"]), confidence=pl.col("level").replace_strict(CONFIDENCE, default=None, return_dtype=pl.Float64)
    ).join(genes, on="genesymbol", how="left", maintain_order="left")
    faults = [
        (pl.col("genesymbol") == "", "the pair lacks its gene"),
        *_no_drug("drug"),
        (pl.col("confidence").is_null(), "the level is none of CPIC"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return kept.with_columns(gene=pl.coalesce("hgnc", f"{MENTION}gene:" + pl.col("genesymbol")))


def _no_drug(column: str) -> list[tuple[pl.Expr, str]]:
    prefix = prefix_of(pl.col(column))
    return [(prefix == "atc", CLASS), (prefix.is_null() | ~prefix.is_in(prefixes_of(Kind.DRUG)), NO_DRUG)]


def _file(name: str) -> File:
    place = f"pharmacogenomics/cpic_2020-07_{name}"
    return File(name, place, local=place)


SOURCE = Source(
    name="cpic_tables",
    title="CPIC: gene-drug pairs and drugs, from its own database",
    version="2020-07",
    license="CC0-1.0",
    citation="Relling MV, Klein TE. CPIC: Clinical Pharmacogenetics Implementation Consortium. Clin Pharmacol Ther. 2011;89(3):464-467.",
    homepage="https://cpicpgx.org",
    files=(_file("pair.tsv"), _file("drug.tsv"), _file("gene.tsv")),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 200, "RELATIONS": 310},
)
