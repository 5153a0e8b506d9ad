"""The part `later`: what was known by the day stays, what came after is asked, and nothing of training tells it."""

import random
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from small_graphs import associations_of, concepts_of, graph_of, relations_of, variants_of

from generel.concepts.tables import ASSOCIATIONS, MERGES
from kg.assemble import AssemblySettings
from kg.graph import AssembledGraph
from kg.split import Split, SplitSettings, make_split
from kg.split.leaks import AFTER_CUT, RETOLD, SAME_PAIR, TWIN, find_leaks
from kg.ties import relations_of_associations

DAY = "2015-07-09"
BEFORE, AFTER = date(2012, 1, 1), date(2018, 1, 1)
CUT = SplitSettings(test=0, validation=0, smallest=0, cold_diseases=0, cold_genes=0, cold_phenotypes=0, cold_variants=0, after=DAY)


def dated(*rows: tuple, source: str = "s") -> pl.DataFrame:
    """ASSOCIATIONS of (variant, trait, study, −log10 p, date)."""
    if not rows:
        return ASSOCIATIONS.empty()
    days = pl.Series("date", [row[4] for row in rows], dtype=pl.Date)
    return associations_of(*(row[:4] for row in rows), source=source).with_columns(days)


def graph_with(associations: pl.DataFrame, *lines: str, positions: tuple = (), source: str = "s") -> AssembledGraph:
    """The graph of these associations, their relations, and more relations."""
    ties = relations_of(*lines, source=source)
    relations = pl.concat([relations_of_associations(associations, least_neg_log10_p=AssemblySettings().least_neg_log10_p), ties])
    ends = sorted({*relations["subject"], *relations["object"]})
    return graph_of(concepts_of(*[(curie, f"the {curie}") for curie in ends]), relations, associations=associations, variants=variants_of(*positions))


def part_of(split: Split, line: str) -> str:
    subject, predicate, object_ = line.split()
    return str(split.relations.filter(pl.col("subject") == subject, pl.col("predicate") == predicate, pl.col("object") == object_)["part"].item())


def parts(graph: AssembledGraph, *lines: str, settings: SplitSettings = CUT) -> list[str]:
    split = make_split(graph, settings=settings)
    return [part_of(split, line) for line in lines]


GOUT = "dbsnp:rs1 variant_associated_with mondo:1"


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([(9, BEFORE)], "train"),
        ([(9, date(2015, 7, 9))], "train"),
        ([(9, date(2015, 7, 10))], "later"),
        ([(9, AFTER), (9, BEFORE)], "train"),
        ([(9, AFTER), (9, None)], "train"),
        ([(9, None)], "train"),
        ([(9, AFTER), (5, BEFORE)], "withheld"),
        ([(9, AFTER), (5, None)], "withheld"),
        ([(9, AFTER), (5, date(2015, 7, 9))], "withheld"),
    ],
)
def test_the_first_association_says_when_a_pair_became_known(rows: list, part: str) -> None:
    """On the day is known, without a date is known; known but not significant is neither asked nor trained on."""
    graph = graph_with(dated(*[("dbsnp:rs1", "mondo:1", f"study{i}", *row) for i, row in enumerate(rows)], ("dbsnp:rs2", "mondo:2", "x", 8.0, BEFORE)))
    assert parts(graph, GOUT) == [part]


def test_without_a_day_nothing_is_later() -> None:
    """The setting is off by default."""
    graph = graph_with(dated(("dbsnp:rs1", "mondo:1", "a", 9.0, AFTER)))
    assert parts(graph, GOUT, settings=replace(CUT, after="")) == ["train"]


def test_a_relation_that_a_source_gives_without_association_has_no_date() -> None:
    """Another source says it outright, so it may have been known before."""
    graph = graph_with(dated(("dbsnp:rs1", "mondo:1", "a", 9.0, AFTER)), GOUT, source="other")
    assert parts(graph, GOUT) == ["train"]


def test_the_whole_group_goes_along_and_the_gene_stays() -> None:
    """Another predicate of the pair is later too; where the variant lies was known, so that it can be asked about."""
    pathogenic, gene = "dbsnp:rs1 pathogenic_for mondo:1", "dbsnp:rs1 variant_of_gene hgnc:1"
    graph = graph_with(dated(("dbsnp:rs1", "mondo:1", "a", 9.0, AFTER)), pathogenic, gene)
    assert parts(graph, GOUT, pathogenic, gene) == ["later", "later", "train"]


def test_a_gene_row_that_tells_a_later_pair_is_withheld() -> None:
    """Gene 1's association with gout may come from the later study of its variant; that of gene 2 is shown by a training variant."""
    told, shown = "hgnc:1 gene_associated_with mondo:1", "hgnc:2 gene_associated_with mondo:1"
    associations = dated(("dbsnp:rs1", "mondo:1", "a", 9.0, AFTER), ("dbsnp:rs2", "mondo:1", "a", 9.0, AFTER), ("dbsnp:rs3", "mondo:1", "a", 9.0, BEFORE))
    genes = [f"dbsnp:rs{variant} variant_of_gene hgnc:{gene}" for variant, gene in ((1, 1), (2, 2), (3, 2))]
    graph = graph_with(associations, told, shown, *genes)
    assert parts(graph, told, shown) == ["withheld", "train"]
    assert parts(graph, told, settings=replace(CUT, after="")) == ["train"]


def test_a_pair_that_a_twin_at_the_same_place_has_in_training_is_no_question() -> None:
    """rs1 and rs2 lie at one place: rs2's gout was known, so rs1's is not asked; nor is rs3's withheld, which lies elsewhere."""
    associations = dated(("dbsnp:rs1", "mondo:1", "a", 9.0, AFTER), ("dbsnp:rs2", "mondo:1", "a", 9.0, BEFORE), ("dbsnp:rs3", "mondo:1", "a", 9.0, AFTER))
    graph = graph_with(associations, positions=(("dbsnp:rs1", 100), ("dbsnp:rs2", 100), ("dbsnp:rs3", 101)))
    assert parts(graph, *(f"dbsnp:rs{n} variant_associated_with mondo:1" for n in (1, 2, 3))) == ["withheld", "train", "later"]


def random_graph(seed: int) -> AssembledGraph:
    """Variants with associations of all strengths and dates, some without; genes with rows of their own; several variants a place."""
    rng = random.Random(seed)
    variants, traits, genes = ([f"{prefix}{n}" for n in range(count)] for prefix, count in (("dbsnp:rs", 30), ("mondo:", 6), ("hgnc:", 8)))
    rows = [
        (variant, trait, f"study{n}", rng.choice([4.0, 7.5, 20.0]), None if rng.random() < 0.1 else date(2010, 1, 1) + timedelta(days=rng.randrange(4000)))
        for variant in variants for trait in traits for n in range(rng.choice([0, 0, 1, 2]))
    ]
    lines = [f"{variant} variant_of_gene {rng.choice(genes)}" for variant in variants]
    lines += [f"{gene} gene_associated_with {trait}" for gene in genes for trait in traits if rng.random() < 0.3]
    return graph_with(dated(*rows), *lines, positions=tuple((variant, rng.randrange(20)) for variant in variants))


WITH_TEST = replace(CUT, test=0.2, validation=0.1, smallest=1, cold_variants=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_of_training_is_from_after_the_day(seed: int) -> None:
    """By plain loops over the associations: each training pair had a significant one by the day, each later pair had none at all."""
    graph = random_graph(seed)
    split = make_split(graph, settings=WITH_TEST)
    rows = [(row["variant"], row["trait"], row["neg_log10_p"], row["date"] or date.min) for row in graph.associations.iter_rows(named=True)]
    day = date.fromisoformat(DAY)
    found = set()
    for subject, predicate, object_, part in split.relations.select("subject", "predicate", "object", "part").rows():
        if predicate == "variant_associated_with":
            ours = [(strength, when) for variant, trait, strength, when in rows if (variant, trait) == (subject, object_)]
            if part == "later":
                assert all(when > day for _, when in ours)
            elif part in ("train", "validation", "test"):
                assert any(strength >= 7.5 and when <= day for strength, when in ours)
            found.add(part)
    assert found >= {"train", "later", "withheld", "test"}
    assert find_leaks(split, graph, settings=WITH_TEST).is_empty()


def plant(split: Split, line: str) -> Split:
    """The split with this row in training."""
    subject, predicate, object_ = line.split()
    row = pl.DataFrame([(subject, predicate, object_, "train", 1.0)], schema=split.relations.schema, orient="row")
    return replace(split, relations=pl.concat([split.relations, row]).unique(["subject", "predicate", "object"], keep="last", maintain_order=True))


PLANTED = {
    "the pair itself": (GOUT, AFTER_CUT),
    "the pair under another predicate": ("dbsnp:rs1 pathogenic_for mondo:1", SAME_PAIR),
    "the inverse": ("mondo:1 mentioned_with dbsnp:rs1", SAME_PAIR),
    "the pair of a merged rsID": ("dbsnp:rs11 variant_associated_with mondo:1", SAME_PAIR),
    "a pair that was known but not significant": ("dbsnp:rs4 variant_associated_with mondo:1", AFTER_CUT),
    "the same study told of the gene": ("hgnc:1 gene_associated_with mondo:1", RETOLD),
    "a twin's pair": ("dbsnp:rs2 variant_associated_with mondo:1", TWIN),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found(name: str) -> None:
    """Each way of telling that rs1 is associated with gout is reported as what it is."""
    line, leak = PLANTED[name]
    associations = dated(
        ("dbsnp:rs1", "mondo:1", "a", 9.0, AFTER), ("dbsnp:rs3", "mondo:2", "a", 8.0, BEFORE), ("dbsnp:rs4", "mondo:1", "a", 9.0, AFTER), ("dbsnp:rs4", "mondo:1", "b", 5.0, BEFORE)
    )
    merges = pl.DataFrame([("variant", "dbsnp:rs11", "dbsnp:rs1")], schema=MERGES.columns, orient="row")
    graph = replace(graph_with(associations, "dbsnp:rs1 variant_of_gene hgnc:1", positions=(("dbsnp:rs1", 100), ("dbsnp:rs2", 100))), merges=merges)
    split = make_split(graph, settings=CUT)
    assert part_of(split, GOUT) == "later" and find_leaks(split, graph, settings=CUT).is_empty()
    assert leak in find_leaks(plant(split, line), graph, settings=CUT)["leak"].to_list()
