"""Genes annotated with GO terms, at two times: all evidence in July 2015, and experimental evidence alone in 2018.

One source with two files and two gene-set libraries, so that what was known in 2015 can be told from what was found later. The annotations are
direct: a gene is not repeated at the ancestors of its term. The table of 2015 does not say which evidence a row rests on, most of it
electronic; that of 2018 rests on experiments, and is believed more.

What is counted: a line is annotations of one term; each gene of it is in GENE_SETS and RELATIONS, or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.gene_set_library import NO_SYNONYMS, UNKNOWN_EVIDENCE, harvest_sets
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift

COLUMNS = ("go_id", "go_name", "go_domain", "tax_id", "gene_ids")
KINDS = {
    "biological_process": Kind.PROCESS.value, "molecular_function": Kind.FUNCTION.value, "cellular_component": Kind.COMPONENT.value,
}
HUMAN = "9606"
# File, library, confidence; the newest first: it names the terms.
LIBRARIES = (
    ("GO_annotations-9606-direct-expev.tsv", "GO 2018 experimental", 1.0),
    ("GO_annotations-9606-direct-allev.tsv", "GO 2015", UNKNOWN_EVIDENCE),
)


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of GO terms, RELATIONS of genes to them, and GENE_SETS of two libraries.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    members = [
        _read_members(files[name], set_aside=set_aside).with_columns(library=pl.lit(library), confidence=pl.lit(confidence))
        for name, library, confidence in LIBRARIES
    ]
    return harvest_sets(_one_kind_each(pl.concat(members), set_aside=set_aside), source, set_aside=set_aside)


def _read_members(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`set, kind, name, synonyms, gene` of one file."""
    rows = read_rows(path, columns=COLUMNS, table="GENE_SETS", set_aside=set_aside)
    rows = rows.with_columns(
        set=canonicalize_as(rows["go_id"], "go"), kind=pl.col("go_domain").replace_strict(KINDS, default=None, return_dtype=pl.String)
    )
    faults = [
        (pl.col("set").is_null(), "the identifier is not one of GO"),
        (pl.col("kind").is_null(), "the domain is none of GO"),
        (pl.col("go_name") == "", "the term has no name"),
        (pl.col("tax_id") != HUMAN, "the annotations are of another taxon than humans"),
        (~pl.col("set").is_first_distinct(), "the term occurs again"),
    ]
    good = sift(rows, faults, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    genes = good.with_columns(raw=pl.col("gene_ids").str.split("|")).explode("raw")
    genes = genes.with_columns(canonicalize_as(genes["raw"], "ncbigene").alias("gene"))
    kept = sift(genes, [(pl.col("gene").is_null(), "the gene's identifier is not one of NCBI Gene")], table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    return kept.select("set", "kind", "gene", name="go_name", synonyms=NO_SYNONYMS)


def _one_kind_each(members: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """The members without those of terms that the files give different domains."""
    torn = [(pl.col("kind").n_unique().over("set") > 1, "the files disagree on the term's domain")]
    return sift(members, torn, table="GENE_SETS", key=pl.col("set"), set_aside=set_aside)


def _file(name: str, *, at: str, dated: str) -> File:
    folder = f"https://raw.githubusercontent.com/dhimmel/gene-ontology/{at}/annotations/taxid_9606"
    return File(name=name, place=f"{folder}/{name}", local=f"gene_sets/{name.removesuffix('.tsv')}_{dated}.tsv.gz")


SOURCE = Source(
    name="go_annotations",
    title="Gene Ontology annotations of human genes, 2015 and 2018",
    version="2015-07 and 2018",
    license="CC-BY-4.0",
    citation=(
        "Ashburner M et al. Gene Ontology: tool for the unification of biology. Nat Genet. 2000;25(1):25-29; "
        "tables: Himmelstein DS et al. User-friendly Gene Ontology annotations. doi:10.5281/zenodo.21711."
    ),
    homepage="https://github.com/dhimmel/gene-ontology",
    files=(
        _file("GO_annotations-9606-direct-allev.tsv", at="844495b0f0ec2c6c9fa4ce22088ea22245561256", dated="2015-07"),
        _file("GO_annotations-9606-direct-expev.tsv", at="gh-pages", dated="2018"),
    ),
    gives=("CONCEPTS", "RELATIONS", "GENE_SETS"),
    read=read,
    expected={"CONCEPTS": 16_000, "RELATIONS": 253_000, "GENE_SETS": 320_000},
)
