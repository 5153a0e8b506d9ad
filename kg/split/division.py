"""The split: what training may see, settled before training and stored with the build.

All relations between the same two concepts, whatever their predicates and directions, are one *group* and go to one part. What
a held-out group leaves behind is closed too: a derived relation (gene–phenotype through a disease) stays in training only if
training relations still derive it, and a held-out synonym has no equal among the names that stay. A concept drawn as *cold*
is kept out altogether: its names, and every relation that touches it. A recipe may hold out more: what became known after a day,
whole loci, whole branches of diseases (`kg.split.later`, `kg.split.locus`, `kg.split.branch`). `kg.split.leaks` proves all of this of a finished split.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

import polars as pl

from generel.concepts.predicates import PREDICATES
from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS
from kg.graph import Graph
from kg.spelling import bag_of_words
from kg.split.branch import Branches, draw_branches
from kg.split.cold import choose_cold
from kg.split.composition import is_composed
from kg.split.copies import ALLOWED, EXCLUDED, near_copies
from kg.split.draw import draw_each, draw_pairs, share
from kg.split.later import withhold_twins
from kg.split.locus import places_of
from kg.split.parts import COLD, PAIR, TEST, TRAIN, VALIDATION, WITHHELD
from kg.split.reserved import reserve
from kg.split.retold import withhold_retold

HELD_OUT = [each.name for each in PREDICATES if each.held_out]
DERIVED = [each for each in PREDICATES if each.derived_from]


@dataclass(frozen=True)
class SplitSettings:
    """What a recipe decides about the split; shares are of 1.

    Attributes:
        seed: of all draws.
        test, validation: share of each predicate's groups.
        largest: of a predicate's groups in test, and half of it in validation.
        smallest: of a predicate's groups in test and in validation, where a fifth of those that may be held out allows it.
        test_synonyms, validation_synonyms: share of the synonyms that may be held out.
        cold_diseases, cold_genes, cold_phenotypes, cold_variants: share of those that qualify (see `kg.split.cold`).
        near_copies: 'allowed' or 'excluded': whether diseases with a near-copy (see `kg.split.copies`) may be cold.
        after: a date as YYYY-MM-DD; pairs of variant and trait first associated after it are held out. Empty for no such cut.
        locus_share: share of the loci that are held out; 0 for none.
        locus_kb: kilobases that no held-out variant is near to one in training.
        branch_share: share of the diseases that are held out in whole branches; 0 for none.
    """

    seed: int = 1
    test: float = 0.05
    validation: float = 0.025
    largest: int = 20_000
    smallest: int = 50
    test_synonyms: float = 0.075
    validation_synonyms: float = 0.025
    cold_diseases: float = 0.05
    cold_genes: float = 0.02
    cold_phenotypes: float = 0.05
    cold_variants: float = 0.05
    near_copies: str = ALLOWED
    after: str = ""
    locus_share: float = 0.0
    locus_kb: int = 500
    branch_share: float = 0.0


@dataclass(frozen=True)
class Split:
    """SPLIT_RELATIONS, SPLIT_NAMES and SPLIT_CONCEPTS, each sorted by its key."""

    relations: pl.DataFrame
    names: pl.DataFrame
    concepts: pl.DataFrame


def make_split(graph: Graph, *, settings: SplitSettings) -> Split:
    """The split of a graph; the same for the same graph and settings, whatever the order of rows."""
    names = list_names(graph.concepts)
    relations = distinct_relations(graph.relations)
    branches = _draw_branches(graph, relations, names, settings)
    unfit = near_copies(names, graph.merges) if settings.near_copies == EXCLUDED else names["curie"].clear()
    cold = choose_cold(graph.concepts, relations, names, settings=settings, unfit=unfit)
    unseen = pl.concat([cold, branches.members]).unique()
    reserved = reserve(
        graph, relations, cold=cold, branches=branches, after=settings.after, locus_share=settings.locus_share, locus_kb=settings.locus_kb, seed=settings.seed
    )
    concepts = graph.concepts.select("curie", "kind", part=pl.when(pl.col("curie").is_in(unseen.implode())).then(pl.lit(COLD)).otherwise(pl.lit(TRAIN)))
    parts = withhold_retold(withhold_derived(_divide_relations(relations, reserved, settings)))
    return Split(
        relations=withhold_twins(parts, places_of(graph.variants)).select(*SPLIT_RELATIONS.columns).sort(SPLIT_RELATIONS.key),
        names=_divide_names(names, unseen, settings).select(*SPLIT_NAMES.columns).sort(SPLIT_NAMES.key),
        concepts=concepts.select(*SPLIT_CONCEPTS.columns).sort(SPLIT_CONCEPTS.key),
    )


def faults_of_settings(given: Mapping[str, Any]) -> list[str]:
    """Sentences on settings of the right type that cannot be; shares aside."""
    faults = []
    after, copies, distance = given.get("after", ""), given.get("near_copies", ALLOWED), given.get("locus_kb", 1)
    if isinstance(after, str) and after and not _is_date(after):
        faults.append(f"'after' in [split] should be a date as in '2015-07-09', not {after!r}")
    if isinstance(copies, str) and copies not in (ALLOWED, EXCLUDED):
        faults.append(f"'near_copies' in [split] should be '{ALLOWED}' or '{EXCLUDED}', not {copies!r}")
    if isinstance(distance, int) and distance < 1:
        faults.append(f"'locus_kb' in [split] should be 1 or more, not {distance}")
    return faults


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _draw_branches(graph: Graph, relations: pl.DataFrame, names: pl.DataFrame, settings: SplitSettings) -> Branches:
    """The branches, none where no share of the diseases is to be held out so."""
    if not settings.branch_share:
        return Branches(names["curie"].clear(), names["curie"].clear())
    numbered = settings.near_copies == EXCLUDED
    return draw_branches(graph.concepts, relations, names, graph.merges, share=settings.branch_share, seed=settings.seed, numbered=numbered)


def distinct_relations(relations: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object, weight, left, right`: one row a distinct relation with its highest confidence; (left, right) is its group."""
    rows = relations.group_by("subject", "predicate", "object").agg(weight=pl.col("confidence").max())
    return rows.with_columns(left=pl.min_horizontal("subject", "object"), right=pl.max_horizontal("subject", "object"))


def list_names(concepts: pl.DataFrame) -> pl.DataFrame:
    """`curie, kind, name, role, words`: one row a distinct text of a concept; `words` is its sorted bag, empty for definitions.

    Where a concept's synonym or definition repeats another text of it, the first of name, synonym, definition counts.
    """
    roles = {"name": "name", "synonym": "synonyms", "definition": "definition"}
    parts = [concepts.select("curie", "kind", pl.col(column).alias("name"), role=pl.lit(role)) for role, column in roles.items()]
    rows = pl.concat([part.explode("name") if part.schema["name"].is_nested() else part for part in parts])
    rows = rows.filter(pl.col("name") != "").unique(["curie", "name"], keep="first", maintain_order=True)
    words = pl.when(pl.col("role") == "definition").then(pl.lit("")).otherwise(bag_of_words(rows["name"]))
    return rows.with_columns(words=words)


def withhold_derived(relations: pl.DataFrame) -> pl.DataFrame:
    """The relations with `part` WITHHELD for training rows of derived predicates that training rows no longer derive."""
    return reduce(lambda rows, derived: _mark_withheld(rows, derived.name), DERIVED, relations)


def underived(relations: pl.DataFrame, predicate: str) -> pl.DataFrame:
    """`subject, object` of the training rows of a derived predicate that no two training rows compose to."""
    (steps,) = (each.derived_from for each in DERIVED if each.name == predicate)
    train = relations.filter(pl.col("part") == TRAIN).select("subject", "predicate", "object")
    first, second = (train.filter(pl.col("predicate") == step) for step in steps or ())
    ours = train.filter(pl.col("predicate") == predicate).select("subject", "object")
    return ours.filter(~is_composed(ours, first, second))


def _mark_withheld(relations: pl.DataFrame, predicate: str) -> pl.DataFrame:
    lost = underived(relations, predicate).with_columns(predicate=pl.lit(predicate), lost=pl.lit(True))
    marked = relations.join(lost, on=["subject", "predicate", "object"], how="left")
    return marked.with_columns(part=pl.when("lost").then(pl.lit(WITHHELD)).otherwise("part")).drop("lost")


def _divide_relations(relations: pl.DataFrame, reserved: pl.DataFrame, settings: SplitSettings) -> pl.DataFrame:
    """The relations with the `part` of their group."""
    groups = _groups(relations, reserved)
    numbers = draw_pairs(groups["left"], groups["right"], seed=settings.seed, purpose="relations")
    groups = groups.with_columns(draw=pl.Series(numbers), warm=pl.col("reserved").is_null())
    groups = groups.join(_anchors(groups), on=PAIR, how="left").with_columns(pl.col("anchor").fill_null(False))
    groups = groups.with_columns(free=pl.col("may_be_held_out") & pl.col("warm") & ~pl.col("anchor"))
    groups = groups.with_columns(
        place=pl.when("free").then("draw").rank("ordinal").over("stratum"),
        n_test=_how_many(settings.test, largest=settings.largest, smallest=settings.smallest),
        n_validation=_how_many(settings.validation, largest=settings.largest // 2, smallest=settings.smallest),
    )
    part = (
        pl.when(~pl.col("warm")).then("reserved")
        .when(pl.col("place") <= pl.col("n_test")).then(pl.lit(TEST))
        .when(pl.col("place") <= pl.col("n_test") + pl.col("n_validation")).then(pl.lit(VALIDATION))
        .otherwise(pl.lit(TRAIN))
    )
    return relations.join(groups.select(*PAIR, part=part), on=PAIR)


def _groups(relations: pl.DataFrame, reserved: pl.DataFrame) -> pl.DataFrame:
    """One row a group: its rarest predicate as `stratum`, whether it may be held out, whether it has a relation that is not derived, its `reserved` part if it has one."""
    counts = relations["predicate"].value_counts().sort("count", "predicate").with_row_index("rarity")
    of_predicates = counts.select(
        "predicate", "rarity", may_be_held_out=pl.col("predicate").is_in(HELD_OUT), original=~pl.col("predicate").is_in([each.name for each in DERIVED])
    )
    # By number, since millions of small groups are slow to sort each for itself.
    marked = relations.select(*PAIR, "predicate").join(of_predicates, on="predicate").drop("predicate")
    groups = marked.group_by(PAIR).agg(pl.col("rarity").min(), pl.col("may_be_held_out").all(), pl.col("original").any())
    groups = groups.join(counts.select("rarity", stratum="predicate"), on="rarity").drop("rarity")
    return groups.join(reserved.rename({"part": "reserved"}), on=PAIR, how="left")


def _anchors(groups: pl.DataFrame) -> pl.DataFrame:
    """`left, right, anchor` of the groups that stay in training so that each of their concepts keeps one: the one each draws first."""
    steady = groups.filter("original", "warm").select(*PAIR, "draw")
    ends = pl.concat([steady.with_columns(end=pl.col(end)) for end in PAIR])
    first = ends.sort("draw", *PAIR, descending=[True, False, False]).unique("end", keep="first", maintain_order=True)
    return first.select(PAIR).unique().with_columns(anchor=pl.lit(True))


def _how_many(wanted: float, *, largest: int, smallest: int) -> pl.Expr:
    """How many groups of each stratum to hold out, of how many there are and how many of them may be."""
    n_groups, n_free = ((pl.col(flag).sum().over("stratum")).cast(pl.Int64) for flag in ("warm", "free"))
    asked = pl.min_horizontal((n_groups * wanted).round().cast(pl.Int64), pl.lit(largest), n_free // 2)
    return pl.max_horizontal(asked, pl.min_horizontal(pl.lit(smallest), n_free // 5))


def _divide_names(names: pl.DataFrame, cold: pl.Series, settings: SplitSettings) -> pl.DataFrame:
    """The names with their `part`."""
    texts = names.select(pl.concat_str("curie", "name", separator="\t")).to_series()
    drawn = pl.Series(share(draw_each(texts, seed=settings.seed, purpose="names")), dtype=pl.Float64)
    is_cold = pl.col("curie").is_in(cold.implode())
    # A synonym that some concept has a second time, in whatever word order, would be answered by that.
    once = (pl.col("words") != "") & (pl.len().over("words") == 1)
    free = (pl.col("role") == "synonym") & once & ~is_cold
    part = (
        pl.when(is_cold).then(pl.lit(COLD))
        .when(free & (pl.col("draw") < settings.test_synonyms)).then(pl.lit(TEST))
        .when(free & (pl.col("draw") < settings.test_synonyms + settings.validation_synonyms)).then(pl.lit(VALIDATION))
        .otherwise(pl.lit(TRAIN))
    )
    return names.with_columns(draw=drawn).with_columns(part=part)
