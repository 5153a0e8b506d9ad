"""LD windows: the stretch of the genome that a GWAS lead variant stands for, as bounded by its outermost proxies.

A row says less than it seems to. SNAP was asked for the proxies of each lead variant; the row names the one furthest down and the one
furthest up the chromosome. So each of the two was inherited together with the lead often enough to be called a proxy, but how often, and in
which people, is not in the file, nor anything of the two between themselves; they are the *furthest* of the proxies, so hardly the strongest. Hence a modest confidence, and no relation between the bounds. A bound that is the lead itself means that there is no
proxy on that side. Positions are on NCBI36, two builds back, and are not given.

What is counted: each line has two bounds, each in RELATIONS or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.gwas_catalog import name_variants
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_relations

LEAD, BOUNDS = "lead_snp", ("lower_snp", "upper_snp")
PREDICATE = "in_linkage_with"
CONFIDENCE = 0.5


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS lead in_linkage_with bound, and CONCEPTS of all of them.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files["windows.tsv"]
    rows = read_rows(path, columns=(LEAD, *BOUNDS), table="RELATIONS", set_aside=set_aside)
    pairs = pl.concat(rows.select("line", lead=LEAD, bound=bound) for bound in BOUNDS)
    pairs = pairs.with_columns(lead=canonicalize_as(pairs["lead"], "dbsnp"), bound=canonicalize_as(pairs["bound"], "dbsnp"))
    faults = [
        (pl.col("lead").is_null(), "the lead variant has no rsID"),
        (pl.col("bound").is_null(), "the bound has no rsID"),
        (pl.col("lead") == pl.col("bound"), "the lead has no proxy on this side"),
    ]
    kept = sift(pairs, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    relations = kept.select(subject="lead", predicate=pl.lit(PREDICATE), object="bound", confidence=pl.lit(CONFIDENCE))
    return Harvest(
        concepts=stamp_concepts(name_variants(pl.concat([kept["lead"], kept["bound"].rename("lead")])), source),
        relations=stamp_relations(relations, source),
        set_aside=set_aside.frame(),
    )


SOURCE = Source(
    name="ld_windows",
    title="LD windows round GWAS lead variants, by SNAP",
    version="2015",
    license="CC-BY-4.0",
    citation="Himmelstein DS. Calculating genomic windows for GWAS lead SNPs. Thinklab. 2015. doi:10.15363/thinklab.d71; Johnson AD et al. SNAP. Bioinformatics. 2008;24(24):2938-2939.",
    homepage="https://github.com/dhimmel/gwas-catalog",
    files=(
        File(
            "windows.tsv", "https://raw.githubusercontent.com/dhimmel/gwas-catalog/a5aa4910708a3995501ebe4136d8b9d601463fa1/data/snap/windows.tsv",
            local="gwas/ld_windows_snap.tsv.gz",
        ),
    ),
    gives=("CONCEPTS", "RELATIONS"),
    read=read,
    expected={"RELATIONS": 8_000},
)
