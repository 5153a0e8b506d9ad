"""CPIC gene-drug pairs and the positions of pharmacogenomic variants, as the tables that PyPGx ships.

A drug has an RxNorm number and a name here; nothing else ties RxNorm to ChEBI in the starter. The relation goes to the *name*, and a
mapping says which RxNorm concept the table calls so: where the name is ambiguous, both are set aside together.
ATC codes name classes and combinations too, so they identify nothing.

The variants' alleles are read from their names, `chromosome-position-reference-alternate`, one a build: the column `Variant` holds
the allele of interest, which in 11 rows (F5 Leiden, CYP3A5*3) is the *reference* of one of the builds.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.tables import RELATIONS, check
from kg.curies import canonicalize_as
from kg.harvest import MENTION, Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.quoted_rows import read_quoted_rows
from kg.sources.record import Source
from kg.sources.rows import line_key, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations, stamp_variants

PAIR_COLUMNS = ("Gene", "Drug", "RxNorm", "ATC", "CPICLevel")
VARIANT_COLUMNS = ("Gene", "rsID", "GRCh37Name", "GRCh38Name")
BUILDS = ("GRCh37", "GRCh38")
VARIANT_NAME = r"^([^-]+)-(\d+)-([ACGTN]+)-([ACGTN]+)$"
# The pairs are CPIC's, the table of variants is PyPGx's own.
VARIANT_LICENSE = "MIT"
# CPIC's levels: A and B have or await a recommendation to act, C and D do not.
CONFIDENCE = {"A": 1.0, "A/B": 0.9, "B": 0.8, "B/C": 0.6, "C": 0.4, "C/D": 0.3, "D": 0.2}
NO_TEXTS = pl.lit([], dtype=pl.List(pl.String))


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS gene-drug and variant-gene, MAPPINGS of RxNorm to drug names, VARIANTS on both genome builds.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    pairs = _read_pairs(files["cpic-table.csv"], set_aside)
    positions = _read_positions(files["variant-table.csv"], set_aside)
    drugs = pairs.drop_nulls("rxnorm").select("rxnorm", "Drug").unique(["rxnorm"], keep="first", maintain_order=True)
    rsids = positions.select("variant").unique().sort("variant")
    concepts = pl.concat(
        [
            drugs.select(curie="rxnorm", kind=pl.lit(Kind.DRUG.value), name="Drug", synonyms=NO_TEXTS),
            rsids.select(curie="variant", kind=pl.lit(Kind.VARIANT.value), name=pl.col("variant").str.strip_prefix("dbsnp:"), synonyms=NO_TEXTS),
        ]
    )
    mappings = drugs.select(subject="rxnorm", predicate=pl.lit("skos:exactMatch"), object=_mention("drug", "Drug"), kind=pl.lit(Kind.DRUG.value))
    effects = pairs.select(subject=_mention("gene", "Gene"), predicate=pl.lit("affects_response"), object=_mention("drug", "Drug"), confidence="confidence")
    places = positions.select(subject="variant", predicate=pl.lit("variant_of_gene"), object=_mention("gene", "Gene"), confidence=pl.lit(1.0))
    placed = stamp_relations(places, source).with_columns(license=pl.lit(VARIANT_LICENSE))
    return Harvest(
        concepts=stamp_concepts(concepts, source),
        mappings=stamp_mappings(mappings, source),
        relations=check(pl.concat([stamp_relations(effects, source), placed]), RELATIONS),
        variants=_stack_builds(positions, source),
        set_aside=set_aside.frame(),
    )


def _read_pairs(path: Path, set_aside: SetAside) -> pl.DataFrame:
    rows = read_quoted_rows(path, columns=PAIR_COLUMNS, table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(
        rxnorm=canonicalize_as(rows["RxNorm"], "rxnorm"),
        confidence=pl.col("CPICLevel").replace_strict(CONFIDENCE, default=None, return_dtype=pl.Float64),
    )
    faults = [
        ((pl.col("Gene") == "") | (pl.col("Drug") == ""), "the pair lacks its gene or its drug"),
        (pl.col("confidence").is_null(), "the level is none of CPIC"),
    ]
    good = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    coded = good.filter(pl.col("ATC") != "")
    set_aside.add_frame("MAPPINGS", coded["ATC"], "an ATC code names a class or a combination, not one drug")
    return good


def _read_positions(path: Path, set_aside: SetAside) -> pl.DataFrame:
    rows = read_quoted_rows(path, columns=VARIANT_COLUMNS, table="VARIANTS", set_aside=set_aside)
    rows = rows.with_columns(variant=canonicalize_as(rows["rsID"], "dbsnp"), **{build: _parse_name(f"{build}Name") for build in BUILDS})
    unplaced = pl.any_horizontal(pl.col(build).struct.field("position").is_null() for build in BUILDS)
    faults = [
        (pl.col("variant").is_null(), "the variant has no rsID"),
        (pl.col("Gene") == "", "the variant names no gene"),
        (unplaced, "the variant's name has no position and alleles"),
    ]
    return sift(rows, faults, table="VARIANTS", key=line_key(path), set_aside=set_aside)


def _stack_builds(rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """VARIANTS: one row a variant, genome build and alternate allele."""
    parts = [rows.select("variant", pl.lit(build).alias("build"), pl.col(build).struct.unnest()) for build in BUILDS]
    return stamp_variants(pl.concat(parts), source)


def _parse_name(column: str) -> pl.Expr:
    """`chromosome, position, reference_allele, alternate_allele` of a variant's name; nulls where it is none. M is the mitochondrion, MT."""
    parts = pl.col(column).str.extract_groups(VARIANT_NAME).struct
    return pl.struct(
        chromosome=parts.field("1").replace("M", "MT"), position=parts.field("2").cast(pl.Int64, strict=False),
        reference_allele=parts.field("3"), alternate_allele=parts.field("4"),
    )


def _mention(kind: str, column: str) -> pl.Expr:
    return f"{MENTION}{kind}:" + pl.col(column)


SOURCE = Source(
    name="cpic",
    title="CPIC gene-drug pairs, and positions of pharmacogenomic variants",
    version="as in pypgx 0.27.0",
    license="CC0-1.0",
    citation="Relling MV, Klein TE. CPIC: Clinical Pharmacogenetics Implementation Consortium. Clin Pharmacol Ther. 2011;89(3):464-467; Lee SB et al. PyPGx. PLoS One. 2022;17(8):e0272129.",
    homepage="https://cpicpgx.org",
    files=(
        inside("pypgx", "pypgx/api/data/cpic-table.csv", "cpic-table.csv"),
        inside("pypgx", "pypgx/api/data/variant-table.csv", "variant-table.csv"),
    ),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS", "VARIANTS"),
    read=read,
    expected={"RELATIONS": 1_200, "VARIANTS": 2_000},
)
