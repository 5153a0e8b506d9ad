"""The split of a build as triples for PyKEEN: `train.tsv`, `validation.tsv` and `test.tsv`, without a header.

`TriplesFactory.from_path` reads them. The other parts are in none of the files: what is withheld would give held-out relations away, and what is
asked of concepts that training sees nothing of cannot be answered by a model of identifiers.
"""

from pathlib import Path

import polars as pl

from kg.interchange.text_files import write_rows
from kg.split.parts import TEST, TRAIN, VALIDATION

PARTS = (TRAIN, VALIDATION, TEST)


def write_triples(split_relations: pl.DataFrame, folder: Path) -> dict[str, int]:
    """Write a file for each part; how many rows each has.

    Args:
        split_relations: SPLIT_RELATIONS.
    """
    rows = split_relations.sort("subject", "predicate", "object")
    return {
        f"{part}.tsv": write_rows(rows.filter(pl.col("part") == part).select("subject", "predicate", "object"), folder / f"{part}.tsv", header=False)
        for part in PARTS
    }
