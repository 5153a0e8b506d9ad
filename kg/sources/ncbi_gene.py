"""NCBI Gene: human genes by their numbers, symbols old and new, and what other databases call them.

`Homo_sapiens.gene_info` has changed its header: today it is `#tax_id TAB GeneID …`, until 2016 it was one sentence, `#Format: tax_id GeneID …
(tab is used as a separator, …)`; the columns are the same. The file also holds the mitochondrial genes of Neanderthals and Denisovans, a record
`NEWENTRY` for papers about genes that have none, and, today, regions of the genome that are no genes. Genes of all types stay, pseudogenes and
those of unknown type too: which are kept is decided where the graph is put together, by what ties them. Numbers that were
withdrawn stand in another file, and are unknown here.

What is counted: a line is a concept or set aside, and so is every cross-reference on the line of a concept.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as, prefix_of
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_bytes, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings
from kg.sources.xrefs import PREDICATE, map_xrefs

GENE_INFO = "Homo_sapiens.gene_info"
FULL_NAME = "Full_name_from_nomenclature_authority"
COLUMNS = ("tax_id", "GeneID", "Symbol", "Synonyms", "dbXrefs", "description", "type_of_gene", FULL_NAME, "Modification_date")
HUMAN = "9606"
# What stands in a field that has nothing to say.
NOTHING = ("", "-")
# Prefixes whose identifiers are of the gene itself, for one gene each.
EXACT = ("hgnc", "ensembl")
GENE_INFO_FILE = File(
    name=GENE_INFO,
    place="https://ftp.ncbi.nlm.nih.gov/gene/DATA/GENE_INFO/Mammalia/Homo_sapiens.gene_info.gz",
    local="ontology/ncbi_gene/NCBI__Homo_sapiens.gene_info_2015.gz",
)


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of genes, and MAPPINGS to HGNC, Ensembl and OMIM.

    Raises:
        BadTable: no header, or missing columns.
    """
    set_aside = SetAside(source.name)
    genes = read_genes(files[GENE_INFO], set_aside=set_aside)
    return Harvest(
        concepts=stamp_concepts(_name(genes), source),
        mappings=stamp_mappings(_read_references(genes, set_aside=set_aside), source),
        set_aside=set_aside.frame(),
    )


def version_of(files: Mapping[str, Path]) -> str | None:
    """The day on which a record of the file was last changed, as 2015-06-07; None without one."""
    rows = _read_columns(files[GENE_INFO], ("Modification_date",), set_aside=SetAside(""))
    days = rows["Modification_date"].str.extract(r"^(\d{8})$").drop_nulls().sort(descending=True)
    return next((day.isoformat() for day in map(_as_day, days) if day), None)


def read_genes(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`line, curie` and COLUMNS of human genes with a symbol; each CURIE once."""
    rows = _read_columns(path, COLUMNS, set_aside=set_aside)
    rows = rows.with_columns(curie=canonicalize_as(rows["GeneID"], "ncbigene"))
    faults = [
        (pl.col("curie").is_null(), "the identifier is not one of NCBI Gene"),
        (pl.col("tax_id") != HUMAN, "the gene is of another taxon than humans"),
        (pl.col("Symbol") == "NEWENTRY", "the record stands for all genes that have none"),
        (pl.col("type_of_gene") == "biological-region", "the record is a region of the genome, no gene"),
        (pl.col("Symbol").is_in(NOTHING), "the gene has no symbol"),
        (~pl.col("curie").is_first_distinct(), "the identifier occurs again"),
    ]
    return sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)


def _read_columns(path: Path, columns: tuple[str, ...], *, set_aside: SetAside) -> pl.DataFrame:
    return read_rows(path, columns=columns, table="CONCEPTS", set_aside=set_aside, header=_read_header(path), comment="#")


def _read_header(path: Path) -> list[str]:
    """The names of the columns, from the first line in either of its forms."""
    first = read_bytes(path, first_line=True).decode("utf-8-sig", errors="replace").strip()
    names = re.sub(r"^#(?:Format:)?\s*|\s*\(tab is used.*$", "", first).split()
    if not first.startswith("#") or "GeneID" not in names:
        raise BadTable(f"{path} begins with '{first[:80]}'; its first line should be '#tax_id GeneID Symbol …'")
    return names


def _as_day(digits: str) -> date | None:
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None


def _name(genes: pl.DataFrame) -> pl.DataFrame:
    """`curie, kind, name, synonyms`: the symbol; the full name, the description, other symbols."""
    texts = [pl.concat_list(FULL_NAME, "description"), pl.col("Synonyms").str.split("|")]
    synonyms = pl.concat_list(texts).list.eval(pl.element().str.strip_chars()).list.eval(pl.element().filter(~pl.element().is_in(NOTHING)))
    return genes.select("curie", kind=pl.lit(Kind.GENE.value), name="Symbol", synonyms=synonyms)


def _read_references(genes: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object, kind` of the cross-references; OMIM's entry of a gene may be one of several."""
    listed = pl.col("dbXrefs").str.split("|").list.eval(pl.element().str.strip_chars())
    xrefs = genes.select(subject="curie", xref=listed).explode("xref").filter(~pl.col("xref").is_in(NOTHING))
    mapped = map_xrefs(xrefs, kind=Kind.GENE, set_aside=set_aside)
    exact = prefix_of(pl.col("object")).is_in(EXACT)
    return mapped.with_columns(predicate=pl.when(exact).then(pl.lit("skos:exactMatch")).otherwise(pl.lit(PREDICATE)))


SOURCE = Source(
    name="ncbi_gene",
    title="NCBI Gene: human genes",
    version="",
    license="public domain (NCBI)",
    citation="Brown GR et al. Gene: a gene-centered information resource at NCBI. Nucleic Acids Res. 2015;43(D1):D36-D42.",
    homepage="https://www.ncbi.nlm.nih.gov/gene",
    files=(GENE_INFO_FILE,),
    gives=("CONCEPTS", "MAPPINGS"),
    read=read,
    expected={"CONCEPTS": 53_500, "MAPPINGS": 70_500},
    version_of=version_of,
)
