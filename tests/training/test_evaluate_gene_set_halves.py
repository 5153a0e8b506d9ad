"""Hidden halves of gene sets: what is asked, figures beside a plain loop and scikit-learn, planted and random vectors."""

import time
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score, roc_auc_score

from generel.concepts.errors import BadTable
from generel.concepts.tables import GENE_SETS
from tests.training.evaluate_oracles import complete_by_loop
from tests.training.evaluate_world import random_unit
from training.evaluate import gene_set_halves
from training.evaluate.gene_set_halves import (
    GeneSets,
    cut_in_halves,
    figures_of_ranking,
    find_twins,
    measure_halves,
    memberships,
    popularity,
    rank_hidden,
    select_sets,
    sets_by,
)
from training.evaluate.measures import Measure


def frame(rows: Sequence[tuple[str, str, str]]) -> pl.DataFrame:
    """GENE_SETS of rows `library, set, gene`."""
    columns = [(name, gene, library, name, "made up", "1", "CC0-1.0") for library, name, gene in rows]
    return pl.DataFrame(columns, schema=GENE_SETS.columns, orient="row")


def library(*, sets: int, genes: int, size: int, seed: int, name: str = "asked") -> pl.DataFrame:
    """Random sets of some genes, half of them from the set's own tenth of the genes."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(sets):
        own = number % 10 + 10 * rng.choice(genes // 10, size // 2, replace=False)
        rows += [(name, f"set {number}", f"gene {gene:03d}") for gene in {*own.tolist(), *rng.choice(genes, size // 2, replace=False).tolist()}]
    return frame(rows)


def figures(measures: Sequence[Measure], method: str) -> dict[str, Measure]:
    """The measures of a method by metric."""
    return {each.metric: each for each in measures if each.method == method}


def test_sets_are_those_with_enough_genes_of_the_universe() -> None:
    """A gene that two sources name counts once; genes outside of the universe do not count."""
    rows = [("GO", "big", gene) for gene in "ABCD"] + [("GO", "small", gene) for gene in "AB"] + [("HPO", "other", gene) for gene in "ABXY"]
    table = pl.concat([frame(rows), frame([("GO", "small", "A")]).with_columns(source=pl.lit("another"))])
    sets = select_sets(table, library="GO", minimum=3)
    assert (sets.genes, sets.sets) == (["A", "B", "C", "D", "X", "Y"], ["big"])
    assert sets.members.toarray().tolist() == [[1, 1, 1, 1, 0, 0]]
    assert select_sets(table, library="GO", minimum=2, genes=["A", "B", "Z"]).members.toarray().tolist() == [[1, 1, 0], [1, 1, 0]]
    with pytest.raises(BadTable, match="the library 'KEGG' has no set of 3 genes or more; the libraries are GO, HPO"):
        select_sets(table, library="KEGG", minimum=3)


def test_memberships_are_of_the_libraries_that_are_named() -> None:
    """Sets of one name in two libraries are two; a gene in none has zeros; TF-IDF weighs a set of 1 of 4 genes log(5/2) + 1, one of 3 log(5/4) + 1."""
    table = frame([("P", "x", "A"), ("P", "x", "B"), ("P", "x", "C"), ("H", "x", "A"), ("GO", "x", "D")])
    plain = memberships(table, libraries=["P", "H"], genes=list("ABCD"), weighted=False)
    assert plain.toarray() == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1], [0, 1], [0, 0]]))
    weights = np.log(np.array([5 / 2, 5 / 4])) + 1
    weighted = memberships(table, libraries=["P", "H"], genes=list("ABCD"), weighted=True)
    assert weighted.toarray()[0] == pytest.approx(weights / np.linalg.norm(weights))
    assert popularity(table, libraries=["P", "H"], genes=list("ABCD")).tolist() == [2, 1, 1, 0]
    assert memberships(table, libraries=[], genes=["A"], weighted=True).shape == (1, 0)


def test_a_set_that_another_library_has_as_well_is_found() -> None:
    """A planted copy with one gene more of ten is a twin from an overlap of 10 / 11 on; it would complete the set all by itself."""
    asked = library(sets=30, genes=200, size=20, seed=1)
    genes = asked.filter(pl.col("set") == "set 7")["gene"].unique().to_list()
    copy = frame([("known", "copy", gene) for gene in [*genes, "another gene"]])
    table = pl.concat([asked, copy, library(sets=30, genes=200, size=20, seed=2, name="known")])
    sets = select_sets(table, library="asked", minimum=10)
    limit = len(genes) / (len(genes) + 1)
    assert find_twins(sets, table, libraries=["known"], overlap=limit - 0.01).rows() == [("known", "copy")]
    assert find_twins(sets, table, libraries=["known"], overlap=limit + 0.01).is_empty()


def test_halves_are_the_whole_set_and_share_nothing() -> None:
    """Of an odd number the larger half is shown; the seed decides which genes, set by set."""
    members = csr_array(np.array([[1, 1, 1, 1, 1, 0], [0, 1, 1, 0, 1, 1]], dtype=np.float32))
    halves = [cut_in_halves(members, seed=seed) for seed in range(30)]
    for half in halves:
        assert np.array_equal((half.shown + half.hidden).toarray(), members.toarray())
        assert half.shown.sum(axis=1).tolist() == [3, 2] and half.hidden.sum(axis=1).tolist() == [2, 2]
    shown = np.mean([half.shown.toarray() for half in halves], axis=0)
    assert shown[0, :5] == pytest.approx([0.6] * 5, abs=0.25)
    assert np.array_equal(cut_in_halves(members, seed=3).shown.toarray(), halves[3].shown.toarray())


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30).filter(lambda rows: any(hidden for _, hidden in rows)))
def test_figures_of_a_ranking_are_those_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    """With ties; an AUROC of .5 where all genes are hidden."""
    scores, hidden = np.array([score for score, _ in rows], dtype=np.float32), np.array([each for _, each in rows])
    area, precision = figures_of_ranking(np.sort(scores), scores[hidden])
    assert area == pytest.approx(0.5 if hidden.all() else roc_auc_score(hidden, scores))
    assert precision == pytest.approx(average_precision_score(hidden, scores))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_dense_and_sparse_vectors_give_what_a_plain_loop_gives(seed: int) -> None:
    """Set by set; small whole numbers, so that there are ties; in blocks of any size."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(0, 3, (12, 3)).astype(np.float32)
    at_least_two = np.eye(4, 12) + np.eye(4, 12, 1) > 0
    members = csr_array(((rng.random((4, 12)) < 0.5) | at_least_two).astype(np.float32))
    half = cut_in_halves(members, seed=seed)
    by_name = {str(gene): vectors[gene].tolist() for gene in range(12)}
    expected = [
        complete_by_loop(by_name, shown=list(map(str, half.shown[[line]].indices)), hidden=list(map(str, half.hidden[[line]].indices))) for line in range(4)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gene_set_halves, "CELLS", 30)
        assert rank_hidden(vectors, half) == pytest.approx(np.array(expected))
        assert rank_hidden(csr_array(vectors), half) == pytest.approx(np.array(expected))


def test_shown_genes_are_not_ranked() -> None:
    """Of A to F the set is A, B (shown) and C (hidden): C ranks second of four, after D, whatever A and B score."""
    sets = csr_array(np.array([[1, 1, 0, 0, 0, 0]], dtype=np.float32)), csr_array(np.array([[0, 0, 1, 0, 0, 0]], dtype=np.float32))
    scores = np.array([9, 8, 3, 4, 1, 0], dtype=np.float32)
    assert rank_hidden(scores, gene_set_halves.Half(*sets)).tolist() == [[pytest.approx(2 / 3), 0.5]]


def test_vectors_that_know_the_sets_are_perfect() -> None:
    """Ten disjoint sets, each with its own direction, for five shuffles: AUROC and AP are 1; a mirror image has neither."""
    table = frame([("asked", f"set {number}", f"gene {number}{place}") for number in range(10) for place in range(10)])
    sets = select_sets(table, library="asked", minimum=10)
    own = np.array([int(gene[5]) for gene in sets.genes])
    found = measure_halves(sets, {"own": np.eye(10, dtype=np.float32)[own], "same": np.ones(100, dtype=np.float32)}, shuffles=5, resamples=20, seed=0)
    assert [list(each.interval) for each in found[:2]] == [[1.0] * 3, [1.0] * 3]
    assert [list(each.interval) for each in found[2:]] == [[0.5] * 3, [pytest.approx(5 / 95)] * 3]
    assert (found[0].about, found[0].n) == ("asked", 10)
    assert found[0].note == "100 genes are ranked; mean over 5 shuffles, interval over sets"


def test_other_libraries_help_where_they_agree() -> None:
    """Two libraries with the same tenths of genes: memberships of the other one complete this one's sets, its popularity does not."""
    table = pl.concat([library(sets=40, genes=200, size=20, seed=1), library(sets=60, genes=200, size=20, seed=2, name="known")])
    sets = select_sets(table, library="asked", minimum=10)
    known = {"libraries": ["known"], "genes": sets.genes}
    methods = {
        "plain": memberships(table, weighted=False, **known), "TF-IDF": memberships(table, weighted=True, **known),
        "popularity": popularity(table, **known),
    }
    found = measure_halves(sets, methods, shuffles=2, resamples=100, seed=0)
    assert figures(found, "plain")["AUROC"].interval.low > 0.6 and figures(found, "TF-IDF")["AUROC"].interval.low > 0.6
    assert figures(found, "popularity")["AUROC"].interval.high < 0.6


def test_random_vectors_are_at_chance() -> None:
    """Of 20 random spaces nearly all have .5 inside the interval of the AUROC."""
    sets = select_sets(library(sets=60, genes=200, size=20, seed=1), library="asked", minimum=10)
    methods = {str(seed): random_unit(len(sets.genes), dims=32, seed=seed) for seed in range(20)}
    found = [each.interval for each in measure_halves(sets, methods, shuffles=2, resamples=200, seed=0) if each.metric == "AUROC"]
    assert sum(each.low <= 0.5 <= each.high for each in found) >= 17


def test_a_score_that_is_no_number_is_refused() -> None:
    """NaN would sort above everything."""
    sets = select_sets(library(sets=3, genes=200, size=20, seed=1), library="asked", minimum=10)
    with pytest.raises(ValueError, match="not a number"):
        measure_halves(sets, {"broken": np.full((len(sets.genes), 2), np.nan, dtype=np.float32)}, shuffles=1, resamples=9, seed=0)


@pytest.mark.slow
def test_a_whole_library_takes_seconds() -> None:
    """600 sets, 12,000 genes, 128 dims: a sixth of GO's sets in one shuffle."""
    rng = np.random.default_rng(0)
    members = csr_array((rng.random((600, 12_000)) < 0.004).astype(np.float32))
    sets = GeneSets("large", [str(gene) for gene in range(12_000)], [str(number) for number in range(600)], members)
    start = time.process_time()
    measure_halves(sets, {"random": random_unit(12_000, dims=128, seed=0)}, shuffles=1, resamples=100, seed=0)
    assert time.process_time() - start < 6


def test_groups_are_parts_of_the_same_figures() -> None:
    """The whole is the mean of its parts; a group of too few sets is left out; the middle gene says how well a set is studied."""
    sets = select_sets(library(sets=120, genes=100, size=12, seed=3), library="asked", minimum=4)
    n_sets = len(sets.sets)
    annotations = np.arange(len(sets.genes))
    groups = sets_by(sets, annotations)
    medians = [np.median([annotations[gene] for gene in np.flatnonzero(line)]) for line in sets.members.toarray()]
    assert groups["genes well studied"].tolist() == [each >= np.median(medians) for each in medians]
    assert groups["sets of 2 to 19 genes"].all()
    groups["few"] = np.arange(n_sets) < 10
    measures = measure_halves(sets, {"any": random_unit(len(sets.genes), dims=4, seed=0)}, shuffles=1, resamples=50, seed=0, groups=groups)
    areas = {each.about: each for each in measures if each.metric == "AUROC"}
    assert "asked, few" not in areas and "asked, sets of 50 genes or more" not in areas
    well, less = areas["asked, genes well studied"], areas["asked, genes less studied"]
    assert well.n + less.n == areas["asked"].n == n_sets
    assert (well.n * well.interval.value + less.n * less.interval.value) / n_sets == pytest.approx(areas["asked"].interval.value)
