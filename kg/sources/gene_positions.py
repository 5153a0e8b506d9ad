"""Ensembl's genes of GRCh38: where they lie, and which gene of HGNC each is.

GFF3 has a line for every gene, transcript and exon; only genes are read, which come as `gene`, `ncRNA_gene` and `pseudogene`. The
approved symbol's identifier is hidden in the description, `[Source:HGNC Symbol;Acc:HGNC:11641]`, with its semicolon written `%3B`. Genes on
scaffolds and patches are second copies of genes of the chromosomes, and are set aside.

Assembly looks up the variants without a gene in GENE_POSITIONS, see `kg.gwas.nearest_gene`.

What is counted: each line of a gene is a concept or set aside; lines of other features are parts of genes, and no rows.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.kinds import Kind
from generel.concepts.tables import GENE_POSITIONS, check
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.line_blocks import read_line_blocks
from kg.sources.record import File, Source
from kg.sources.rows import NOT_UTF8, RAGGED, REPLACEMENT, line_key, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings

FEATURES = ("gene", "ncRNA_gene", "pseudogene")
# The feature is the third of nine fields.
OF_GENE = rf"^[^\t]*\t[^\t]*\t(?:{'|'.join(FEATURES)})\t"
FIELDS = ("chromosome", "", "feature", "start", "end", "", "strand", "", "attributes")
CHROMOSOMES = (*map(str, range(1, 23)), "X", "Y", "MT")
BUILD = "GRCh38"
HGNC_OF = r"Acc:(HGNC:\d+)\]"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of Ensembl genes, MAPPINGS to HGNC, and GENE_POSITIONS.

    Raises:
        BadTable: no line of a gene.
    """
    set_aside = SetAside(source.name)
    genes = read_genes(files["genes.gff3"], set_aside=set_aside)
    kind = pl.lit(Kind.GENE.value)
    concepts = genes.select(curie="gene", kind=kind, name=pl.coalesce("symbol", pl.col("gene").str.strip_prefix("ensembl:")), synonyms=pl.lit([], dtype=pl.List(pl.String)))
    mapped = genes.drop_nulls("hgnc")
    mappings = mapped.select(subject="hgnc", predicate=pl.lit("skos:exactMatch"), object="gene", kind=kind)
    stamped = genes.with_columns(build=pl.lit(BUILD), source=pl.lit(source.name), source_version=pl.lit(source.version), license=pl.lit(source.license))
    return Harvest(
        concepts=stamp_concepts(concepts, source), mappings=stamp_mappings(mappings, source), gene_positions=check(stamped, GENE_POSITIONS), set_aside=set_aside.frame()
    )


def read_genes(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`gene, symbol, hgnc, biotype, chromosome, start, end, strand` of the genes on chromosomes; no symbol, HGNC entry or biotype is null.

    Raises:
        BadTable: no line of a gene.
    """
    blocks = [lines.filter(pl.col("text").str.contains(OF_GENE)) for lines in read_line_blocks(path)]
    rows = pl.concat(blocks) if blocks else pl.DataFrame()
    if rows.is_empty():
        raise BadTable(f"{path} is not GFF3 with genes: no line has {', '.join(FEATURES)} as its third field")
    rows = rows.with_columns(fields=pl.col("text").str.split("\t"))
    faults = [(pl.col("text").str.contains(REPLACEMENT, literal=True), NOT_UTF8), (pl.col("fields").list.len() != len(FIELDS), RAGGED)]
    rows = sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    rows = rows.select("line", *(pl.col("fields").list.get(place).str.strip_chars().alias(name) for place, name in enumerate(FIELDS) if name))
    rows = rows.with_columns(
        gene=canonicalize_as(rows["attributes"].str.extract(r"(?:^|;)gene_id=([^;]*)"), "ensembl"), symbol=_attribute("Name"),
        hgnc=canonicalize_as(rows["attributes"].str.replace_all("%3B", ";", literal=True).str.extract(HGNC_OF), "hgnc"), biotype=_attribute("biotype"),
        start=pl.col("start").cast(pl.Int64, strict=False), end=pl.col("end").cast(pl.Int64, strict=False),
        strand=pl.when(pl.col("strand").is_in(["+", "-"])).then("strand"),
    )
    faults = [
        (pl.col("gene").is_null(), "the gene has no identifier of Ensembl"),
        (~pl.col("chromosome").is_in(CHROMOSOMES), "the gene lies on no chromosome but a scaffold or patch"),
        ((pl.col("start") < 1) | pl.col("start").is_null() | pl.col("end").is_null() | (pl.col("end") < pl.col("start")), "the gene has no start before its end"),
        # Of the pseudoautosomal genes each has one identifier and two places, on X, which comes first, and on Y.
        (~pl.col("gene").is_first_distinct(), "the identifier occurs again"),
    ]
    return sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)


def _attribute(name: str) -> pl.Expr:
    """An attribute's value; null where it is missing or empty."""
    value = pl.col("attributes").str.extract(rf"(?:^|;){name}=([^;]*)").str.strip_chars()
    return pl.when(value != "").then(value)


SOURCE = Source(
    name="gene_positions",
    title="Ensembl: human genes on GRCh38",
    version="release 112",
    license="Ensembl terms of use (no restriction)",
    citation="Harrison PW et al. Ensembl 2024. Nucleic Acids Res. 2024;52(D1):D891-D899.",
    homepage="https://www.ensembl.org",
    files=(
        File("genes.gff3", "https://ftp.ensembl.org/pub/release-112/gff3/homo_sapiens/Homo_sapiens.GRCh38.112.gff3.gz", local="genes/Homo_sapiens.GRCh38.112.gff3.gz"),
    ),
    gives=("CONCEPTS", "MAPPINGS", "GENE_POSITIONS"),
    read=read,
    expected={"CONCEPTS": 58_000, "MAPPINGS": 38_000, "GENE_POSITIONS": 58_000},
)
