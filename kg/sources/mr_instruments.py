"""MRInstruments: associations of the GWAS Catalog of 2017 with both alleles and effects made comparable, for Mendelian randomization.

The rows are the catalog's, so a study here is the same study there; what they add is the other allele, its frequency and the standard
error. Effects are signed: `unit decrease` beside -0.41 says it again, and must not turn the sign. Without a unit the effect is the
logarithm of an odds ratio - but for rows whose catalog entry had no interval, where it is what the catalog wrote. The genes are those
that the authors reported; NR, intergenic and genic are none.

Only the year of publication is known. It is given as the last day of that year, flagged DATE_IS_YEAR, so that a row is never taken for
older than it is. The provider's file is one of R, `data/gwas_catalog.RData`; ours is that table written with
`write.table(gwas_catalog, sep = "\\t", quote = FALSE, row.names = FALSE, na = "")`, and no address that we know of serves it so.

What is counted: as in the GWAS Catalog; each line is an association for each of its traits, has a position, and has genes.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kg.curies import canonicalize_as
from kg.gwas.catalog_columns import whole_number
from kg.gwas.catalog_effects import BOUND, MEASURED, UNCLEAR, is_bound, is_statistic, read_significance, read_unit
from kg.gwas.catalog_genes import genes_by_symbol
from kg.gwas.catalog_samples import add_samples
from kg.gwas.catalog_traits import explode_traits
from kg.gwas.catalog_variants import NO_ALLELE, UNKNOWN_ALLELE, place_variants
from kg.gwas.effects import LOG_ODDS
from kg.harvest import Harvest, SetAside
from kg.sources.gwas_catalog import name_variants, strongest, whole_parameter
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_associations, stamp_concepts, stamp_relations, stamp_variants

DATE_IS_YEAR = "DATE_IS_YEAR"
# Our name: the file's.
COLUMNS = {
    "traits": "MAPPED_TRAIT_EFO_URI", "sample": "Initial_sample_description", "study": "STUDY.ACCESSION", "year": "Year", "named": "SNP",
    "chromosome": "chr", "position": "bp_ens_GRCh38", "reported": "gene", "reported_all": "Gene_ens", "effect_allele": "effect_allele",
    "other_allele": "other_allele", "beta": "beta", "standard_error": "se", "p": "pval", "units": "units", "frequency": "eaf",
}
LETTERS = "^[ACGT]+$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of variants, ASSOCIATIONS, VARIANTS on GRCh38 and RELATIONS to reported genes.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files["gwas_catalog.tsv"]
    rows = read_rows(path, columns=list(COLUMNS.values()), table="ASSOCIATIONS", set_aside=set_aside)
    rows = rows.select(line_key(path).alias("key"), *(pl.col(theirs).alias(ours) for ours, theirs in COLUMNS.items()))
    rows = rows.with_columns(variant=canonicalize_as(rows["named"], "dbsnp"), context=pl.lit(""))
    rows = sift(rows, [(pl.col("variant").is_null(), "the variant has no rsID")], table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside)
    return Harvest(
        concepts=stamp_concepts(name_variants(rows["variant"]), source),
        relations=stamp_relations(genes_by_symbol(rows, columns=("reported_all", "reported"), set_aside=set_aside), source),
        associations=stamp_associations(_associate(rows, source, set_aside), source),
        variants=stamp_variants(place_variants(rows, set_aside=set_aside), source),
        set_aside=set_aside.frame(),
    )


def _associate(rows: pl.DataFrame, source: Source, set_aside: SetAside) -> pl.DataFrame:
    """ASSOCIATIONS, not stamped yet, of rows with `variant`."""
    nothing = pl.lit("")
    rows = rows.with_columns(neg_log10_p=read_significance(pl.col("p"), nothing), year=whole_number(pl.col("year")))
    faults = [
        (pl.col("neg_log10_p").is_null(), "the row has no p-value"),
        (pl.col("neg_log10_p") < 0, "the p-value is above 1"),
        (pl.col("study") == "", "the row names no study"),
    ]
    significant = sift(rows, faults, table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside)
    single = explode_traits(significant, most=whole_parameter(source, "most_traits"), set_aside=set_aside)
    units = pl.col("units")
    is_unclear = (read_unit(units).is_null() & units.str.contains(MEASURED)) | is_statistic(units, _number("beta")).fill_null(False)
    effect = pl.when(~pl.col("is_unclear")).then(_number("beta"))
    described = add_samples(single.with_columns(is_unclear=is_unclear)).with_columns(
        effect_allele=pl.when(pl.col("effect_allele").str.contains(LETTERS)).then("effect_allele").otherwise(pl.lit(UNKNOWN_ALLELE)),
        other_allele=pl.when(pl.col("other_allele").str.contains(LETTERS)).then("other_allele"),
        beta=effect, standard_error=pl.when(~pl.col("is_unclear") & (_number("standard_error") > 0)).then(_number("standard_error")),
        effect_unit=pl.when(effect.is_not_null()).then(pl.coalesce(read_unit(units), pl.lit(LOG_ODDS))),
        effect_allele_frequency=pl.when(_number("frequency").is_between(0, 1)).then(_number("frequency")),
        date=pl.when(pl.col("year").is_between(1900, 9999)).then(pl.date(pl.col("year"), 12, 31)), build=pl.lit("GRCh38"),
    )
    flags = [
        pl.when(pl.col("effect_allele") == UNKNOWN_ALLELE).then(pl.lit(NO_ALLELE)),
        pl.when(is_bound(pl.col("p"), nothing)).then(pl.lit(BOUND)),
        pl.when("is_unclear").then(pl.lit(UNCLEAR)),
        pl.when(pl.col("date").is_not_null()).then(pl.lit(DATE_IS_YEAR)),
    ]
    return strongest(described.with_columns(flags=pl.concat_list(*flags).list.drop_nulls()), set_aside=set_aside)


def _number(column: str) -> pl.Expr:
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


SOURCE = Source(
    name="mr_instruments",
    title="MRInstruments: GWAS Catalog associations with comparable effects",
    version="2017-03-20",
    license="CC0-1.0",
    citation="Hemani G et al. The MR-Base platform supports systematic causal inference across the human phenome. eLife. 2018;7:e34408.",
    homepage="https://github.com/MRCIEU/MRInstruments",
    files=(File("gwas_catalog.tsv", "gwas/mrinstruments_gwas_catalog_2017.tsv.gz", local="gwas/mrinstruments_gwas_catalog_2017.tsv.gz"),),
    gives=("ASSOCIATIONS", "CONCEPTS", "RELATIONS", "VARIANTS"),
    read=read,
    expected={"ASSOCIATIONS": 26_000, "CONCEPTS": 20_000, "VARIANTS": 20_000},
    parameters={"most_traits": 5},
)
