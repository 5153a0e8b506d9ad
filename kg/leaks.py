"""Leaks: what training rows alone would tell about held-out ones, found by simple look-ups in a finished split.

A whole split has none. Each look-up is one way in which a figure could be better than it should: the same pair under another
predicate, a derived row, an equal name, a relation of a concept that should be unseen.
"""

import polars as pl

from kg.graph import Graph
from kg.retold import retold
from kg.spelling import bag_of_words
from kg.split import COLD, DERIVED, TEST, TRAIN, VALIDATION, Split, underived

SAME_PAIR = "the same two concepts have a training relation"
TOUCHES_COLD = "a training relation touches a cold concept"
STILL_DERIVED = "a derived training relation gives a held-out one away"
RETOLD = "the same record ties the variant's gene to the object in training"
EQUAL_NAME = "a training name has the same words as a held-out one"
COLD_NAME = "a training name belongs to a cold concept"
NEW_RELATION = "the build's relation is in no part of the split"
UNSEEN_END = "an end of a held-out relation has no training relation"


def find_leaks(split: Split, build: Graph) -> pl.DataFrame:
    """`leak, key`: every leak there is, sorted; no row if the split is whole.

    `UNSEEN_END` is no leak, but as bad: a question that training gave no means to answer, outside the cold part.

    Args:
        split: to be examined.
        build: the graph that it was made of.
    """
    cold = split.concepts.filter(pl.col("part") == COLD)["curie"]
    found = [
        _shared_pairs(split.relations),
        _cold_relations(split.relations, cold),
        *[_rows(underived(split.relations, each.name).with_columns(predicate=pl.lit(each.name)), STILL_DERIVED) for each in DERIVED],
        _rows(_held_out_retold(split.relations), RETOLD),
        _equal_names(split.names),
        split.names.filter((pl.col("part") != COLD) & pl.col("curie").is_in(cold.implode())).select(leak=pl.lit(COLD_NAME), key=_name_key()),
        _rows(build.relations.join(split.relations, on=["subject", "predicate", "object"], how="anti"), NEW_RELATION),
        _unseen_ends(split.relations),
    ]
    return pl.concat(found).unique().sort("leak", "key")


def _shared_pairs(relations: pl.DataFrame) -> pl.DataFrame:
    pairs = relations.with_columns(left=pl.min_horizontal("subject", "object"), right=pl.max_horizontal("subject", "object"))
    train = pairs.filter(pl.col("part") == TRAIN).select("left", "right").unique()
    held_out = pairs.filter(pl.col("part").is_in([VALIDATION, TEST, COLD]))
    validation = pairs.filter(pl.col("part") == VALIDATION).select("left", "right").unique()
    tested = pairs.filter(pl.col("part") == TEST)
    return _rows(pl.concat([held_out.join(train, on=["left", "right"]), tested.join(validation, on=["left", "right"])]), SAME_PAIR)


def _held_out_retold(relations: pl.DataFrame) -> pl.DataFrame:
    """Held-out variant rows that a training row of the variant's gene tells; those of cold concepts are asked of text alone."""
    held_out = relations.filter(pl.col("part").is_in([VALIDATION, TEST]))
    return held_out.join(retold(relations), on=["subject", "predicate", "object"], how="semi")


def _cold_relations(relations: pl.DataFrame, cold: pl.Series) -> pl.DataFrame:
    touches = pl.col("subject").is_in(cold.implode()) | pl.col("object").is_in(cold.implode())
    return _rows(relations.filter(touches, pl.col("part") != COLD), TOUCHES_COLD)


def _equal_names(names: pl.DataFrame) -> pl.DataFrame:
    """Held-out names with the words of a training name of any concept."""
    worded = names.filter(pl.col("role") != "definition")
    worded = worded.with_columns(bag_of_words(worded["name"]).alias("words")).filter(pl.col("words") != "")
    train = worded.filter(pl.col("part") == TRAIN).select("words").unique()
    return worded.filter(pl.col("part") != TRAIN).join(train, on="words").select(leak=pl.lit(EQUAL_NAME), key=_name_key())


def _unseen_ends(relations: pl.DataFrame) -> pl.DataFrame:
    train = relations.filter(pl.col("part") == TRAIN)
    seen = pl.concat([train["subject"], train["object"].rename("subject")]).unique().implode()
    held_out = relations.filter(pl.col("part").is_in([VALIDATION, TEST]))
    return _rows(held_out.filter(~(pl.col("subject").is_in(seen) & pl.col("object").is_in(seen))), UNSEEN_END)


def _rows(relations: pl.DataFrame, leak: str) -> pl.DataFrame:
    return relations.select(leak=pl.lit(leak), key=pl.concat_str("subject", "predicate", "object", separator=" "))


def _name_key() -> pl.Expr:
    return pl.concat_str("curie", "name", separator=" ")
