"""Leaks: what training rows alone would tell about held-out ones, found by simple look-ups in a finished split.

A whole split has none. Each look-up is one way in which a figure could be better than it should: the same pair under another
predicate, a derived row, an equal name, a relation of a concept that should be unseen, a pair that nobody knew by the day, a
variant next to a held-out one.
"""

from datetime import date

import polars as pl

from generel.concepts.kinds import Kind
from kg.graph import Graph
from kg.spelling import bag_of_words
from kg.split.division import DERIVED, Split, SplitSettings, underived
from kg.split.later import date_pairs, told_by_twins
from kg.split.locus import places_of, straddling, tied_variants, variants_near
from kg.split.parts import ASKED, BRANCH, COLD, DRAWN, LOCUS, OF_VARIANT, TEST, TRAIN, UNSEEN, VALIDATION, WITHHELD
from kg.split.retold import retold

SAME_PAIR = "the same two concepts have a training relation"
TOUCHES_COLD = "a training relation touches a cold concept"
STILL_DERIVED = "a derived training relation gives a held-out one away"
RETOLD = "the same record ties the variant's gene to the object in training"
EQUAL_NAME = "a training name has the same words as a held-out one"
COLD_NAME = "a training name belongs to a cold concept"
NEW_RELATION = "the build's relation is in no part of the split"
UNSEEN_END = "an end of a held-out relation has no training relation"
AFTER_CUT = "a training pair was first associated after the day of the cut"
TWIN = "another variant at the same place has the object in training"
SEEN_LOCUS = "a variant of a held-out locus has a tie in training"
NEARBY = "a variant near a held-out locus has a tie in training"
LINKED = "training ties a variant of a held-out locus to one that has ties in training"
BELOW_BRANCH = "a kind of a disease in a held-out branch is in training"


def find_leaks(split: Split, build: Graph, *, settings: SplitSettings | None = None) -> pl.DataFrame:
    """`leak, key`: every leak there is, sorted; no row if the split is whole.

    `UNSEEN_END` is no leak, but as bad: a question that training gave no means to answer, in the parts that are drawn.

    Args:
        split: to be examined.
        build: the graph that it was made of.
        settings: that it was made with, for the day of the cut and the distance from a locus; the defaults if not given.
    """
    settings = settings or SplitSettings()
    cold = split.concepts.filter(pl.col("part") == COLD)["curie"]
    found = [
        _shared_pairs(_living(split.relations, build.merges)),
        _cold_relations(split.relations, cold),
        *[_rows(underived(split.relations, each.name).with_columns(predicate=pl.lit(each.name)), STILL_DERIVED) for each in DERIVED],
        _rows(_held_out_retold(split.relations), RETOLD),
        _equal_names(split),
        split.names.filter((pl.col("part") != COLD) & pl.col("curie").is_in(cold.implode())).select(leak=pl.lit(COLD_NAME), key=_name_key()),
        _rows(build.relations.join(split.relations, on=["subject", "predicate", "object"], how="anti"), NEW_RELATION),
        _unseen_ends(split.relations),
        _after_cut(split.relations, build, after=settings.after),
        _rows(told_by_twins(split.relations, places_of(build.variants)), TWIN),
        *_loci(split.relations, build, within_kb=settings.locus_kb),
        _below_branches(split),
    ]
    return pl.concat(found).unique().sort("leak", "key")


def _living(relations: pl.DataFrame, merges: pl.DataFrame) -> pl.DataFrame:
    """The relations with the variants that have been merged into others under the name of those."""
    living = merges.filter(pl.col("kind") == Kind.VARIANT.value).select("alias", living="curie").unique("alias", keep="first", maintain_order=True)
    for end in ("subject", "object"):
        relations = relations.join(living, left_on=end, right_on="alias", how="left").with_columns(pl.coalesce("living", end).alias(end)).drop("living")
    return relations


def _shared_pairs(relations: pl.DataFrame) -> pl.DataFrame:
    pairs = relations.with_columns(left=pl.min_horizontal("subject", "object"), right=pl.max_horizontal("subject", "object"))
    train = pairs.filter(pl.col("part") == TRAIN).select("left", "right").unique()
    held_out = pairs.filter(pl.col("part").is_in([*ASKED, *UNSEEN]))
    validation = pairs.filter(pl.col("part") == VALIDATION).select("left", "right").unique()
    tested = pairs.filter(pl.col("part") == TEST)
    return _rows(pl.concat([held_out.join(train, on=["left", "right"]), tested.join(validation, on=["left", "right"])]), SAME_PAIR)


def _held_out_retold(relations: pl.DataFrame) -> pl.DataFrame:
    """Held-out variant rows that a training row of the variant's gene tells; those of cold concepts are asked of text alone."""
    held_out = relations.filter(pl.col("part").is_in(ASKED))
    return held_out.join(retold(relations), on=["subject", "predicate", "object"], how="semi")


def _cold_relations(relations: pl.DataFrame, cold: pl.Series) -> pl.DataFrame:
    touches = pl.col("subject").is_in(cold.implode()) | pl.col("object").is_in(cold.implode())
    return _rows(relations.filter(touches, ~pl.col("part").is_in([*UNSEEN, WITHHELD])), TOUCHES_COLD)


def _equal_names(split: Split) -> pl.DataFrame:
    """Held-out names with the words of a training name of any concept; a cold concept that nothing is asked about has no question to answer."""
    asked = split.relations.filter(pl.col("part").is_in(UNSEEN))
    asked_about = pl.concat([asked["subject"], asked["object"].rename("subject")]).unique().implode()
    worded = split.names.filter(pl.col("role") != "definition", (pl.col("part") != COLD) | pl.col("curie").is_in(asked_about))
    worded = worded.with_columns(bag_of_words(worded["name"]).alias("words")).filter(pl.col("words") != "")
    train = worded.filter(pl.col("part") == TRAIN).select("words").unique()
    return worded.filter(pl.col("part") != TRAIN).join(train, on="words").select(leak=pl.lit(EQUAL_NAME), key=_name_key())


def _unseen_ends(relations: pl.DataFrame) -> pl.DataFrame:
    train = relations.filter(pl.col("part") == TRAIN)
    seen = pl.concat([train["subject"], train["object"].rename("subject")]).unique().implode()
    held_out = relations.filter(pl.col("part").is_in(DRAWN))
    return _rows(held_out.filter(~(pl.col("subject").is_in(seen) & pl.col("object").is_in(seen))), UNSEEN_END)


def _after_cut(relations: pl.DataFrame, build: Graph, *, after: str) -> pl.DataFrame:
    """Training pairs without an association by the day that would make them a relation."""
    days = date_pairs(build.relations, build.associations)
    late = days.filter(pl.col("significant") > date.fromisoformat(after)) if after else days.clear()
    return _rows(relations.filter(pl.col("part") == TRAIN).join(late, on=["subject", "object"], how="semi"), AFTER_CUT)


def _loci(relations: pl.DataFrame, build: Graph, *, within_kb: int) -> list[pl.DataFrame]:
    """Training rows by which a variant of a held-out locus, one near it or one in linkage with it tells what it does."""
    held = relations.filter((pl.col("part") == LOCUS) & pl.col("predicate").is_in(OF_VARIANT))["subject"].unique()
    train = relations.filter(pl.col("part") == TRAIN)
    tells = train.filter(pl.col("predicate").is_in(OF_VARIANT))
    near = variants_near(held, tied_variants(build.concepts, tells), places_of(build.variants), relations, within_kb=within_kb)
    return [
        _rows(tells.filter(pl.col("subject").is_in(held.implode())), SEEN_LOCUS),
        _rows(tells.filter(pl.col("subject").is_in(near.implode())), NEARBY),
        _rows(_touching(straddling(train, held), tells["subject"]), LINKED),
    ]


def _touching(relations: pl.DataFrame, concepts: pl.Series) -> pl.DataFrame:
    return relations.filter(pl.any_horizontal(pl.col(end).is_in(concepts.implode()) for end in ("subject", "object")))


def _below_branches(split: Split) -> pl.DataFrame:
    """is_a rows that lead from a concept that is not cold up to one of a held-out branch."""
    cold = split.concepts.filter(pl.col("part") == COLD)["curie"]
    upward = split.relations.filter(pl.col("part") == BRANCH, pl.col("predicate") == "is_a")
    return _rows(upward.filter(~pl.col("subject").is_in(cold.implode())), BELOW_BRANCH)


def _rows(relations: pl.DataFrame, leak: str) -> pl.DataFrame:
    return relations.select(leak=pl.lit(leak), key=pl.concat_str("subject", "predicate", "object", separator=" "))


def _name_key() -> pl.Expr:
    return pl.concat_str("curie", "name", separator=" ")
