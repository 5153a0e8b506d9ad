"""The part `locus`: no variant of training that says anything lies near a held-out one."""

import itertools
import random
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_graphs import concepts_of, graph_of, relations_of, variants_of

from kg.graph import AssembledGraph
from kg.split import Split, SplitSettings, make_split
from kg.split.leaks import LINKED, NEARBY, RETOLD, SEEN_LOCUS, find_leaks
from kg.split.locus import WIDEST, find_loci
from kg.split.parts import OF_VARIANT

ONE_OF_TWO = SplitSettings(
    test=0, validation=0, smallest=0, cold_diseases=0, cold_genes=0, cold_phenotypes=0, cold_variants=0, locus_share=0.5, locus_kb=1
)


def placed(*rows: tuple[str, str, int]) -> pl.DataFrame:
    """VARIANTS of (variant, chromosome, position)."""
    chromosomes = pl.Series("chromosome", [row[1] for row in rows], dtype=pl.String)
    return variants_of(*((row[0], row[2]) for row in rows)).with_columns(chromosomes)


def graph_with(positions: pl.DataFrame, *lines: str) -> AssembledGraph:
    relations = relations_of(*lines)
    ends = sorted({*relations["subject"], *relations["object"], *positions["variant"]})
    return graph_of(concepts_of(*[(curie, f"the {curie}") for curie in ends]), relations, variants=positions)


def parts_of(split: Split) -> dict[str, str]:
    return {f"{subject} {predicate} {object_}": part for subject, predicate, object_, part in split.relations.select("subject", "predicate", "object", "part").rows()}


def test_the_ties_of_a_locus_are_held_out_and_its_genes_stay() -> None:
    """Of two loci one is drawn: its traits, drugs and contexts go, whatever their predicate; the genes of both remain in training."""
    lines = [
        f"dbsnp:rs{n} {tie}"
        for n in (1, 2)
        for tie in ("variant_associated_with mondo:1", "affects_dosage chebi:1", "efficacy_context mondo:2", "pathogenic_for mondo:3", f"variant_of_gene hgnc:{n}", f"expression_variant_of hgnc:{n}")
    ]
    split = parts_of(make_split(graph_with(placed(("dbsnp:rs1", "1", 1000), ("dbsnp:rs2", "2", 1000)), *lines), settings=ONE_OF_TWO))
    held = {line.split()[0] for line, part in split.items() if part == "locus"}
    assert len(held) == 1
    for line, part in split.items():
        subject, predicate, _ = line.split()
        assert part == ("locus" if subject in held and predicate in OF_VARIANT else "train"), line


def test_a_variant_near_a_held_out_one_is_withheld() -> None:
    """A dense kilobase chromosome is cut into loci; those just outside of the drawn ones may not tell, wherever their locus ends."""
    positions = placed(*[(f"dbsnp:rs{n}", "1", 700 * n) for n in range(60)])
    split = parts_of(make_split(graph_with(positions, *[f"dbsnp:rs{n} variant_associated_with mondo:1" for n in range(60)]), settings=ONE_OF_TWO))
    part = [split[f"dbsnp:rs{n} variant_associated_with mondo:1"] for n in range(60)]
    assert {"locus", "withheld", "train"} == set(part)
    for n, here in enumerate(part):
        neighbors = part[max(0, n - 1) : n] + part[n + 1 : n + 2]
        assert not (here == "train" and "locus" in neighbors)
        assert not (here == "withheld" and "locus" not in neighbors)


def test_a_variant_without_a_place_is_withheld_if_its_gene_has_a_held_out_one() -> None:
    """rs8 lies nowhere that is known, but in the gene of one of the loci."""
    lines = [f"dbsnp:rs{n} variant_associated_with mondo:1" for n in (1, 2, 8, 9)] + [f"dbsnp:rs{n} variant_of_gene hgnc:{n % 7}" for n in (1, 2, 8, 9)]
    graph = graph_with(placed(("dbsnp:rs1", "1", 1000), ("dbsnp:rs2", "2", 1000)), *lines)
    split = parts_of(make_split(graph, settings=ONE_OF_TWO))
    tells = {n: split[f"dbsnp:rs{n} variant_associated_with mondo:1"] for n in (1, 2, 8, 9)}
    first = tells[1] == "locus"
    assert tells == ({1: "locus", 2: "train", 8: "withheld", 9: "train"} if first else {1: "train", 2: "locus", 8: "train", 9: "withheld"})


def test_a_place_on_another_build_is_no_place() -> None:
    """On GRCh37 the same number is elsewhere: such a variant is in no locus."""
    positions = placed(("dbsnp:rs1", "1", 1000), ("dbsnp:rs2", "1", 1000)).with_columns(build=pl.Series(["GRCh38", "GRCh37"]))
    split = parts_of(make_split(graph_with(positions, *[f"dbsnp:rs{n} variant_associated_with mondo:1" for n in (1, 2)]), settings=ONE_OF_TWO))
    assert list(split.values()) == ["locus", "train"]


def test_linkage_with_a_variant_outside_is_withheld() -> None:
    """It would tell at any distance; linkage within the locus, or outside of it, stays."""
    positions = placed(("dbsnp:rs1", "1", 1000), ("dbsnp:rs2", "1", 1500), ("dbsnp:rs3", "2", 1000), ("dbsnp:rs4", "2", 1500))
    ties = [f"dbsnp:rs{n} variant_associated_with mondo:1" for n in (1, 2, 3, 4)]
    linkage = ["dbsnp:rs1 in_linkage_with dbsnp:rs2", "dbsnp:rs1 in_linkage_with dbsnp:rs3", "dbsnp:rs3 in_linkage_with dbsnp:rs4"]
    split = parts_of(make_split(graph_with(positions, *ties, *linkage), settings=ONE_OF_TWO))
    assert [split[line] for line in linkage] == ["train", "withheld", "train"]


def loci_by_loop(positions: list[int], *, gap: int, widest: int) -> list[list[int]]:
    """The loci of one chromosome, cut at the widest gap, the first of equal ones, as long as a gap or the whole is too wide."""
    gaps = [right - left for left, right in itertools.pairwise(positions)]
    if not gaps or (max(gaps) <= gap and positions[-1] - positions[0] <= widest):
        return [positions]
    cut = gaps.index(max(gaps)) + 1
    return loci_by_loop(positions[:cut], gap=gap, widest=widest) + loci_by_loop(positions[cut:], gap=gap, widest=widest)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("12X"), st.integers(0, 60_000)), min_size=1, max_size=40), st.integers(1, 5))
def test_loci_are_cut_as_by_hand(where: list[tuple[str, int]], within_kb: int) -> None:
    """Whatever the places, the loci are those of a plain recursion: no gap in one exceeds the distance, none is too wide."""
    rows = [(f"dbsnp:rs{n}", *place) for n, place in enumerate(where)]
    found = find_loci(placed(*rows).select("variant", "chromosome", "position"), within_kb=within_kb)
    expected = []
    for chromosome in sorted({chromosome for chromosome, _ in where}):
        positions = sorted(position for each, position in where if each == chromosome)
        expected += [(chromosome, locus) for locus in loci_by_loop(positions, gap=1000 * within_kb, widest=1000 * WIDEST * within_kb)]
    grouped = found.sort("chromosome", "position").group_by("locus", maintain_order=True).agg(pl.col("chromosome").first(), pl.col("position"))
    assert [(chromosome, positions) for _, chromosome, positions in grouped.rows()] == expected
    assert found.height == len(where)


def random_graph(seed: int) -> AssembledGraph:
    """Variants on three chromosomes, some at two places, some at none, with all sorts of ties; genes that tell the same."""
    rng = random.Random(seed)
    variants, genes, traits, drugs = ([f"{prefix}{n}" for n in range(count)] for prefix, count in (("dbsnp:rs", 80), ("hgnc:", 20), ("mondo:", 6), ("chebi:", 5)))
    rows = [(variant, rng.choice("12X"), rng.randrange(40_000)) for variant in variants for _ in range(rng.choice([0, 1, 1, 1, 2]))]
    lines = {f"{variant} variant_of_gene {rng.choice(genes)}" for variant in variants}
    lines |= {f"{variant} variant_associated_with {rng.choice(traits)}" for variant in variants for _ in range(2)}
    lines |= {f"{variant} {rng.choice(['affects_dosage', 'affects_toxicity'])} {rng.choice(drugs)}" for variant in variants}
    lines |= {f"{gene} affects_dosage {drug}" for gene in genes for drug in drugs if rng.random() < 0.4}
    lines |= {f"{gene} gene_associated_with {trait}" for gene in genes for trait in traits if rng.random() < 0.4}
    lines |= {" in_linkage_with ".join(sorted(rng.sample(variants, 2))) for _ in range(20)}
    return graph_with(placed(*rows), *sorted(lines))


RANDOM = replace(ONE_OF_TWO, test=0.1, validation=0.05, smallest=1, cold_variants=0.05, locus_share=0.15)


@pytest.mark.parametrize("seed", range(4))
def test_no_training_variant_is_near_a_held_out_one(seed: int) -> None:
    """By plain loops over all pairs of places: training knows no tie within a kilobase, and no gene of the locus tells its answer alone."""
    graph = random_graph(seed)
    split = make_split(graph, settings=RANDOM)
    rows = split.relations.select("subject", "predicate", "object", "part").rows()
    places: dict[str, list] = {}
    for variant, chromosome, position in graph.variants.select("variant", "chromosome", "position").rows():
        places.setdefault(variant, []).append((chromosome, position))
    tells = [(subject, object_, part) for subject, predicate, object_, part in rows if subject.startswith("dbsnp") and predicate in OF_VARIANT]
    held, trained = ({subject for subject, _, part in tells if part == which} for which in ("locus", "train"))
    assert held and trained
    for ours in held:
        for chromosome, position in places[ours]:
            for other in trained:
                assert all(chromosome != there or abs(position - at) > 1000 for there, at in places.get(other, []))
    genes = {(subject, object_) for subject, predicate, object_, _ in rows if predicate == "variant_of_gene"}
    for subject, object_, part in tells:
        if part == "locus":
            for variant, gene in genes:
                if variant == subject and any(row[0] == gene and row[2] == object_ and row[3] == "train" for row in rows):
                    assert any((other, gene) in genes and at == object_ and known == "train" for other, at, known in tells)
    assert find_leaks(split, graph, settings=RANDOM).is_empty()


def test_a_locus_split_does_not_depend_on_the_order_of_rows() -> None:
    """Shuffled tables give the same parts."""
    graph = random_graph(1)
    shuffled = replace(graph, relations=graph.relations.sample(fraction=1, shuffle=True, seed=3), variants=graph.variants.sample(fraction=1, shuffle=True, seed=3))
    first, second = (make_split(each, settings=RANDOM) for each in (graph, shuffled))
    assert first.relations.equals(second.relations)


PLANTED = {
    "a tie of the variant": ("dbsnp:rs1 affects_dosage chebi:9", SEEN_LOCUS),
    "a tie of its neighbor": ("dbsnp:rs2 variant_associated_with mondo:1", NEARBY),
    "a tie of a variant without a place in its gene": ("dbsnp:rs8 variant_associated_with mondo:1", NEARBY),
    "its linkage with one that is known": ("dbsnp:rs1 in_linkage_with dbsnp:rs3", LINKED),
    "the same record told of the gene": ("hgnc:1 affects_dosage chebi:1", RETOLD),
    "the same study told of the gene": ("hgnc:1 gene_associated_with mondo:1", RETOLD),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found(name: str) -> None:
    """Each way of telling what rs1 does is reported as what it is."""
    line, leak = PLANTED[name]
    positions = placed(("dbsnp:rs1", "1", 1000), ("dbsnp:rs2", "1", 2000), ("dbsnp:rs3", "2", 1000))
    lines = ["dbsnp:rs1 variant_associated_with mondo:1", "dbsnp:rs1 affects_dosage chebi:1", "dbsnp:rs3 variant_associated_with mondo:1", "dbsnp:rs1 variant_of_gene hgnc:1", "dbsnp:rs8 variant_of_gene hgnc:1"]
    graph = graph_with(positions, *lines)
    seeds = (seed for seed in range(50) if parts_of(make_split(graph, settings=replace(ONE_OF_TWO, seed=seed)))[lines[0]] == "locus")
    settings_ = replace(ONE_OF_TWO, seed=next(seeds))
    split = make_split(graph, settings=settings_)
    assert find_leaks(split, graph, settings=settings_).is_empty()
    row = pl.DataFrame([(*line.split(), "train", 1.0)], schema=split.relations.schema, orient="row")
    planted = replace(split, relations=pl.concat([split.relations, row]))
    assert leak in find_leaks(planted, graph, settings=settings_)["leak"].to_list()


def test_a_tenth_of_many_loci_is_held_out() -> None:
    """Three hundred lone variants are three hundred loci."""
    positions = placed(*[(f"dbsnp:rs{n}", "1", 10_000 * n) for n in range(300)])
    split = make_split(graph_with(positions, *[f"dbsnp:rs{n} variant_associated_with mondo:1" for n in range(300)]), settings=replace(ONE_OF_TWO, locus_share=0.1))
    assert dict(split.relations["part"].value_counts().rows()) == {"train": 270, "locus": 30}
    assert np.unique(find_loci(positions.select("variant", "chromosome", "position"), within_kb=1)["locus"].to_numpy()).size == 300
