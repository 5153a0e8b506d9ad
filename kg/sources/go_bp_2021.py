"""GO's biological processes as gene sets, in the library that Enrichr made of them in 2021 and that gene-set methods are measured on.

A set is called by the process and its identifier, `… (GO:0051084)`; its genes are symbols. How each annotation is known is not said.

What is counted: a line of the library is a set; each gene of it is in GENE_SETS and RELATIONS, or set aside with its line.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize
from kg.harvest import Harvest, SetAside
from kg.sources.gene_set_library import NO_SYNONYMS, UNKNOWN_EVIDENCE, harvest_sets, mention_gene
from kg.sources.gmt_lines import read_gmt
from kg.sources.record import File, Source
from kg.sources.rows import line_key, sift

FILE = "GO_Biological_Process_2021.gmt"
LIBRARY = "GO Biological Process 2021 (Enrichr)"
NAMED = r"^(.*\S)\s*\((GO:\d{7})\)$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of processes, RELATIONS of genes to them, and GENE_SETS.

    Raises:
        BadTable: an empty file.
    """
    set_aside = SetAside(source.name)
    rows = read_gmt(files[FILE], set_aside=set_aside)
    parts = rows["set"].str.extract_groups(NAMED).struct
    rows = rows.with_columns(parts.field("1").alias("name"), canonicalize(parts.field("2")).alias("curie"))
    faults = [
        (pl.col("curie").is_null(), "the set is not called by a process and its identifier"),
        (pl.col("line") != pl.col("line").min().over("curie"), "the process occurs again"),
    ]
    good = sift(rows, faults, table="GENE_SETS", key=line_key(files[FILE]), set_aside=set_aside)
    members = good.select(
        "name", library=pl.lit(LIBRARY), set="curie", kind=pl.lit(Kind.PROCESS.value), synonyms=NO_SYNONYMS, gene=mention_gene("gene"), confidence=UNKNOWN_EVIDENCE
    )
    return harvest_sets(members, source, set_aside=set_aside)


SOURCE = Source(
    name="go_bp_2021",
    title="Gene Ontology biological processes as gene sets (Enrichr)",
    version="2021",
    license="CC-BY-4.0",
    citation=(
        "The Gene Ontology Consortium. The Gene Ontology resource: enriching a GOld mine. Nucleic Acids Res. 2021;49(D1):D325-D334; "
        "Xie Z et al. Gene set knowledge discovery with Enrichr. Curr Protoc. 2021;1(3):e90."
    ),
    homepage="https://maayanlab.cloud/Enrichr",
    files=(
        File(
            name=FILE,
            place="https://maayanlab.cloud/Enrichr/geneSetLibrary?mode=text&libraryName=GO_Biological_Process_2021",
            local="gene_sets/enrichr.GO_Biological_Process_2021.gmt.gz",
        ),
    ),
    gives=("CONCEPTS", "RELATIONS", "GENE_SETS"),
    read=read,
    expected={"CONCEPTS": 5_700, "RELATIONS": 187_500, "GENE_SETS": 187_500},
)
