"""PharmCAT: where the variants lie by which it tells the alleles of pharmacogenes, on GRCh38.

Alleles stand in HGVS, `g.117530974C>T; g.117530974C>G`, several after semicolons. Only substitutions are read from it: a deletion or
repeat cannot be written as reference and alternate without the sequence around it (`g.42128242del` does not even name the base), so
those variants have a place and '?' for their alleles. No address that we know of serves the file: it holds the positions of PharmCAT's
allele definitions, a row each.

What is counted: each line with an rsID is a variant of its gene; and each of its alleles is in VARIANTS or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kg.curies import canonicalize_as
from kg.gwas.catalog_columns import whole_number
from kg.gwas.catalog_variants import CHROMOSOMES, UNKNOWN_ALLELE
from kg.harvest import MENTION, Harvest, SetAside
from kg.sources.gwas_catalog import name_variants
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_relations, stamp_variants

COLUMNS = ("gene", "rsid", "chromosome", "position_GRCh38", "hgvs")
SUBSTITUTION = r"^(?-u)g\.(\d{1,10})([ACGT])>([ACGT])$"
# What else is no allele at one base: it has a place, but no letters to write.
OTHER_CHANGE = r"^g\.\d+(?:_\d+)?(?:del|ins|dup|inv|[ACGT]*\[\d+\])"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of variants, VARIANTS on GRCh38, RELATIONS variant_of_gene.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files["rsid_gene.tsv"]
    rows = read_rows(path, columns=COLUMNS, table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(variant=canonicalize_as(rows["rsid"], "dbsnp"))
    faults = [(pl.col("variant").is_null(), "the variant has no rsID"), (pl.col("gene") == "", "the variant names no gene")]
    good = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    relations = good.select(subject="variant", predicate=pl.lit("variant_of_gene"), object=f"{MENTION}gene:" + pl.col("gene"), confidence=pl.lit(1.0))
    return Harvest(
        concepts=stamp_concepts(name_variants(good["variant"]), source),
        relations=stamp_relations(relations, source),
        variants=stamp_variants(_place(good, path=path, set_aside=set_aside), source),
        set_aside=set_aside.frame(),
    )


def _place(rows: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """VARIANTS, not stamped yet: a row an allele."""
    single = rows.with_columns(change=pl.col("hgvs").str.split(";")).explode("change").with_columns(pl.col("change").str.strip_chars())
    parts = pl.col("change").str.extract_groups(SUBSTITUTION).struct
    placed = single.with_columns(
        build=pl.lit("GRCh38"), position=whole_number(pl.col("position_GRCh38")), said=parts.field("1").cast(pl.Int64),
        chromosome=pl.col("chromosome").str.strip_prefix("chr").replace_strict(CHROMOSOMES, default=None, return_dtype=pl.String),
        reference_allele=parts.field("2"), alternate_allele=parts.field("3").fill_null(UNKNOWN_ALLELE),
    )
    faults = [
        (pl.col("position").is_null() | pl.col("chromosome").is_null(), "the variant has no position on a chromosome of GRCh38"),
        (pl.col("said").is_null() & ~pl.col("change").str.contains(OTHER_CHANGE), "the allele is not in HGVS"),
        (pl.col("said") != pl.col("position"), "the allele is of another position than the variant"),
    ]
    return sift(placed, faults, table="VARIANTS", key=line_key(path), set_aside=set_aside)


SOURCE = Source(
    name="pharmcat",
    title="PharmCAT: variants that tell the alleles of pharmacogenes",
    version="",
    license="MPL-2.0",
    citation="Sangkuhl K et al. Pharmacogenomics Clinical Annotation Tool (PharmCAT). Clin Pharmacol Ther. 2020;107(1):203-210.",
    homepage="https://pharmcat.org",
    files=(File("rsid_gene.tsv", "pharmacogenomics/pharmcat_rsid_gene.tsv", local="pharmacogenomics/pharmcat_rsid_gene.tsv"),),
    gives=("CONCEPTS", "RELATIONS", "VARIANTS"),
    read=read,
    expected={"RELATIONS": 900, "VARIANTS": 900},
)
