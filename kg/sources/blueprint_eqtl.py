"""Blueprint: variants that change how much a gene is expressed in monocytes.

Each row is a variant and a gene with p below 5e-8, and neighbors in linkage disequilibrium say the same thing hundreds of times: the
file has 320,000 variants for 5,000 genes. So only the variant with the smallest p of each gene is a concept of ours; the associations
of the others are all here, and stay where another source has the variant. Effects are in whatever unit expression was normalized to,
which the file does not say; neither does it say who was studied, or under which license it is. It is for tests: a recipe can leave it out.

No address that we know of serves the file in this form, so its place is below the folder of data.

What is counted: each line is in ASSOCIATIONS or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kg.curies import canonicalize_as
from kg.gwas.catalog_effects import is_bound, read_significance
from kg.gwas.catalog_variants import REPEATED
from kg.harvest import Harvest, SetAside
from kg.sources.gwas_catalog import name_variants
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_associations, stamp_concepts

COLUMNS = ("Phenotype", "SNP", "beta", "se", "eaf", "effect_allele", "other_allele", "pval")
STUDY = "Blueprint-monocyte"
LETTERS = "^[ACGT]+$"
OF_ROW = ["variant", "trait", "effect_allele"]


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """ASSOCIATIONS of variants with genes' expression, and CONCEPTS of each gene's most significant variant.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files["monocyte_eqtl.tsv"]
    rows = read_rows(path, columns=COLUMNS, table="ASSOCIATIONS", set_aside=set_aside)
    rows = rows.with_columns(
        variant=canonicalize_as(rows["SNP"], "dbsnp"), trait=canonicalize_as(rows["Phenotype"], "ensembl"),
        neg_log10_p=read_significance(pl.col("pval"), pl.lit("")),
    )
    faults = [
        (pl.col("variant").is_null(), "the variant has no rsID"),
        (pl.col("trait").is_null(), "the gene's identifier is not one of Ensembl"),
        (pl.col("neg_log10_p").is_null() | (pl.col("neg_log10_p") < 0) | is_bound(pl.col("pval"), pl.lit("")), "the p-value is no number above 0 and up to 1"),
        (~pl.col("effect_allele").str.contains(LETTERS), "the effect allele is not written in letters"),
    ]
    good = sift(rows, faults, table="ASSOCIATIONS", key=line_key(path), set_aside=set_aside)
    ordered = good.sort(*OF_ROW, "neg_log10_p", "line", descending=[False] * 3 + [True, False])
    again = [(~pl.struct(OF_ROW).is_first_distinct(), "repeats a variant, gene and allele with a larger p")]
    kept = sift(ordered.with_columns(times=pl.len().over(OF_ROW)), again, table="ASSOCIATIONS", key=line_key(path), set_aside=set_aside)
    leads = kept.sort("trait", "neg_log10_p", "variant", descending=[False, True, False]).unique("trait", keep="first")
    return Harvest(
        concepts=stamp_concepts(name_variants(leads["variant"]), source),
        associations=stamp_associations(_associate(kept), source),
        set_aside=set_aside.frame(),
    )


def _associate(rows: pl.DataFrame) -> pl.DataFrame:
    """ASSOCIATIONS, not stamped yet."""
    frequency, error = _number("eaf"), _number("se")
    return rows.select(
        "variant", "trait", "effect_allele", "neg_log10_p", study=pl.lit(STUDY), beta=_number("beta"),
        other_allele=pl.when(pl.col("other_allele").str.contains(LETTERS)).then("other_allele"),
        standard_error=pl.when(error > 0).then(error), effect_allele_frequency=pl.when(frequency.is_between(0, 1)).then(frequency),
        flags=pl.when(pl.col("times") > 1).then(pl.lit([REPEATED])).otherwise(pl.lit([], dtype=pl.List(pl.String))),
    )


def _number(column: str) -> pl.Expr:
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


SOURCE = Source(
    name="blueprint_eqtl",
    title="Blueprint: variants that change gene expression in monocytes",
    version="",
    license="unstated: tests only",
    citation="Chen L et al. Genetic drivers of epigenetic and transcriptional variation in human immune cells. Cell. 2016;167(5):1398-1414.",
    homepage="http://blueprint-data.bsc.es",
    files=(File("monocyte_eqtl.tsv", "eqtl/blueprint_monocyte_eqtl.tsv.gz", local="eqtl/blueprint_monocyte_eqtl.tsv.gz"),),
    gives=("ASSOCIATIONS", "CONCEPTS"),
    read=read,
    expected={"ASSOCIATIONS": 424_000, "CONCEPTS": 4_400},
)
