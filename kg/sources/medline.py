"""Diseases written about together: how often two topics of MEDLINE, pooled to Disease Ontology terms, stand on one article.

The table holds every pair of 133 diseases *twice*, once a direction, half of them with no article at all. A pair
is kept if Fisher's exact test finds it above chance (p below 0.05 over the number of pairs tested, Bonferroni) and it is enriched. `p_fisher` is
one-sided and 0 where float64 ends; `odds_ratio` is `inf` for a disease that is only written about with the other.

Confidence is l / (l + 1) with l the natural logarithm of the odds ratio: half at an odds ratio of e, 1 at `inf`.

What is counted: every line is in a relation (the two directions of a pair share one) or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_relations

FILE = "disease-disease-cooccurrence.tsv"
COLUMNS = ("doid_code_0", "doid_code_1", "enrichment", "odds_ratio", "p_fisher")
MEASURES = ("enrichment", "odds_ratio", "p_fisher")
NUMBER = r"^(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|inf)$"
FAMILY_WISE = 0.05


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS disease mentioned_with disease.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = read_rows(path, columns=COLUMNS, table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(
        left=canonicalize_as(rows["doid_code_0"], "doid"), right=canonicalize_as(rows["doid_code_1"], "doid"), **{name: _number(name) for name in MEASURES}
    )
    rows = rows.with_columns(subject=pl.min_horizontal("left", "right"), object=pl.max_horizontal("left", "right"))
    faults = [
        (pl.any_horizontal(pl.col("left", "right").is_null()), "a disease's identifier is not one of the Disease Ontology"),
        (pl.col("left") == pl.col("right"), "both ends are one disease"),
        (pl.any_horizontal(pl.col(*MEASURES).is_null()) | (pl.col("p_fisher") > 1), "a measure is no number"),
    ]
    good = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    threshold = FAMILY_WISE / max(1, good.select("subject", "object").n_unique())
    chance = (pl.col("enrichment") <= 1) | (pl.col("odds_ratio") <= 1) | (pl.col("p_fisher") >= threshold)
    faults = [(chance, "the diseases are not written about together more often than by chance")]
    kept = sift(good, faults, table="RELATIONS", key=pl.concat_str("subject", "object", separator=" "), set_aside=set_aside)
    ties = kept.select("subject", "object", predicate=pl.lit("mentioned_with"), confidence=confidence(pl.col("odds_ratio")))
    return Harvest(relations=stamp_relations(ties, source), set_aside=set_aside.frame())


def confidence(odds_ratio: pl.Expr) -> pl.Expr:
    """l / (l + 1) with l = ln of an odds ratio above 1; 1 where it is infinite."""
    return pl.when(odds_ratio.is_infinite()).then(1.0).otherwise(odds_ratio.log() / (odds_ratio.log() + 1))


def _number(column: str) -> pl.Expr:
    """The column as float64; null where it holds no number from 0 to inf."""
    return pl.when(pl.col(column).str.contains(NUMBER)).then(pl.col(column)).cast(pl.Float64, strict=False)


SOURCE = Source(
    name="medline",
    title="Diseases written about together in MEDLINE",
    version="60d611892b",
    license="CC0-1.0",
    citation="Himmelstein DS, Pankov A. Mining knowledge from MEDLINE articles and their indexed MeSH terms. Thinklab. 2015. doi:10.15363/thinklab.d67.",
    homepage="https://github.com/dhimmel/medline",
    files=(
        File(
            FILE,
            "https://raw.githubusercontent.com/dhimmel/medline/60d611892bf387b5b23c5f2e2e3bc472cfce85f3/data/disease-disease-cooccurrence.tsv",
            local="ehr/medline/medline__disease-disease-cooccurrence.tsv.gz",
        ),
    ),
    gives=("RELATIONS",),
    read=read,
    expected={"RELATIONS": 400},
)
