"""Triples as PyKEEN reads them: head, relation and tail between tabs, one a line, without a header.

The ends are CURIEs, in any spelling; a head or tail that is no identifier of a known prefix is a name, and names are not
identifiers. A relation is one of our predicates, or of theirs as the setting `predicates` translates it.

What is counted: every line is a relation, or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.predicates import PREDICATES
from kg.curies import canonicalize
from kg.harvest import Harvest, SetAside
from kg.interchange.words import predicates_of
from kg.own_format import Format
from kg.sources.record import Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_relations

COLUMNS = ("head", "relation", "tail")
UNKNOWN_RELATION = "the relation is none of our predicates, and the setting 'predicates' does not translate it"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """RELATIONS of the triples.

    Raises:
        BadTable: not one line of three fields, or a setting names a predicate that is none of ours.
    """
    set_aside = SetAside(source.name)
    path = files["file"]
    rows = read_rows(path, columns=COLUMNS, table="RELATIONS", set_aside=set_aside, header=COLUMNS)
    words = {each.name: each.name for each in PREDICATES} | predicates_of(source)
    rows = rows.with_columns(
        subject=canonicalize(rows["head"]), object=canonicalize(rows["tail"]), predicate=pl.col("relation").replace_strict(words, default=None, return_dtype=pl.String)
    )
    # Files use few relations, so these are counted by their names and not line by line.
    unknown = [(pl.col("predicate").is_null(), UNKNOWN_RELATION)]
    rows = sift(rows, unknown, table="RELATIONS", key=pl.col("relation"), set_aside=set_aside)
    faults = [
        (pl.col("subject").is_null(), "the head is not an identifier of a known prefix"),
        (pl.col("object").is_null(), "the tail is not an identifier of a known prefix"),
        (~pl.struct("subject", "predicate", "object").is_first_distinct(), "repeats a triple"),
    ]
    kept = sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    return Harvest(relations=stamp_relations(kept.with_columns(confidence=pl.lit(1.0)), source), set_aside=set_aside.frame())


FORMAT = Format(read=read, gives=("RELATIONS",), settings={"predicates": dict})
