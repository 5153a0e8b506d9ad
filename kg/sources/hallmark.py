"""MSigDB's hallmark gene sets: fifty well-defined states and processes, each refined from many overlapping sets.

A set has no name but its identifier, `HALLMARK_TNFA_SIGNALING_VIA_NFKB`; that is made readable by its underscores alone, because the case of
its letters is lost. The genes are symbols.

What is counted: a line of the library is a set; each gene of it is in GENE_SETS and RELATIONS, or set aside with its line.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.gene_set_library import UNKNOWN_EVIDENCE, harvest_sets, mention_gene
from kg.sources.gmt_lines import read_gmt
from kg.sources.record import File, Source
from kg.sources.rows import line_key, sift

FILE = "h.all.v7.0.symbols.gmt"
LIBRARY = "MSigDB Hallmark 7.0"
PREFIX = "HALLMARK_"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of hallmarks, RELATIONS of genes to them, and GENE_SETS.

    Raises:
        BadTable: an empty file.
    """
    set_aside = SetAside(source.name)
    rows = read_gmt(files[FILE], set_aside=set_aside)
    rows = rows.with_columns(curie=canonicalize_as(rows["set"], "msigdb"))
    faults = [
        (pl.col("curie").is_null() | ~pl.col("set").str.starts_with(PREFIX), "the set is not a hallmark of MSigDB"),
        (pl.col("line") != pl.col("line").min().over("curie"), "the hallmark occurs again"),
    ]
    good = sift(rows, faults, table="GENE_SETS", key=line_key(files[FILE]), set_aside=set_aside)
    name = pl.col("set").str.replace_all("_", " ", literal=True)
    synonyms = pl.concat_list("set", name.str.strip_prefix("HALLMARK "))
    members = good.select(
        library=pl.lit(LIBRARY), set="curie", kind=pl.lit(Kind.PATHWAY.value), name=name, synonyms=synonyms, gene=mention_gene("gene"), confidence=UNKNOWN_EVIDENCE
    )
    return harvest_sets(members, source, set_aside=set_aside)


SOURCE = Source(
    name="hallmark",
    title="MSigDB hallmark gene sets",
    version="7.0",
    license="CC-BY-4.0",
    citation="Liberzon A et al. The Molecular Signatures Database (MSigDB) hallmark gene set collection. Cell Syst. 2015;1(6):417-425.",
    homepage="https://www.gsea-msigdb.org/gsea/msigdb",
    files=(
        File(
            name=FILE,
            place="https://data.broadinstitute.org/gsea-msigdb/msigdb/release/7.0/h.all.v7.0.symbols.gmt",
            local="gene_sets/h.all.v7.0.symbols.gmt",
        ),
    ),
    gives=("CONCEPTS", "RELATIONS", "GENE_SETS"),
    read=read,
    expected={"CONCEPTS": 50, "RELATIONS": 6_900, "GENE_SETS": 6_900},
)
