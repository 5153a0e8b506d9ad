"""Paths and shared ties in a graph that can be drawn on a napkin."""

import itertools

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.tables import RELATIONS
from generel.query.explain_paths import find_paths, find_shared_ties
from generel.query.explain_records import Path
from generel.query.records import Concept

Row = tuple[str, str, str, str, float]
# Drugs a and b target the gene rare, which only they target, and the gene hub, which four others target, too; a treats d, which b's relative c treats.
NAPKIN: tuple[Row, ...] = (
    ("a", "targets", "hub", "s1", 1.0), ("b", "targets", "hub", "s1", 1.0), *((f"o{at}", "targets", "hub", "s1", 1.0) for at in range(4)),
    ("a", "targets", "rare", "s1", 0.5), ("a", "targets", "rare", "s2", 0.5), ("b", "targets", "rare", "s1", 1.0),
    ("a", "treats", "d", "s1", 1.0), ("c", "treats", "d", "s1", 0.8), ("b", "resembles", "c", "s1", 0.6),
)


def frame(rows: tuple[Row, ...] | list[Row]) -> pl.DataFrame:
    """RELATIONS of these."""
    whole = [(subject, predicate, target, source, "1", "CC0-1.0", confidence) for subject, predicate, target, source, confidence in rows]
    return pl.DataFrame(whole, schema=RELATIONS.columns, orient="row")


def say(curie: str) -> Concept:
    """The concept is called by its CURIE."""
    return Concept(curie, "gene", curie)


def way(path: Path) -> list[str]:
    """The concepts of a path."""
    return [path.steps[0].left.curie, *(step.right.curie for step in path.steps)]


def test_fewer_steps_then_rarer_middles_come_first() -> None:
    """Rare before hub, and the way over d and c, of three steps, last; its score is higher than hub's and does not count."""
    paths = find_paths(frame(NAPKIN), "a", "b", 5, say=say)
    assert [way(path) for path in paths] == [["a", "rare", "b"], ["a", "hub", "b"], ["a", "d", "c", "b"]]


def test_the_score_is_the_damped_product_of_degrees_times_the_evidence() -> None:
    """By hand. a targets 2, rare is targeted by 2, b targets 2, hub is targeted by 6.

    a–rare: two sources of confidence ½ make 1 - ½ · ½ = ¾, times (2 · 2)^-0.4; rare–b: 1 · (2 · 2)^-0.4. Together ¾ · 16^-0.4 = 0.2474.
    a–hub–b: (2 · 6 · 6 · 2)^-0.4 = 144^-0.4 = 0.1370. a–d–c–b: d is treated with 2: 2^-0.4 · .8 · 2^-0.4 · .6 = .48 · 4^-0.4 = 0.2757.
    """
    paths = find_paths(frame(NAPKIN), "a", "b", 5, say=say)
    assert [path.score for path in paths] == pytest.approx([0.75 * 16**-0.4, 144**-0.4, 0.48 * 4**-0.4])
    assert [round(path.score, 4) for path in paths] == [0.2474, 0.1370, 0.2757]
    first = paths[0].steps[0]
    assert (first.phrase, first.sources, first.confidence, first.degrees) == ("targets", ("s1", "s2"), 0.75, (2, 2))
    assert paths[0].steps[1].phrase == "is the target of"


def test_k_limits_and_nothing_is_nothing() -> None:
    """The best one; none between strangers, and none for one that no relation holds."""
    assert [way(path) for path in find_paths(frame(NAPKIN), "a", "b", 1, say=say)] == [["a", "rare", "b"]]
    assert find_paths(frame([("a", "treats", "b", "s", 1.0)]), "a", "b", 3, say=say) == []
    assert find_paths(frame(NAPKIN), "a", "nobody", 3, say=say) == []


def test_shared_ties_tell_how_many_each_has_and_the_rarest_first() -> None:
    """Both target two genes, and share both; read from the gene's side, hub and rare share the drugs a and b."""
    (shared,) = find_shared_ties(frame(NAPKIN), "a", "b", 5, say=say)
    assert (shared.predicate, shared.phrase, shared.n_left, shared.n_right, shared.n_shared) == ("targets", "targets", 2, 2, 2)
    assert [concept.curie for concept in shared.concepts] == ["rare", "hub"]
    (drugs,) = find_shared_ties(frame(NAPKIN), "hub", "rare", 1, say=say)
    assert (drugs.phrase, drugs.n_left, drugs.n_right, drugs.n_shared, len(drugs.concepts)) == ("is the target of", 6, 2, 2, 1)
    assert find_shared_ties(frame(NAPKIN), "a", "hub", 5, say=say) == []


PREDICATES = ("targets", "resembles", "is_a")
NAMES = "abcdef"


def tied(rows: list[Row], near: str, predicate: str, *, forward: bool) -> dict[str, list[Row]]:
    """Row by row: what `near` is tied to so, and by which rows."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        subject, named, target, *_ = row
        for first, second, straight in ((subject, target, True), (target, subject, named == "resembles")):
            if (first, named, straight) == (near, predicate, forward):
                found.setdefault(second, []).append(row)
    return found


def paths_by_loop(rows: list[Row], left: str, right: str) -> dict[tuple[str, ...], float]:
    """The score of every way of two or three steps, by trying all."""

    def factor(near: str, far: str) -> float:
        best = 0.0
        for predicate, forward in itertools.product(PREDICATES, (True, False)):
            there = tied(rows, near, predicate, forward=forward)
            if far in there:
                back = tied(rows, far, predicate, forward=True if predicate == "resembles" else not forward)
                doubt = 1.0
                for *_, confidence in there[far]:
                    doubt *= 1 - confidence
                best = max(best, (1 - doubt) * (len(there) * len(back)) ** -0.4)
        return best

    found = {}
    for n in (1, 2):
        for middles in itertools.permutations([name for name in NAMES if name not in (left, right)], n):
            score = 1.0
            for near, far in itertools.pairwise((left, *middles, right)):
                score *= factor(near, far)
            if score:
                found[left, *middles, right] = score
    return found


@settings(max_examples=25)
@given(st.dictionaries(st.tuples(st.sampled_from(NAMES), st.sampled_from(PREDICATES), st.sampled_from(NAMES), st.sampled_from(("s", "t"))), st.sampled_from((0.25, 0.5, 1.0)), max_size=14))
def test_all_paths_and_their_scores_are_those_of_a_plain_loop(drawn: dict[tuple[str, str, str, str], float]) -> None:
    """In any small graph, symmetric predicates, several sources and ties to oneself among them."""
    rows: list[Row] = [(*key, confidence) for key, confidence in drawn.items() if key[1] != "resembles" or key[0] <= key[2]]
    expected = paths_by_loop(rows, "a", "b")
    found = {tuple(way(path)): path.score for path in find_paths(frame(rows), "a", "b", 100, say=say)}
    assert found == pytest.approx(expected)
    order = [(len(path.steps), -path.score) for path in find_paths(frame(rows), "a", "b", 100, say=say)]
    assert [steps for steps, _ in order] == sorted(steps for steps, _ in order)
    best = find_paths(frame(rows), "a", "b", 1, say=say)
    if expected:
        shortest = min(map(len, expected))
        assert best[0].score == pytest.approx(max(score for names, score in expected.items() if len(names) == shortest))
