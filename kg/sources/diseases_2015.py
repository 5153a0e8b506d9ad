"""DISEASES of August 2015, all its channels in one score, on the diseases and genes of Hetionet.

The score runs from 0.5 to 5 'stars' and comes for the most part from text: two names that stand in the same abstracts. The
137 diseases of the slim ontology bear the best score of all diseases below them, so what is said of a rare subtype is said of
the common disease. Confidence is score / 5.

What is counted: every line is a relation or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_relations

FILE = "integrated.tsv"
MOST_STARS = 5.0
NUMBER = r"^\d+(?:\.\d+)?$"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS gene_associated_with disease.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = read_rows(path, columns=("slim_id", "entrez_gene_id", "score"), table="RELATIONS", set_aside=set_aside)
    score = pl.when(pl.col("score").str.contains(NUMBER)).then(pl.col("score")).cast(pl.Float64, strict=False)
    rows = rows.with_columns(
        disease=canonicalize_as(rows["slim_id"], "doid"), gene=canonicalize_as(rows["entrez_gene_id"], "ncbigene"), stars=score
    )
    faults = [
        (pl.col("disease").is_null(), "the identifier is not one of the Disease Ontology"),
        (pl.col("gene").is_null(), "the identifier is not one of NCBI Gene"),
        (~pl.col("stars").is_between(0, MOST_STARS, closed="right").fill_null(False), "the score is no number above 0 and up to 5"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    ties = kept.select(subject="gene", predicate=pl.lit("gene_associated_with"), object="disease", confidence=pl.col("stars") / MOST_STARS)
    return Harvest(relations=stamp_relations(ties, source), set_aside=set_aside.frame())


SOURCE = Source(
    name="diseases_2015",
    title="DISEASES of August 2015: disease-gene associations, integrated score",
    version="2015-08",
    license="CC-BY-4.0",
    citation=(
        "Pletscher-Frankild S et al. DISEASES: Text mining and data integration of disease-gene associations. Methods. 2015;74:83-89. "
        "Processed by Himmelstein DS, dhimmel/diseases."
    ),
    homepage="https://github.com/dhimmel/diseases",
    files=(
        File(
            FILE,
            "https://raw.githubusercontent.com/dhimmel/diseases/9ffce4c46d243392a66192ec879df153b2f6830a/data/integrated.tsv",
            local="disease_gene/DISEASES__integrated_2015-08.tsv.gz",
        ),
    ),
    gives=("RELATIONS",),
    read=read,
    expected={"RELATIONS": 77_400},
)
