"""The variants of the GWAS Catalog's rows: which one a row is of, its allele, its place, and what became of merged rsIDs.

`SNPS` is what the authors wrote: an rsID, a position, a name on an array, several of these. `rs1 x rs2` is an interaction, in which
neither variant need be associated by itself; `rs1; rs2` is a haplotype, whose p-value is of no single variant. Neither is split.
"""

import polars as pl

from generel.concepts.kinds import Kind
from kg.gwas.catalog_columns import whole_number
from kg.harvest import SetAside
from kg.sources.rows import sift

RSID = r"^(?i-u)rs\d+$"
INTERACTION = "the row is of an interaction: neither variant is associated by itself"
HAPLOTYPE = "the row is of a haplotype or several variants: its p-value is of none of them"
BY_POSITION = "the variant is named by a position, of a genome build that the row does not say"
ON_ARRAY = "the variant is named as on an array"
HLA_TYPE = "the row is of an HLA type or an amino acid, no variant"
NO_RSID = "the variant has no rsID"
# Names as on arrays: exome chips, Omni, Axiom and Affymetrix, Immunochip, MEGA, psychiatric and global screening arrays.
ARRAY = r"(?i-u)^(?:exm|kgp|snp_a-|affx-|ax-|imm_|1kg_|jhu_|psy_|gsa-|seq-|vg\d|newrs|variant\.|ilmn|cnvi)"
POSITION = r"(?i-u)^(?:hg\d\d[_:]?)?(?:chr)?(?:\d{1,2}|x|y|m|mt)[:_.-]\s*\d+"
HLA = r"(?i-u)^(?:hla|aa|drb\d|dqb\d|dqa\d|dpb\d)[-_*]"
UNKNOWN_ALLELE = "?"
# Flags of ASSOCIATIONS, as summary statistics have them too.
NO_ALLELE, REPEATED = "NO_ALLELE", "REPEATED"
ALLELE = r"^(rs\d+)\s*-\s*([ACGTacgt]+)\s*$"
CHROMOSOMES = {**{str(number): str(number) for number in range(1, 23)}, "23": "X", "24": "Y", "X": "X", "Y": "Y", "M": "MT", "MT": "MT"}
# dbSNP's function classes, used until 2015, by the word that the Sequence Ontology has for them.
CLASSES = {
    "intron": "intron_variant", "intergenic": "intergenic_variant", "missense": "missense_variant", "cds-synon": "synonymous_variant",
    "nearGene-5": "upstream_gene_variant", "nearGene-3": "downstream_gene_variant", "UTR-5": "5_prime_UTR_variant", "UTR-3": "3_prime_UTR_variant",
    "ncRNA": "non_coding_transcript_variant", "STOP-GAIN": "stop_gained", "STOP-LOSS": "stop_lost", "frameshift": "frameshift_variant",
    "splice-3": "splice_acceptor_variant", "splice-5": "splice_donor_variant", "cds-indel": "inframe_indel",
}
# A context has one class a gene, `intron;missense`: the gravest, in Ensembl's order, is that of the variant.
GRAVEST_FIRST = (
    "splice_acceptor_variant", "splice_donor_variant", "stop_gained", "frameshift_variant", "stop_lost", "inframe_indel", "missense_variant",
    "synonymous_variant", "5_prime_UTR_variant", "3_prime_UTR_variant", "non_coding_transcript_variant", "intron_variant",
    "upstream_gene_variant", "downstream_gene_variant", "intergenic_variant",
)


def sift_variants(rows: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """The rows of one variant with an rsID, which becomes `written`; the others are set aside by what they are of instead."""
    named, strongest = pl.col("named"), pl.col("strongest")
    faults = [
        (named.str.contains(r"(?i-u)\s+x\s+"), INTERACTION),
        (named.str.contains("[;,]") | strongest.str.contains(r"(?i-u)haplotype|;"), HAPLOTYPE),
        (named.str.contains(POSITION), BY_POSITION),
        (named.str.contains(ARRAY), ON_ARRAY),
        (named.str.contains(HLA), HLA_TYPE),
        (~named.str.contains(RSID), NO_RSID),
    ]
    good = sift(rows, faults, table="ASSOCIATIONS", key=pl.col("key"), set_aside=set_aside)
    return good.with_columns(written="dbsnp:" + named.str.to_lowercase())


def living_variants(rows: pl.DataFrame) -> dict[str, str]:
    """From each rsID that was merged into another one to the one that lives, however many merges there were between.

    Args:
        rows: of `sift_variants`; those that say MERGED name the rsID of today.
    """
    current = whole_number(pl.col("current"))
    merged = rows.filter(whole_number(pl.col("merged")) == 1, current.is_not_null()).select(
        "written", now=pl.concat_str(pl.lit("dbsnp:rs"), current)
    )
    # Where releases disagree the larger number wins: an arbitrary rule, but one that does not depend on the rows' order.
    step = dict(merged.filter(pl.col("written") != pl.col("now")).unique().sort("written", "now").iter_rows())
    living = {retired: _follow(retired, step) for retired in step}
    return {retired: now for retired, now in living.items() if retired != now}


def _follow(retired: str, step: dict[str, str]) -> str:
    """Where the steps end; a circle of steps leads nowhere."""
    seen = {retired}
    now = step[retired]
    while now in step:
        if now in seen:
            return retired
        seen.add(now)
        now = step[now]
    return now


def map_retired(living: dict[str, str]) -> pl.DataFrame:
    """`subject, predicate, object, kind`: living variants and the retired rsIDs they had."""
    rows = [(now, "alt_id", retired, Kind.VARIANT.value) for retired, now in living.items()]
    return pl.DataFrame(rows, schema=dict.fromkeys(("subject", "predicate", "object", "kind"), pl.String), orient="row")


def effect_allele() -> pl.Expr:
    """The letters of `rs7903146-T`; '?' where there are none, or where the allele is of another variant than the row's."""
    parts = pl.col("strongest").str.strip_chars().str.extract_groups(ALLELE)
    of_row = parts.struct.field("1").str.to_lowercase() == pl.col("named").str.to_lowercase()
    return pl.when(of_row).then(parts.struct.field("2").str.to_uppercase()).otherwise(pl.lit(UNKNOWN_ALLELE))


def place_variants(rows: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`variant, build, chromosome, position, alternate_allele, consequence`, of rows with `variant`; the catalog does not say which alleles a variant has."""
    placed = rows.select(
        "key", "variant", build=pl.lit("GRCh38"), position=whole_number(pl.col("position")), alternate_allele=pl.lit(UNKNOWN_ALLELE),
        chromosome=pl.col("chromosome").str.replace(r"\.0$", "").str.to_uppercase().replace_strict(CHROMOSOMES, default=None, return_dtype=pl.String),
        consequence=consequence(pl.col("context")),
    )
    faults = [
        (pl.col("position").is_null(), "the row has no position"),
        (pl.col("chromosome").is_null(), "the chromosome is none of GRCh38's 25"),
    ]
    return sift(placed, faults, table="VARIANTS", key=pl.col("key"), set_aside=set_aside).drop("key")


def consequence(context: pl.Expr) -> pl.Expr:
    """The Sequence Ontology's word for a context, the gravest of several; null where there is none."""
    words = context.str.split(";").list.eval(pl.element().str.strip_chars().replace(CLASSES))
    known = pl.coalesce(pl.when(words.list.contains(word)).then(pl.lit(word)) for word in GRAVEST_FIRST)
    return pl.when(context != "").then(pl.coalesce(known, words.list.first()))
