"""The split: nothing that is held out can be looked up in what training sees, and the check would notice if it could."""

import itertools
import random
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_graphs import concepts_of, graph_of, relations_of

from generel.concepts.predicates import BY_NAME
from generel.concepts.tables import SPLIT_CONCEPTS, SPLIT_NAMES, SPLIT_RELATIONS, check
from generel.index.normalize import normalize
from kg.graph import AssembledGraph
from kg.split import Split, SplitSettings, make_split
from kg.split.draw import draw_each, draw_pairs, share
from kg.split.leaks import (
    COLD_NAME,
    EQUAL_NAME,
    NEW_RELATION,
    SAME_PAIR,
    STILL_DERIVED,
    TOUCHES_COLD,
    UNSEEN_END,
    find_leaks,
)

NO_COLD = SplitSettings(test=0.2, validation=0.1, smallest=1, cold_diseases=0, cold_genes=0, cold_phenotypes=0, cold_variants=0)
WITH_COLD = SplitSettings(
    test=0.2, validation=0.1, smallest=1, test_synonyms=0.3, validation_synonyms=0.2, cold_diseases=0.3, cold_genes=0.3, cold_phenotypes=0.3, cold_variants=0.3
)


def random_graph(seed: int, *, n: int = 8) -> AssembledGraph:
    """A graph of n diseases, phenotypes, genes, drugs and variants with random relations of all kinds, the derived ones complete."""
    rng = random.Random(seed)
    diseases, phenotypes, genes, drugs, variants = ([f"{prefix}{number}" for number in range(n)] for prefix in ("mondo:", "hp:", "hgnc:", "chebi:", "dbsnp:rs"))
    edges = {(d, "has_phenotype", p) for d in diseases for p in phenotypes if rng.random() < 0.4}
    edges |= {(g, "gene_of_disease", d) for g in genes for d in diseases if rng.random() < 0.2}
    edges |= {(g, "biomarker_of", d) for g in genes for d in diseases if rng.random() < 0.1}
    edges |= {(a, "is_a", b) for a, b in itertools.combinations(phenotypes, 2) if rng.random() < 0.2}
    edges |= {(v, predicate, r) for v in variants for r in drugs for predicate in ("affects_dosage", "affects_toxicity") if rng.random() < 0.2}
    edges |= {(g, "gene_of_phenotype", p) for g, a, d in edges if a == "gene_of_disease" for e, b, p in edges if b == "has_phenotype" and e == d}
    words = ["acute", "pain", "chronic", "of", "heart", "left", "renal", "skin", "type", "early", "late", "juvenile", "bone", "small"]
    described = [(curie, curie, [" ".join(rng.sample(words, 3)) for _ in range(3)], f"About {curie}.") for curie in diseases + phenotypes + genes + drugs]
    concepts = concepts_of(*described, *[(curie, curie) for curie in variants])
    return graph_of(concepts, relations_of(*map(" ".join, sorted(edges))))


def parts_of(split: Split) -> dict[tuple[str, str, str], str]:
    return {tuple(row[:3]): row[3] for row in split.relations.select("subject", "predicate", "object", "part").rows()}


@pytest.mark.parametrize("settings_", [NO_COLD, WITH_COLD])
@pytest.mark.parametrize("seed", range(4))
def test_held_out_relations_cannot_be_looked_up(seed: int, settings_: SplitSettings) -> None:
    """By plain loops: no other predicate, no inverse and no derived row of training tells a held-out pair."""
    parts = parts_of(make_split(random_graph(seed), settings=settings_))
    train = {edge for edge, part in parts.items() if part == "train"}
    pairs = {frozenset((subject, object_)) for subject, _, object_ in train}
    held_out = {edge for edge, part in parts.items() if part in ("test", "validation", "cold")}
    assert held_out and not any(frozenset((subject, object_)) in pairs for subject, _, object_ in held_out)
    for gene, predicate, phenotype in train:
        if predicate == "gene_of_phenotype":
            middles = {d for g, p, d in train if p == "gene_of_disease" and g == gene}
            assert any((d, "has_phenotype", phenotype) in train for d in middles)


@pytest.mark.parametrize("seed", range(4))
def test_ends_of_held_out_relations_are_seen_in_training(seed: int) -> None:
    """Test and validation ask nothing about a concept that training has no original relation of."""
    parts = parts_of(make_split(random_graph(seed), settings=NO_COLD))
    seen = {end for (subject, predicate, object_), part in parts.items() if part == "train" and predicate != "gene_of_phenotype" for end in (subject, object_)}
    asked = {end for (subject, _, object_), part in parts.items() if part in ("test", "validation") for end in (subject, object_)}
    assert asked and asked <= seen


def test_only_predicates_that_may_be_held_out_are() -> None:
    """Derived rows and attributes are never test or validation."""
    parts = parts_of(make_split(random_graph(1), settings=NO_COLD))
    assert {predicate for (_, predicate, _), part in parts.items() if part in ("test", "validation")} <= {name for name, record in BY_NAME.items() if record.held_out}
    assert "withheld" in parts.values()


def test_shares_and_caps_are_kept() -> None:
    """Of 400 groups of one predicate between 20 diseases and 20 phenotypes 5 % and 2.5 % are held out, or as many as the cap allows."""
    diseases, phenotypes = [f"mondo:{n}" for n in range(20)], [f"hp:{n}" for n in range(20)]
    relations = relations_of(*[f"{d} has_phenotype {p}" for d in diseases for p in phenotypes])
    graph = graph_of(concepts_of(*[(curie, curie) for curie in diseases + phenotypes]), relations)
    counts = lambda **changes: dict(make_split(graph, settings=replace(NO_COLD, test=0.05, validation=0.025, **changes)).relations["part"].value_counts().rows())  # noqa: E731
    assert counts() == {"train": 370, "test": 20, "validation": 10}
    assert counts(largest=8) == {"train": 388, "test": 8, "validation": 4}
    assert counts(smallest=30) == {"train": 340, "test": 30, "validation": 30}


def test_a_concept_keeps_its_only_relation() -> None:
    """A chain's middle may lose nothing that its ends need."""
    graph = graph_of(concepts_of(("mondo:1", "a"), ("hp:1", "b")), relations_of("mondo:1 has_phenotype hp:1"))
    assert parts_of(make_split(graph, settings=replace(NO_COLD, test=0.5))) == {("mondo:1", "has_phenotype", "hp:1"): "train"}


def test_a_relation_weighs_what_its_best_source_says() -> None:
    """One row a distinct relation, with the highest confidence."""
    relations = pl.concat([relations_of("mondo:1 has_phenotype hp:1 0.3"), relations_of("mondo:1 has_phenotype hp:1 0.8", source="t")])
    split = make_split(graph_of(concepts_of(("mondo:1", "a"), ("hp:1", "b")), relations), settings=NO_COLD)
    assert split.relations.select("weight").rows() == [(0.8,)]


@pytest.mark.parametrize("seed", range(6))
def test_a_variant_that_is_not_cold_keeps_a_training_relation(seed: int) -> None:
    """It has one, however many of its neighbors were drawn to be cold."""
    graph = random_graph(seed)
    ties = relations_of(*[f"dbsnp:rs{n} variant_of_gene hgnc:{n}" for n in range(20, 40)], *[f"hgnc:{n} gene_of_disease mondo:0" for n in range(20, 40)])
    graph = graph_of(pl.concat([graph.concepts, concepts_of(*[(f"{prefix}{n}", f"{prefix}{n}") for prefix in ("dbsnp:rs", "hgnc:") for n in range(20, 40)])]), pl.concat([graph.relations, ties]))
    split = make_split(graph, settings=replace(WITH_COLD, cold_genes=0.5, cold_variants=0.5))
    cold = set(split.concepts.filter(part="cold")["curie"])
    tied = {subject for subject, _, _ in parts_of(split) if subject.startswith("dbsnp")}
    trained = {subject for (subject, _, _), part in parts_of(split).items() if part == "train" and subject.startswith("dbsnp")}
    assert tied & cold and any(curie.startswith("hgnc") for curie in cold) and tied - cold == trained


def test_a_gene_that_a_variant_needs_is_not_cold() -> None:
    """Of two genes drawn to be cold, the one that is all a variant is tied to is released."""
    concepts = concepts_of(("hgnc:1", "A"), ("hgnc:2", "B"), ("mondo:1", "gout"), ("dbsnp:rs1", "rs1"), ("hp:1", "Pain"))
    relations = relations_of("hgnc:1 gene_of_disease mondo:1", "hgnc:2 gene_of_disease mondo:1", "dbsnp:rs1 variant_of_gene hgnc:1", "mondo:1 has_phenotype hp:1")
    split = make_split(graph_of(concepts, relations), settings=replace(NO_COLD, cold_genes=1.0))
    assert split.concepts.filter(part="cold")["curie"].to_list() == ["hgnc:2"]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_of_a_cold_concept_is_in_training(seed: int) -> None:
    """Neither a relation nor a name of it, nor a name that is equal to one of its names in any word order."""
    split = make_split(random_graph(seed), settings=WITH_COLD)
    cold = set(split.concepts.filter(part="cold")["curie"])
    assert cold
    for (subject, _, object_), part in parts_of(split).items():
        assert (part == "cold") == bool({subject, object_} & cold)
    train_words = {" ".join(sorted(normalize(name).split())) for name, part, role in split.names.select("name", "part", "role").rows() if part == "train" and role != "definition"}
    for curie, name, role, part in split.names.select("curie", "name", "role", "part").rows():
        assert (part == "cold") == (curie in cold)
        if part != "train" and role != "definition":
            assert " ".join(sorted(normalize(name).split())) not in train_words


def test_a_disease_with_a_namesake_is_not_cold() -> None:
    """Its copy under another name order would give it away, so only the two others can be drawn."""
    concepts = concepts_of(("mondo:1", "renal carcinoma"), ("omim:2", "kidney cancer", ["Carcinoma, renal"]), ("mondo:3", "gout"), ("mondo:4", "flu"), ("hp:1", "Pain"), ("hp:2", "Fever"))
    relations = relations_of(*[f"{disease} has_phenotype hp:{n}" for disease in ("mondo:1", "omim:2", "mondo:3", "mondo:4") for n in (1, 2)])
    split = make_split(graph_of(concepts, relations), settings=replace(NO_COLD, cold_diseases=0.5))
    assert split.concepts.filter(part="cold")["curie"].to_list() == ["mondo:3", "mondo:4"]


def test_attributes_and_single_variants_are_not_cold() -> None:
    """A mode of inheritance is seen by all; a variant needs two ties to be asked about."""
    concepts = concepts_of(("mondo:1", "a"), ("hp:7", "Autosomal dominant inheritance", ["AD"]), ("dbsnp:rs1", "rs1"), ("dbsnp:rs2", "rs2"), ("chebi:1", "x"), ("chebi:2", "y"))
    relations = relations_of("mondo:1 has_inheritance hp:7", "dbsnp:rs1 affects_dosage chebi:1", "dbsnp:rs2 affects_dosage chebi:1", "dbsnp:rs2 affects_toxicity chebi:2")
    split = make_split(graph_of(concepts, relations), settings=replace(NO_COLD, cold_phenotypes=0.5, cold_variants=1.0))
    assert split.concepts.filter(part="cold")["curie"].to_list() == ["dbsnp:rs2"]


def test_only_synonyms_without_a_twin_are_held_out() -> None:
    """Names and definitions stay; so does a synonym that some concept has a second time, in whatever word order."""
    concepts = concepts_of(("mondo:1", "gout", ["Arthritis, uric", "podagra"], "A disease."), ("mondo:2", "arthritis", ["uric arthritis"]))
    split = make_split(graph_of(concepts, relations_of()), settings=replace(NO_COLD, test_synonyms=1.0))
    assert {name: part for name, part in split.names.select("name", "part").rows() if part != "train"} == {"podagra": "test"}
    assert split.names.filter(name="A disease.")["role"].to_list() == ["definition"]


@pytest.mark.parametrize("seed", range(3))
def test_a_split_does_not_depend_on_the_order_of_rows(seed: int) -> None:
    """Shuffled tables give the same split, another seed another one."""
    graph = random_graph(seed)
    shuffled = replace(graph, concepts=graph.concepts.sample(fraction=1, shuffle=True, seed=7), relations=graph.relations.sample(fraction=1, shuffle=True, seed=7))
    first, second, other = (make_split(each, settings=how) for each, how in ((graph, WITH_COLD), (shuffled, WITH_COLD), (graph, replace(WITH_COLD, seed=2))))
    assert first.relations.equals(second.relations) and first.names.equals(second.names) and first.concepts.equals(second.concepts)
    assert not first.relations.equals(other.relations)


def test_every_row_is_in_exactly_one_part() -> None:
    """The three tables fit their schemas and cover the graph."""
    graph = random_graph(3)
    split = make_split(graph, settings=WITH_COLD)
    tables = ((split.relations, SPLIT_RELATIONS), (split.names, SPLIT_NAMES), (split.concepts, SPLIT_CONCEPTS))
    assert all(check(frame, table).height == frame.height for frame, table in tables)
    assert split.relations.height == graph.relations.height and split.concepts.height == graph.concepts.height


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.5), st.floats(0, 0.5), st.integers(2, 7))
def test_no_split_leaks(seed: int, test: float, cold: float, n: int) -> None:
    """Whatever the graph and the shares, the check finds nothing."""
    how = replace(WITH_COLD, seed=seed, test=test, cold_diseases=cold, cold_genes=cold, cold_phenotypes=cold, cold_variants=cold)
    graph = random_graph(seed, n=n)
    assert find_leaks(make_split(graph, settings=how), graph).is_empty()


def plant(split: Split, table: str, condition: pl.Expr, **changes: pl.Expr) -> Split:
    """The split with the first row of `table` that fulfills the condition added or changed."""
    frame = getattr(split, table)
    row = frame.filter(condition).head(1)
    assert row.height == 1
    keys = ["subject", "predicate", "object"] if table == "relations" else ["curie", "name"]
    return replace(split, **{table: pl.concat([frame, row.with_columns(**changes)]).unique(keys, keep="last", maintain_order=True)})


HELD_OUT = pl.col("part") == "test"
PHENOTYPE_ROWS = HELD_OUT & (pl.col("predicate") == "has_phenotype")
LEAKS = {
    "another predicate of the pair": ("relations", PHENOTYPE_ROWS, {"predicate": pl.lit("has_clinical_course"), "part": pl.lit("train")}, SAME_PAIR),
    "the inverse of the pair": ("relations", PHENOTYPE_ROWS, {"subject": pl.col("object"), "object": pl.col("subject"), "part": pl.lit("train")}, SAME_PAIR),
    "the pair in validation and test": ("relations", PHENOTYPE_ROWS, {"predicate": pl.lit("has_clinical_course"), "part": pl.lit("validation")}, SAME_PAIR),
    "a derived row": ("relations", pl.col("part") == "withheld", {"part": pl.lit("train")}, STILL_DERIVED),
    "a relation of a cold concept": ("relations", pl.col("part") == "cold", {"part": pl.lit("train")}, TOUCHES_COLD),
    "a name of a cold concept": ("names", pl.col("part") == "cold", {"part": pl.lit("train")}, COLD_NAME),
    "a synonym in capitals elsewhere": ("names", HELD_OUT, {"curie": pl.lit("mondo:99"), "name": pl.col("name").str.to_uppercase(), "part": pl.lit("train")}, EQUAL_NAME),
    "a concept without training": ("relations", pl.col("part") == "train", {"subject": pl.lit("mondo:99"), "part": pl.lit("test")}, UNSEEN_END),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_found(name: str) -> None:
    """Each kind of leak, put into a whole split, is reported as what it is."""
    table, condition, changes, leak = LEAKS[name]
    graph = random_graph(5)
    split = make_split(graph, settings=WITH_COLD)
    assert find_leaks(split, graph).is_empty()
    assert leak in find_leaks(plant(split, table, condition, **changes), graph)["leak"].to_list()


def test_a_relation_that_the_split_forgot_is_found() -> None:
    """Training could take it from the build, so it counts as a leak."""
    graph = random_graph(5)
    split = make_split(graph, settings=WITH_COLD)
    assert find_leaks(replace(split, relations=split.relations[1:]), graph)["leak"].unique().to_list() == [NEW_RELATION]


def test_draws_are_those_of_every_machine() -> None:
    """Pinned numbers: a split must not change with a library's version."""
    numbers = draw_each(pl.Series(["mondo:0007947", "hp:0001166", "mondo:0007947"]), seed=1, purpose="relations")
    pairs = draw_pairs(pl.Series(["a", "b"]), pl.Series(["b", "a"]), seed=1, purpose="relations")
    assert numbers[0] == numbers[2] != numbers[1]
    assert pairs[0] != pairs[1]
    assert [int(number) for number in (*numbers[:2], *pairs)] == [
        2278061188563992652, 17183033676447790283, 9200106223464900248, 12812308152878597368
    ]


def test_shares_are_spread_evenly() -> None:
    """A tenth of ten thousand draws lies in each tenth, give or take a tenth of it."""
    shares = share(draw_pairs(pl.Series([str(n) for n in range(10_000)]), pl.Series(["x"] * 10_000), seed=3, purpose="names"))
    counts = np.bincount((shares * 10).astype(int))
    assert len(counts) == 10 and counts.min() > 900 and counts.max() < 1100
