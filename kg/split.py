"""The split: what training may see, settled before training and stored with the build.

All relations between the same two concepts, whatever their predicates and directions, are one *group* and go to one part. What
a held-out group leaves behind is closed too: a derived relation (gene–phenotype through a disease) stays in training only if
training relations still derive it, and a held-out synonym has no equal among the names that stay. A concept drawn as *cold*
is kept out altogether: its names, and every relation that touches it. `kg.leaks` proves all of this of a finished split.
"""

from dataclasses import dataclass
from functools import reduce

import polars as pl

from generel.concepts.predicates import PREDICATES
from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS
from kg.cold import choose_cold
from kg.draw import draw_each, draw_pairs, share
from kg.graph import Graph
from kg.retold import withhold_retold
from kg.spelling import bag_of_words

TRAIN, VALIDATION, TEST, COLD, WITHHELD = "train", "validation", "test", "cold", "withheld"
PAIR = ("left", "right")
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
        cold_diseases, cold_genes, cold_phenotypes, cold_variants: share of those that qualify (see `kg.cold`).
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
    cold = choose_cold(graph.concepts, relations, names, settings=settings)
    concepts = graph.concepts.select("curie", "kind", part=pl.when(pl.col("curie").is_in(cold.implode())).then(pl.lit(COLD)).otherwise(pl.lit(TRAIN)))
    parts = _divide_relations(relations, cold, settings)
    return Split(
        relations=withhold_retold(withhold_derived(parts)).select(*SPLIT_RELATIONS.columns).sort(SPLIT_RELATIONS.key),
        names=_divide_names(names, cold, settings).select(*SPLIT_NAMES.columns).sort(SPLIT_NAMES.key),
        concepts=concepts.select(*SPLIT_CONCEPTS.columns).sort(SPLIT_CONCEPTS.key),
    )


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
    composed = first.select("subject", middle="object").join(second.select("object", middle="subject"), on="middle")
    return ours.join(composed.select("subject", "object").unique(), on=["subject", "object"], how="anti")


def _mark_withheld(relations: pl.DataFrame, predicate: str) -> pl.DataFrame:
    lost = underived(relations, predicate).with_columns(predicate=pl.lit(predicate), lost=pl.lit(True))
    marked = relations.join(lost, on=["subject", "predicate", "object"], how="left")
    return marked.with_columns(part=pl.when("lost").then(pl.lit(WITHHELD)).otherwise("part")).drop("lost")


def _divide_relations(relations: pl.DataFrame, cold: pl.Series, settings: SplitSettings) -> pl.DataFrame:
    """The relations with the `part` of their group."""
    groups = _groups(relations, cold)
    numbers = draw_pairs(groups["left"], groups["right"], seed=settings.seed, purpose="relations")
    groups = groups.with_columns(draw=pl.Series(numbers), warm=~pl.col("cold"))
    groups = groups.join(_anchors(groups), on=PAIR, how="left").with_columns(pl.col("anchor").fill_null(False))
    groups = groups.with_columns(free=pl.col("may_be_held_out") & pl.col("warm") & ~pl.col("anchor"))
    groups = groups.with_columns(
        place=pl.when("free").then("draw").rank("ordinal").over("stratum"),
        n_test=_how_many(settings.test, largest=settings.largest, smallest=settings.smallest),
        n_validation=_how_many(settings.validation, largest=settings.largest // 2, smallest=settings.smallest),
    )
    part = (
        pl.when("cold").then(pl.lit(COLD))
        .when(pl.col("place") <= pl.col("n_test")).then(pl.lit(TEST))
        .when(pl.col("place") <= pl.col("n_test") + pl.col("n_validation")).then(pl.lit(VALIDATION))
        .otherwise(pl.lit(TRAIN))
    )
    return relations.join(groups.select(*PAIR, part=part), on=PAIR)


def _groups(relations: pl.DataFrame, cold: pl.Series) -> pl.DataFrame:
    """One row a group: its rarest predicate as `stratum`, whether it may be held out, whether it is cold, whether it has a relation that is not derived."""
    counted = relations.with_columns(n=pl.len().over("predicate"))
    derived = [each.name for each in DERIVED]
    groups = counted.group_by(PAIR).agg(
        stratum=pl.col("predicate").sort_by("n", "predicate").first(),
        may_be_held_out=pl.col("predicate").is_in(HELD_OUT).all(),
        original=(~pl.col("predicate").is_in(derived)).any(),
    )
    return groups.with_columns(cold=pl.any_horizontal(pl.col(end).is_in(cold.implode()) for end in PAIR))


def _anchors(groups: pl.DataFrame) -> pl.DataFrame:
    """`left, right, anchor` of the groups that stay in training so that each of their concepts keeps one: the one each draws first."""
    steady = groups.filter(pl.col("original"), ~pl.col("cold")).select(*PAIR, "draw")
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
