"""WikiPathways as gene sets: pathways drawn by their community, with genes by NCBI Gene.

A set is called `Name%WikiPathways_20160402%WP156%Saccharomyces cerevisiae`: pathways of many species stand in one file, and one that was drawn for
humans has its counterparts beside it under the same name. Only those of humans are read; their genes alone are human ones.

What is counted: a line of the library is a set; each gene of it is in GENE_SETS and RELATIONS, or set aside with its line. Sets of other
species are counted by the species, one a gene.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.gene_set_library import NO_SYNONYMS, UNKNOWN_EVIDENCE, harvest_sets
from kg.sources.gmt_lines import read_gmt
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_bytes, sift

FILE = "wikipathways.gmt"
HUMAN = "Homo sapiens"
RELEASE = re.compile(r"%WikiPathways_(\d{4})(\d{2})(\d{2})%")


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of human pathways, RELATIONS of genes to them, and GENE_SETS.

    Raises:
        BadTable: an empty file.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    parts = pl.col("set").str.split("%").list
    rows = read_gmt(path, set_aside=set_aside).with_columns(length=parts.len(), name=parts.get(0).str.strip_chars(), species=parts.last().str.strip_chars())
    rows = rows.with_columns(raw=parts.get(2, null_on_oob=True))
    rows = rows.with_columns(canonicalize_as(rows["raw"], "wikipathways").alias("curie"), canonicalize_as(rows["gene"], "ncbigene").alias("member"))
    malformed = (pl.col("length") != 4) | pl.col("curie").is_null() | (pl.col("name") == "")
    faults = [(malformed, "the set is not called by a name, release, identifier and species")]
    named = sift(rows, faults, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    human = sift(named, [(pl.col("species") != HUMAN, "the pathway is of another species")], table="GENE_SETS", key=pl.col("species"), set_aside=set_aside)
    faults = [
        (pl.col("line") != pl.col("line").min().over("curie"), "the pathway occurs again"),
        (pl.col("member").is_null(), "the gene's identifier is not one of NCBI Gene"),
    ]
    good = sift(human, faults, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    members = good.select(
        "name", library=pl.lit(f"WikiPathways {version_of(files) or source.version}".strip()), set="curie", kind=pl.lit(Kind.PATHWAY.value),
        synonyms=NO_SYNONYMS, gene="member", confidence=UNKNOWN_EVIDENCE,
    )
    return harvest_sets(members, source, set_aside=set_aside)


def version_of(files: Mapping[str, Path]) -> str | None:
    """The release that the first set of the file names, as 2016-04-02; None if it names none."""
    match = RELEASE.search(read_bytes(files[FILE], first_line=True).decode(errors="replace"))
    return "-".join(match.groups()) if match else None


SOURCE = Source(
    name="wikipathways",
    title="WikiPathways: human pathways as gene sets",
    version="",
    # That of the release read; from 2018 on WikiPathways is CC0-1.0.
    license="CC-BY-3.0",
    citation="Kutmon M et al. WikiPathways: capturing the full diversity of pathway knowledge. Nucleic Acids Res. 2016;44(D1):D488-D494.",
    homepage="https://www.wikipathways.org",
    files=(
        File(
            name=FILE,
            place="https://raw.githubusercontent.com/dhimmel/pathways/master/download/wikipathways.gmt",
            local="gene_sets/wikipathways_2015.gmt.gz",
        ),
    ),
    gives=("CONCEPTS", "RELATIONS", "GENE_SETS"),
    read=read,
    expected={"CONCEPTS": 284, "RELATIONS": 12_200, "GENE_SETS": 12_200},
    version_of=version_of,
)
