"""What variants are made of, beside plain loops over the same ties."""

import math
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from generel.concepts.kinds import KINDS
from generel.concepts.tables import VARIANTS
from tests.training.worlds import CURIES, number_of, world_corpus, world_recipe
from training import makings
from training.corpus import Corpus
from training.makings import (
    CONSEQUENCE,
    GENE_PROFILE,
    GENES,
    LINKAGE,
    LOCUS,
    OWN,
    Makings,
    Positions,
    consequences_of,
    make_makings,
    positions_of,
)
from training.recipe import CompositionSettings

VARIANT, GENE, DISEASE = (KINDS.index(kind) for kind in ("variant", "gene", "disease"))
# Four variants, two genes, three diseases.
KIND_NUMBERS = np.array([VARIANT] * 4 + [GENE] * 2 + [DISEASE] * 3, dtype=np.int8)
N = len(KIND_NUMBERS)
Pairs = set[tuple[int, int]]


def made_of(pairs: Pairs, *, positions: Positions | None = None, window: int = 100, cold: tuple[int, ...] = ()) -> Makings:
    """The makings of the variants that these ties are known of."""
    neighbors = np.zeros((N, N), dtype=np.float32)
    for left, right in pairs:
        neighbors[left, right] = neighbors[right, left] = 0.7
    trained = np.array([number not in cold for number in range(N)])
    return make_makings(csr_array(neighbors), composed=KIND_NUMBERS == VARIANT, kind_numbers=KIND_NUMBERS, trained=trained, positions=positions, window=window)


def cells(made: Makings, sort: str) -> dict[tuple[int, int], float]:
    """The stored cells of a sort."""
    rows = made.by_sort[sort].tocoo()
    return {(int(row), int(column)): float(value) for row, column, value in zip(rows.row, rows.col, rows.data, strict=True)}


def told_by_others(pairs: Pairs, near: dict[int, set[int]], *, genes_too: bool = False) -> dict[tuple[int, int], float]:
    """log(1 + number of the other variants near it that are tied to the thing), by loops."""
    counts: dict[tuple[int, int], int] = {}
    for variant, others in near.items():
        for other in others - {variant}:
            for thing in things(pairs, other, genes_too=genes_too):
                counts[variant, thing] = counts.get((variant, thing), 0) + 1
    return {cell: math.log1p(count) for cell, count in counts.items()}


def things(pairs: Pairs, variant: int, *, genes_too: bool) -> Iterator[int]:
    """What the variant is tied to, variants aside."""
    for thing in range(N):
        is_thing = KIND_NUMBERS[thing] == DISEASE or (genes_too and KIND_NUMBERS[thing] == GENE)
        if is_thing and ((variant, thing) in pairs or (thing, variant) in pairs):
            yield thing


@settings(max_examples=60, deadline=None)
@given(pairs=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 8)).filter(lambda pair: pair[0] < pair[1]), max_size=14), places=st.lists(st.integers(0, 400), min_size=4, max_size=4), chromosomes=st.lists(st.integers(-1, 1), min_size=4, max_size=4))
def test_makings_are_those_of_plain_loops(pairs: Pairs, places: list[int], chromosomes: list[int]) -> None:
    """Own ties and genes; the ties of other variants of a gene once for every gene shared, of the locus, and of linkage partners."""
    positions = Positions(np.array(chromosomes + [-1] * 5), np.array(places + [0] * 5))
    made = made_of(pairs, positions=positions)
    assert cells(made, OWN) == {(a, b): 1.0 for a, b in pairs if KIND_NUMBERS[b] == DISEASE}
    assert cells(made, GENES) == {(a, b): 1.0 for a, b in pairs if KIND_NUMBERS[b] == GENE}
    profile: dict[tuple[int, int], int] = {}
    for variant in range(4):
        for gene in (4, 5):
            for other in range(4):
                if other != variant and {(variant, gene), (other, gene)} <= pairs:
                    for thing in things(pairs, other, genes_too=False):
                        profile[variant, thing] = profile.get((variant, thing), 0) + 1
    assert cells(made, GENE_PROFILE) == pytest.approx({cell: math.log1p(count) for cell, count in profile.items()}, abs=1e-5)
    near = {a: {b for b in range(4) if chromosomes[a] == chromosomes[b] != -1 and abs(places[a] - places[b]) <= 100} for a in range(4)}
    assert cells(made, LOCUS) == pytest.approx(told_by_others(pairs, near), abs=1e-5)
    linked = {a: {b for b in range(4) if (a, b) in pairs or (b, a) in pairs} for a in range(4)}
    assert cells(made, LINKAGE) == pytest.approx(told_by_others(pairs, linked, genes_too=True), abs=1e-5)


def test_a_cold_variant_is_made_of_its_locus_alone() -> None:
    """Where it lies is known of an rsID that training never saw; its ties are not, and it tells others nothing."""
    positions = Positions(np.array([0, 0, -1, -1] + [-1] * 5), np.array([100, 150] + [0] * 7))
    made = made_of({(0, 6), (1, 7), (1, 4)}, positions=positions, cold=(1,))
    assert {sort: cells(made, sort) for sort in made.by_sort if cells(made, sort)} == {OWN: {(0, 6): 1.0}, LOCUS: {(1, 6): pytest.approx(math.log(2))}}


def test_chromosomes_do_not_touch() -> None:
    """The end of one and the beginning of the next are far apart, whatever the window."""
    positions = Positions(np.array([0, 1, -1, -1] + [-1] * 5), np.array([10_000, 1] + [0] * 7))
    assert not cells(made_of({(0, 6), (1, 7)}, positions=positions, window=10_000_000), LOCUS)


def test_of_what_others_tell_the_strongest_ties_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disease 6 is told by two variants of the gene, 7 and 8 by one each: with room for two, 8 goes, in whatever blocks they are counted."""
    pairs = {(0, 4), (1, 4), (2, 4), (1, 6), (2, 6), (1, 7), (2, 8)}
    monkeypatch.setattr(makings, "MOST_TOLD", 2)
    for rows in (1, 3, 20):
        monkeypatch.setattr(makings, "ROWS_A_BLOCK", rows)
        told = cells(made_of(pairs), GENE_PROFILE)
        assert {cell: value for cell, value in told.items() if cell[0] == 0} == pytest.approx({(0, 6): math.log(3), (0, 7): math.log(2)})


def test_of_what_a_gene_is_known_for_the_commonest_traits_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two variants of gene 4 have disease 6 and one has 7: with room for one, the third is told of 6 alone."""
    pairs = {(0, 4), (1, 4), (2, 4), (0, 6), (1, 6), (0, 7)}
    assert {column for row, column in cells(made_of(pairs), GENE_PROFILE) if row == 2} == {6, 7}
    monkeypatch.setattr(makings, "MOST_OF_GROUP", 1)
    assert cells(made_of(pairs), GENE_PROFILE) == pytest.approx({(0, 6): math.log(2), (1, 6): math.log(2), (2, 6): math.log(3)})


def test_variants_of_one_consequence_tell_each_other() -> None:
    """Variants 0, 1 and 2 are missense, 2 is intronic as well as 3: each is told what the others of its consequences have, and nothing of its own."""
    neighbors = np.zeros((N, N), dtype=np.float32)
    for left, right in ((0, 6), (1, 6), (2, 7), (3, 8)):
        neighbors[left, right] = neighbors[right, left] = 1
    row = {"build": "GRCh38", "chromosome": "1", "position": 1, "reference_allele": None, "alternate_allele": "A", "source": "by hand", "source_version": "1"}
    given = [(0, "missense_variant"), (1, "missense_variant"), (2, "missense_variant"), (2, "intron_variant"), (3, "intron_variant"), (3, None)]
    table = pl.DataFrame([{**row, "variant": f"dbsnp:rs{number}", "consequence": what} for number, what in given], schema=VARIANTS.empty().schema)
    consequences = consequences_of(table, [f"dbsnp:rs{number}" for number in range(4)] + ["other"] * (N - 4))
    assert consequences.toarray()[:5].tolist() == [[0, 1], [0, 1], [1, 1], [1, 0], [0, 0]]
    made = make_makings(
        csr_array(neighbors), composed=KIND_NUMBERS == VARIANT, kind_numbers=KIND_NUMBERS, trained=np.ones(N, dtype=bool), positions=None, window=1, consequences=consequences,
    )
    one, two = math.log(2), math.log(3)
    told = {(0, 6): one, (0, 7): one, (1, 6): one, (1, 7): one, (2, 6): two, (2, 8): one, (3, 7): one}
    assert cells(made, CONSEQUENCE) == pytest.approx(told)
    assert made.sorts() == [OWN, CONSEQUENCE]


def test_ties_that_the_recipe_does_not_train_are_no_makings() -> None:
    """A stored zero hides a pair from training without saying anything."""
    neighbors = np.zeros((N, N), dtype=np.float32)
    neighbors[0, 6] = neighbors[6, 0] = 1.0
    matrix = csr_array(neighbors)
    matrix.data[:] = 0
    made = make_makings(matrix, composed=KIND_NUMBERS == VARIANT, kind_numbers=KIND_NUMBERS, trained=np.ones(N, dtype=bool), positions=None, window=1)
    assert made.sorts() == []


def test_sorts_that_tell_the_answer_are_hidden() -> None:
    """A gene is told by what came through it, a linked variant by what lies near."""
    positions = Positions(np.array([0, 0, -1, -1] + [-1] * 5), np.array([100, 150] + [0] * 7))
    made = made_of({(0, 6), (1, 7), (0, 4), (1, 4), (0, 1)}, positions=positions)
    assert made.sorts() == [OWN, GENES, GENE_PROFILE, LOCUS, LINKAGE]
    assert made.sorts(target_kinds=("disease",)) == [OWN, GENES, GENE_PROFILE, LOCUS, LINKAGE]
    assert made.sorts(target_kinds=("gene",)) == [OWN, LOCUS, LINKAGE]
    assert made.sorts(target_kinds=("variant",)) == [OWN, GENES, GENE_PROFILE]


def test_positions_are_of_the_build_that_most_rows_are_of() -> None:
    """Two genome builds cannot be compared; the rarer one is left out, and of two rows of a variant the first counts."""
    row = {"reference_allele": "A", "alternate_allele": "C", "consequence": None, "source": "by hand", "source_version": "1"}
    rows = [("dbsnp:rs1", "GRCh38", "1", 100), ("dbsnp:rs1", "GRCh38", "1", 200), ("dbsnp:rs2", "GRCh37", "1", 7), ("dbsnp:rs3", "GRCh38", "X", 300)]
    table = pl.DataFrame([{**row, "variant": a, "build": b, "chromosome": c, "position": p} for a, b, c, p in rows], schema=VARIANTS.empty().schema)
    positions = positions_of(table, ["dbsnp:rs1", "dbsnp:rs2", "dbsnp:rs3", "hgnc:1"])
    assert positions.chromosomes.tolist() == [0, -1, 1, -1]
    assert positions.places.tolist() == [100, 0, 300, 0]
    assert positions_of(VARIANTS.empty(), ["hgnc:1"]).chromosomes.tolist() == [-1]


def test_the_locus_reaches_as_far_as_the_recipe_says() -> None:
    """rs1 lies 500 base pairs from rs429358 and knows nothing else: it is made of that one's traits, or of nothing."""

    def made(window: int) -> list[str]:
        corpus: Corpus = world_corpus(world_recipe(composition=CompositionSettings(locus_window=window)), with_positions=True)
        return [corpus.curies[column] for column in corpus.makings.by_sort[LOCUS][[number_of(corpus, "rs1")]].indices]

    assert made(499) == []
    assert sorted(made(500)) == sorted([CURIES["Alzheimer disease"], CURIES["atorvastatin"]])
