"""ClinVar: variants that laboratories classified as causes of disease.

Each allele has a line for each genome build; only those of GRCh38 are read. Of these, only what is classified pathogenic or likely
pathogenic ties a variant to a disease: most of ClinVar is of uncertain significance or benign, and conflicting classifications are none.
The trap is the rsID. It is of the position, not of the allele, so another allele of the same rsID may be benign; which one is meant
stands in VARIANTS, in the letters of VCF. Another is the conditions: they are sets of identifiers, `,` between those of one condition and `|`
or `;` between conditions, and the commonest condition is 'not provided'.

Confidence is that of the review, in ClinVar's stars, and a tenth less for what is only likely.

What is counted: each line is set aside, under its classification where it is read no further, or has three parts: its conditions, each in
RELATIONS or set aside; its genes, likewise; its position, in VARIANTS or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kg.curies import canonicalize, canonicalize_as, prefix_of
from kg.gwas.catalog_variants import CHROMOSOMES
from kg.harvest import Harvest, SetAside
from kg.sources.gwas_catalog import name_variants
from kg.sources.line_blocks import BLOCK_BYTES, read_row_blocks
from kg.sources.record import File, Source
from kg.sources.rows import line_key, sift
from kg.sources.stamp import stamp_concepts, stamp_relations, stamp_variants

# Our name: the file's.
COLUMNS = {
    "genes": "HGNC_ID", "gene": "GeneID", "classified": "ClinicalSignificance", "rsid": "RS# (dbSNP)", "conditions": "PhenotypeIDS",
    "origin": "OriginSimple", "build": "Assembly", "chromosome": "Chromosome", "review": "ReviewStatus", "position": "PositionVCF",
    "reference_allele": "ReferenceAlleleVCF", "alternate_allele": "AlternateAlleleVCF",
}
BUILD = "GRCh38"
PATHOGENIC = r"(?i-u)^(?:likely )?pathogenic\b"
LIKELY = r"(?i-u)^likely pathogenic\b"
# What else a line may be classified as, in the order in which it counts.
OTHER = (
    (r"(?i-u)conflicting", "the classifications are in conflict"),
    (r"(?i-u)uncertain", "the significance is uncertain"),
    (r"(?i-u)benign", "the allele is benign"),
)
UNCLASSIFIED = "the allele is classified by something else than pathogenicity"
# Confidence by the words that stand for 4, 3, 2, 1 and no stars.
REVIEWS = {
    "practice guideline": 1.0,
    "reviewed by expert panel": 0.95,
    "criteria provided, multiple submitters, no conflicts": 0.85,
    "criteria provided, single submitter": 0.6,
    "no assertion criteria provided": 0.3,
}
ONLY_LIKELY = 0.9
# Whose identifier is taken of a condition that has several.
PREFERRED = ("mondo", "omim", "orphanet", "hp", "umls", "mesh")
# MedGen's records for a condition that nobody named.
UNNAMED = ("umls:C3661900", "medgen:CN517202", "medgen:CN169374", "medgen:CN221809")
NOT_NAMED, NO_CONDITION = "the condition is not named", "the condition has no identifier of a disease or phenotype that we know"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of variants, RELATIONS pathogenic_for and variant_of_gene, VARIANTS on GRCh38.

    Raises:
        BadTable: missing columns.
    """
    return read_in_blocks(files["variant_summary.txt"], source, block_bytes=BLOCK_BYTES)


def read_in_blocks(path: Path, source: Source, *, block_bytes: int) -> Harvest:
    """As `read`; the file is some gigabytes, of which so many bytes are looked at together."""
    set_aside = SetAside(source.name)
    blocks = read_row_blocks(path, columns=list(COLUMNS.values()), table="RELATIONS", set_aside=set_aside, block_bytes=block_bytes)
    kept = pl.concat([_sift_alleles(block, path=path, set_aside=set_aside) for block in blocks])
    relations = pl.concat([_read_conditions(kept, set_aside), _read_genes(kept, set_aside)])
    return Harvest(
        concepts=stamp_concepts(name_variants(kept["variant"]), source),
        relations=stamp_relations(relations, source),
        variants=stamp_variants(_read_places(kept, set_aside), source),
        set_aside=set_aside.frame(),
    )


def _sift_alleles(block: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The pathogenic alleles on GRCh38 that have an rsID, with `key`, `variant` and `confidence`."""
    rows = block.select(line_key(path).alias("key"), *(pl.col(theirs).alias(ours) for ours, theirs in COLUMNS.items()))
    rows = rows.with_columns(variant=canonicalize_as("rs" + rows["rsid"], "dbsnp"))
    classified = pl.col("classified")
    # Millions of lines are set aside here, so they are counted under what they say and not each under its number.
    common = [
        (pl.col("build") != BUILD, "the line is of another genome build"),
        *((classified.str.contains(pattern), reason) for pattern, reason in OTHER),
        (~classified.str.contains(PATHOGENIC), UNCLASSIFIED),
    ]
    said = pl.when(pl.col("build") != BUILD).then("build").otherwise("classified")
    rows = sift(rows, common, table="RELATIONS", key=said, set_aside=set_aside)
    weight = pl.when(classified.str.contains(LIKELY)).then(ONLY_LIKELY).otherwise(1.0)
    confidence = pl.col("review").str.to_lowercase().replace_strict(REVIEWS, default=None, return_dtype=pl.Float64)
    faults = [
        (pl.col("variant").is_null(), "the allele has no rsID"),
        (pl.col("origin") == "somatic", "the allele was seen in tumors only"),
        (pl.col("confidence").is_null(), "the review status is none that classifies"),
    ]
    return sift(rows.with_columns(confidence=confidence * weight), faults, table="RELATIONS", key=pl.col("key"), set_aside=set_aside)


def _read_conditions(rows: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of variants and what they cause."""
    single = rows.select("key", "variant", "confidence", condition=pl.col("conditions").str.split("|").list.eval(pl.element().str.split(";").explode()))
    single = single.explode("condition").with_columns(pl.col("condition").str.strip_chars().fill_null("").replace(["-", "na"], ""))
    named = _name_conditions(single["condition"].unique())
    joined = single.join(named, on="condition", how="left", maintain_order="left")
    faults = [
        ((pl.col("condition") == "") | pl.col("is_unnamed"), NOT_NAMED),
        (pl.col("disease").is_null(), NO_CONDITION),
    ]
    kept = sift(joined, faults, table="RELATIONS", key=pl.col("key"), set_aside=set_aside)
    return kept.select(subject="variant", predicate=pl.lit("pathogenic_for"), object="disease", confidence="confidence")


def _name_conditions(conditions: pl.Series) -> pl.DataFrame:
    """`condition, disease, is_unnamed`: the preferred of a condition's identifiers, null where there is none."""
    written = conditions.alias("condition").to_frame().with_columns(said=pl.col("condition").str.split(",")).explode("said")
    # `MONDO:MONDO:0009061`, `Human Phenotype Ontology:HP:0001250`, and MedGen's numbers, which are those of UMLS where they begin with a C.
    plain = written["said"].str.strip_chars().str.replace(r"^(?i-u)human phenotype ontology:", "").str.replace(r"^(?i-u)medgen:(C\d{7})$", "umls:${1}")
    written = written.with_columns(curie=canonicalize(plain))
    rank = prefix_of(pl.col("curie")).replace_strict({prefix: place for place, prefix in enumerate(PREFERRED)}, default=None, return_dtype=pl.Int64)
    ranked = written.with_columns(rank=rank).sort("condition", "rank", "curie", nulls_last=True)
    usable = pl.col("curie").filter(pl.col("rank").is_not_null())
    return ranked.group_by("condition", maintain_order=True).agg(disease=usable.first(), is_unnamed=pl.col("curie").is_in(UNNAMED).any())


def _read_genes(rows: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, confidence` of variants and their genes."""
    said = pl.when(pl.col("genes").is_in(["", "-"])).then("gene").otherwise("genes")
    single = rows.select("key", "variant", gene=said.str.split(";")).explode("gene").with_columns(pl.col("gene").str.strip_chars().fill_null(""))
    single = single.with_columns(curie=pl.coalesce(canonicalize_as(single["gene"].str.extract(r"^(HGNC:.*)$"), "hgnc"), canonicalize_as(single["gene"], "ncbigene")))
    kept = sift(single, [(pl.col("curie").is_null(), "the allele is of no one gene")], table="RELATIONS", key=pl.col("key"), set_aside=set_aside)
    return kept.select(subject="variant", predicate=pl.lit("variant_of_gene"), object="curie", confidence=pl.lit(1.0))


def _read_places(rows: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    """VARIANTS, not stamped yet."""
    placed = rows.with_columns(
        chromosome=pl.col("chromosome").replace_strict(CHROMOSOMES, default=None, return_dtype=pl.String), position=pl.col("position").cast(pl.Int64, strict=False)
    )
    faults = [
        (pl.col("chromosome").is_null(), "the chromosome is none of GRCh38's 25"),
        (pl.col("position").is_null() | (pl.col("position") < 1), "the allele has no position in VCF"),
        (pl.any_horizontal(~pl.col(allele).str.contains("^[ACGTN]+$") for allele in ("reference_allele", "alternate_allele")), "the alleles are not written in letters"),
    ]
    return sift(placed, faults, table="VARIANTS", key=pl.col("key"), set_aside=set_aside)


SOURCE = Source(
    name="clinvar",
    title="ClinVar: variants classified as causes of disease",
    version="",
    license="NCBI public domain",
    citation="Landrum MJ et al. ClinVar: improvements to accessing data. Nucleic Acids Res. 2020;48(D1):D835-D844.",
    homepage="https://www.ncbi.nlm.nih.gov/clinvar",
    files=(
        File("variant_summary.txt", "https://ftp.ncbi.nlm.nih.gov/pub/clinvar/tab_delimited/variant_summary.txt.gz", local="clinvar/variant_summary.txt.gz"),
    ),
    gives=("CONCEPTS", "RELATIONS", "VARIANTS"),
    read=read,
    expected={"CONCEPTS": 100_000, "RELATIONS": 200_000, "VARIANTS": 100_000},
)
