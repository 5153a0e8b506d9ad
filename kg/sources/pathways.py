"""Pathways of three makers in one table: Reactome and PID as Pathway Commons 7 has them, and WikiPathways.

Made for Hetionet. The makers' licenses differ, so each row has its own, and each relation and gene set carries that of its row. A pathway of
Pathway Commons has the number that this release gave it, `PC7_10399`; one of WikiPathways has identifier and revision, `WP100_r74146`, of which the
identifier is kept. Genes are all that the pathway has, those that make no protein too.

What is counted: a line is a pathway; each gene of it is in GENE_SETS and RELATIONS, or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.gene_set_library import NO_SYNONYMS, UNKNOWN_EVIDENCE, harvest_sets
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift

FILE = "pathways.tsv"
COLUMNS = ("identifier", "name", "source", "license", "genes")
LICENSES = {"CC0 1.0": "CC0-1.0", "CC BY 3.0": "CC-BY-3.0", "CC BY 4.0": "CC-BY-4.0"}
# What the column `source` calls the maker, and what its gene sets are called.
LIBRARIES = {"pid": "PID (Pathway Commons 7)", "reactome": "Reactome (Pathway Commons 7)", "wikipathways": "WikiPathways (Hetionet)"}


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of pathways, RELATIONS of genes to them, and GENE_SETS of three libraries.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = read_rows(path, columns=COLUMNS, table="GENE_SETS", set_aside=set_aside)
    rows = rows.with_columns(
        set=_identify(rows["identifier"]),
        library=pl.col("source").replace_strict(LIBRARIES, default=None, return_dtype=pl.String),
        license=pl.col("license").replace_strict(LICENSES, default=None, return_dtype=pl.String),
    )
    faults = [
        (pl.col("set").is_null(), "the identifier is neither of Pathway Commons nor of WikiPathways"),
        (pl.col("name") == "", "the pathway has no name"),
        (pl.col("library").is_null(), "the maker is none that we know"),
        (pl.col("license").is_null(), "the license is none that we know"),
        (~pl.col("set").is_first_distinct(), "the pathway occurs again"),
    ]
    good = sift(rows, faults, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    genes = good.with_columns(pl.col("genes").str.split("|").alias("raw")).explode("raw")
    genes = genes.with_columns(canonicalize_as(genes["raw"], "ncbigene").alias("gene"))
    kept = sift(genes, [(pl.col("gene").is_null(), "the gene's identifier is not one of NCBI Gene")], table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    members = kept.select("library", "set", "name", "gene", "license", kind=pl.lit(Kind.PATHWAY.value), synonyms=NO_SYNONYMS, confidence=UNKNOWN_EVIDENCE)
    return harvest_sets(members, source, set_aside=set_aside)


def _identify(identifiers: pl.Series) -> pl.Series:
    """The CURIE of each pathway; null for what is of neither database."""
    of_commons = canonicalize_as(identifiers, "pathwaycommons")
    of_wiki = canonicalize(("WP:" + identifiers.str.extract(r"^(WP\d+)(?:_r\d+)?$")).alias("curie"))
    return pl.select(set=pl.coalesce(of_commons, of_wiki))["set"]


SOURCE = Source(
    name="pathways",
    title="Pathways of Reactome, PID and WikiPathways, as compiled for Hetionet",
    version="",
    license="CC-BY-4.0",
    row_licenses=tuple(sorted(LICENSES.values())),
    citation=(
        "Himmelstein DS, Pico AR. A compilation of pathway gene sets (https://github.com/dhimmel/pathways); Cerami EG et al. Pathway Commons. "
        "Nucleic Acids Res. 2011;39:D685-D690; Schaefer CF et al. PID. Nucleic Acids Res. 2009;37:D674-D679; Croft D et al. Reactome. 2014;42:D472-D477."
    ),
    homepage="https://github.com/dhimmel/pathways",
    files=(
        File(
            name=FILE,
            place="https://raw.githubusercontent.com/dhimmel/pathways/master/data/pathways.tsv",
            local="gene_sets/pathways__pathways.tsv.gz",
        ),
    ),
    gives=("CONCEPTS", "RELATIONS", "GENE_SETS"),
    read=read,
    expected={"CONCEPTS": 1_760, "RELATIONS": 81_000, "GENE_SETS": 81_000},
)
