"""One real GWAS locus: coronary artery disease at PHACTR1, and the gene's expression in coronary arteries.

The files hold rsIDs and p-values only. What they are of - CARDIoGRAMplusC4D (Nikpay et al. 2015) and GTEx v7, coronary artery, PHACTR1 -
stands in the README of the package that ships them, locuscomparepy; the identifiers below were looked up from that.
"""

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.gwas.summary_statistics import Study, read_summary_statistics
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.record import Source
from kg.sources.stamp import stamp_concepts, stamp_relations

CORONARY_ARTERY_DISORDER = "mondo:0005010"
PHACTR1 = "hgnc:20990"
# -log10 of 5e-8, the usual genome-wide threshold.
SIGNIFICANT = 7.30103
# Of one gene's expression in one tissue, as many tests were made as the file has variants: 0.05 over that number (Bonferroni).
FAMILY_WISE = 0.05
GWAS = Study("CARDIoGRAMplusC4D-2015", CORONARY_ARTERY_DISORDER, published=date(2015, 9, 7))
EXPRESSION = Study("GTEx-v7-coronary-artery", PHACTR1)


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """ASSOCIATIONS of the GWAS (assembly makes relations of the significant ones), and RELATIONS variant expression_variant_of gene.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    gwas = _read(files["gwas.tsv"], GWAS, source, set_aside)
    expression = _read(files["eqtl.tsv"], EXPRESSION, source, set_aside)
    threshold = math.log10(max(1, expression.height) / FAMILY_WISE)
    changing = expression.filter(pl.col("neg_log10_p") >= threshold)
    set_aside.add_frame("RELATIONS", expression.filter(pl.col("neg_log10_p") < threshold)["variant"], "the variant does not change the gene's expression, Bonferroni over the file")
    significant = gwas.filter(pl.col("neg_log10_p") >= SIGNIFICANT)
    variants = pl.concat([significant["variant"], changing["variant"]]).unique().sort()
    concepts = pl.DataFrame({"curie": variants}).with_columns(
        kind=pl.lit(Kind.VARIANT.value), name=pl.col("curie").str.strip_prefix("dbsnp:"), synonyms=pl.lit([], dtype=pl.List(pl.String))
    )
    ties = changing.select(subject="variant", predicate=pl.lit("expression_variant_of"), object="trait", confidence=confidence(pl.col("neg_log10_p")))
    return Harvest(
        concepts=stamp_concepts(concepts, source), associations=gwas, relations=stamp_relations(ties, source), set_aside=set_aside.frame()
    )


def confidence(neg_log10_p: pl.Expr) -> pl.Expr:
    """-log10 p over 50, at most 1: from 0.15 at the threshold to 1 where nobody doubts."""
    return (neg_log10_p / 50).clip(0, 1)


def _read(path: Path, study: Study, source: Source, set_aside: SetAside) -> pl.DataFrame:
    return read_summary_statistics(
        path, study=study, set_aside=set_aside, source=source.name, source_version=source.version, license=source.license
    )


SOURCE = Source(
    name="cad_locus",
    title="Coronary artery disease at the PHACTR1 locus: GWAS and expression",
    version="as in locuscomparepy 0.1.2",
    license="CARDIoGRAMplusC4D and GTEx terms of use (summary data, open)",
    citation="Nikpay M et al. A comprehensive 1,000 Genomes-based GWAS meta-analysis of coronary artery disease. Nat Genet. 2015;47:1121-1130; GTEx Consortium. Nature. 2017;550:204-213.",
    homepage="http://www.cardiogramplusc4d.org",
    files=(
        inside("locuscomparepy", "locuscompare/data/gwas.tsv", "gwas.tsv"),
        inside("locuscomparepy", "locuscompare/data/eqtl.tsv", "eqtl.tsv"),
    ),
    gives=("ASSOCIATIONS", "CONCEPTS", "RELATIONS"),
    read=read,
    expected={"ASSOCIATIONS": 6_300},
)
