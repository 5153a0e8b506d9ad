"""RefSeq's summaries of human genes: a paragraph each, written by curators, as the definition of the gene.

Read in two layouts. NCBI publishes `gene_summary.gz` for all organisms, without symbols; tables made from RefSeq's records, as by the R package
GeneSummary (`Gene_ID, symbol, gene_name, RefSeq_accession, Review_status, Gene_summary`), are of one organism and have a symbol, or lack it.
A gene without one is called as NCBI Gene calls it. NCBI signs texts at their end, '[provided by RefSeq, Jan 2010]'; the signature says
nothing of the gene and is taken off.

What is counted: a line of the summaries is a concept or set aside. The lines of `gene_info` are only looked up.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.ncbi_gene import GENE_INFO, GENE_INFO_FILE, read_genes
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_bytes, read_rows, sift
from kg.sources.stamp import stamp_concepts

# NCBI's columns, and those of a table of one organism.
OF_ALL = {"taxon": "#tax_id", "gene": "GeneID", "author": "Source", "text": "Summary"}
OF_HUMANS = {"gene": "Gene_ID", "symbol": "symbol", "name": "gene_name", "text": "Gene_summary"}
HUMAN, AUTHOR = "9606", "RefSeq"
NOTHING = ("", "-", "NA")
SIGNATURE = r"\s*\[(?:provided|supplied) by [^\]]*\]\.?$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of genes with a summary.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files["gene_summary.tsv"]
    rows = _read_summaries(path, set_aside=set_aside)
    rows = rows.with_columns(curie=canonicalize_as(rows["gene"], "ncbigene"), definition=pl.col("text").str.replace(SIGNATURE, ""))
    symbols = read_genes(files[GENE_INFO], set_aside=SetAside(source.name)).select("curie", known="Symbol")
    rows = rows.join(symbols, on="curie", how="left", maintain_order="left")
    own = pl.when(~pl.col("symbol").is_in(NOTHING)).then("symbol")
    named = rows.with_columns(symbol=pl.coalesce(own, "known"))
    faults = [
        (pl.col("curie").is_null(), "the identifier is not one of NCBI Gene"),
        (pl.col("definition").is_in(NOTHING), "the gene has no summary"),
        (pl.col("symbol").is_null(), "the gene has no symbol, and NCBI Gene knows none"),
        (~pl.col("curie").is_first_distinct(), "the gene has another summary"),
    ]
    good = sift(named, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    synonyms = pl.concat_list("name").list.eval(pl.element().filter(~pl.element().is_in(NOTHING)))
    concepts = good.select("curie", "definition", kind=pl.lit(Kind.GENE.value), name="symbol", synonyms=synonyms)
    return Harvest(concepts=stamp_concepts(concepts, source), set_aside=set_aside.frame())


def _read_summaries(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`line, gene, symbol, name, text` of human genes; empty texts where the layout has no symbol and name."""
    of_all = read_bytes(path, first_line=True).lstrip(b"\xef\xbb\xbf").startswith(b"#tax_id")
    columns = OF_ALL if of_all else OF_HUMANS
    rows = read_rows(path, columns=tuple(columns.values()), table="CONCEPTS", set_aside=set_aside)
    rows = rows.rename({theirs: ours for ours, theirs in columns.items()})
    if not of_all:
        return rows
    others = [(pl.col("taxon") != HUMAN, "the gene is of another taxon than humans")]
    rows = sift(rows, others, table="CONCEPTS", key=pl.concat_str(pl.lit("taxon "), "taxon"), set_aside=set_aside)
    rows = sift(rows, [(pl.col("author") != AUTHOR, "the summary is not by RefSeq")], table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    return rows.select("line", "gene", pl.lit("").alias("symbol"), pl.lit("").alias("name"), "text")


SOURCE = Source(
    name="refseq",
    title="RefSeq: curated summaries of human genes",
    version="",
    license="public domain (NCBI)",
    citation=(
        "O'Leary NA et al. Reference sequence (RefSeq) database at NCBI. Nucleic Acids Res. 2016;44(D1):D733-D745; "
        "table of one organism: Gu Z. GeneSummary, https://github.com/jokergoo/GeneSummary."
    ),
    homepage="https://www.ncbi.nlm.nih.gov/refseq",
    files=(
        File(
            name="gene_summary.tsv",
            place="https://ftp.ncbi.nlm.nih.gov/gene/DATA/gene_summary.gz",
            local="gene_text/refseq_gene_summary_human.tsv.gz",
        ),
        GENE_INFO_FILE,
    ),
    gives=("CONCEPTS",),
    read=read,
    expected={"CONCEPTS": 14_300},
)
