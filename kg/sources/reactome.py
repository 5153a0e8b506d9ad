"""Reactome: which human genes take part in which pathways, by NCBI Gene.

`NCBI2Reactome.txt` has no header and holds all species; a pathway's identifier says whose it is, `R-HSA-…` for humans, and so does the last column.
A gene stands at the lowest pathways that it takes part in, and once for each kind of evidence: TAS, said in a paper, or IEA, inferred by
machine. Reactome's tree says which pathway is *part of* which, not which is a kind of which, so it is not read.

What is counted: a line of a human pathway is in GENE_SETS and RELATIONS (several may be one row), or set aside; the others are counted by species.
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

FILE = "NCBI2Reactome.txt"
COLUMNS = ("gene", "pathway", "address", "name", "evidence", "species")
CONFIDENCE = {"TAS": 1.0, "IEA": UNKNOWN_EVIDENCE}
HUMAN = "Homo sapiens"
LIBRARY = "Reactome"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of human pathways, RELATIONS of genes to them, and GENE_SETS.

    Raises:
        BadTable: a file without a line of six fields.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = read_rows(path, columns=COLUMNS, table="GENE_SETS", set_aside=set_aside, header=COLUMNS)
    rows = sift(rows, [(pl.col("species") != HUMAN, "the pathway is of another species")], table="GENE_SETS", key=pl.col("species"), set_aside=set_aside)
    rows = rows.with_columns(
        canonicalize_as(rows["pathway"], "reactome").alias("set"), canonicalize_as(rows["gene"], "ncbigene").alias("member"),
        confidence=pl.col("evidence").replace_strict(CONFIDENCE, default=None, return_dtype=pl.Float64),
    )
    faults = [
        (pl.col("set").is_null(), "the identifier is not a human pathway of Reactome"),
        (pl.col("member").is_null(), "the gene's identifier is not one of NCBI Gene"),
        (pl.col("name") == "", "the pathway has no name"),
        (pl.col("confidence").is_null(), "the evidence is neither TAS nor IEA"),
    ]
    good = sift(rows, faults, table="GENE_SETS", key=line_key(path), set_aside=set_aside)
    members = good.select("set", "name", "confidence", gene="member", library=pl.lit(LIBRARY), kind=pl.lit(Kind.PATHWAY.value), synonyms=NO_SYNONYMS)
    return harvest_sets(members, source, set_aside=set_aside)


SOURCE = Source(
    name="reactome",
    title="Reactome: genes of human pathways",
    version="",
    license="CC0-1.0",
    citation="Milacic M et al. The Reactome Pathway Knowledgebase 2024. Nucleic Acids Res. 2024;52(D1):D672-D678.",
    homepage="https://reactome.org",
    files=(File(name=FILE, place="https://reactome.org/download/current/NCBI2Reactome.txt", local="gene_sets/NCBI2Reactome.txt"),),
    gives=("CONCEPTS", "RELATIONS", "GENE_SETS"),
    read=read,
    expected={"CONCEPTS": 2_000, "RELATIONS": 40_000, "GENE_SETS": 40_000},
)
