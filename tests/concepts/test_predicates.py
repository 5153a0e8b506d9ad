"""The table of predicates agrees with itself."""

import pytest

from generel.concepts.kinds import KINDS, Kind
from generel.concepts.predicates import BY_NAME, PREDICATES, Predicate


@pytest.mark.parametrize("predicate", PREDICATES, ids=lambda predicate: predicate.name)
def test_a_predicate_reads_both_ways(predicate: Predicate) -> None:
    """Names are words with underscores, and both phrases can stand between two names."""
    assert predicate.name == predicate.name.lower().strip("_")
    assert predicate.subjects
    assert predicate.objects
    for phrase in (predicate.phrase, predicate.inverse_phrase):
        assert phrase == phrase.strip()
        assert phrase[0].islower()


@pytest.mark.parametrize("predicate", [each for each in PREDICATES if each.derived_from], ids=lambda predicate: predicate.name)
def test_a_derived_predicate_is_a_composition_that_kinds_allow(predicate: Predicate) -> None:
    """Both steps exist and are not derived themselves, the middle is of one kind, and the ends are the derived relation's."""
    assert predicate.derived_from is not None
    first, second = (BY_NAME[name] for name in predicate.derived_from)
    assert first.derived_from is None
    assert second.derived_from is None
    assert set(first.objects) & set(second.subjects)
    assert set(predicate.subjects) <= set(first.subjects)
    assert set(predicate.objects) <= set(second.objects)


@pytest.mark.parametrize("predicate", PREDICATES, ids=lambda predicate: predicate.name)
def test_a_symmetric_predicate_has_the_same_kinds_at_both_ends(predicate: Predicate) -> None:
    """It is stored with the smaller CURIE first, whichever kind that is, and reads the same both ways."""
    if predicate.symmetric:
        assert set(predicate.subjects) == set(predicate.objects)
        assert predicate.phrase == predicate.inverse_phrase


@pytest.mark.parametrize("predicate", PREDICATES, ids=lambda predicate: predicate.name)
def test_a_predicate_within_one_kind_allows_every_kind_at_both_ends(predicate: Predicate) -> None:
    """`same_kind` could not hold for a kind that only one end may have."""
    if predicate.same_kind:
        assert predicate.subjects == predicate.objects


def test_names_and_kinds_are_distinct() -> None:
    """The table by name has every record, and no kind is listed twice."""
    assert list(BY_NAME.values()) == list(PREDICATES)
    assert all(len(set(kinds)) == len(kinds) for each in PREDICATES for kinds in (each.subjects, each.objects))


def test_every_kind_takes_part_in_some_relation_beside_is_a() -> None:
    """A kind that nothing else ties could not be learned."""
    tied = {kind for each in PREDICATES if each.name != "is_a" for kind in (*each.subjects, *each.objects)}
    assert tied == set(Kind)
    assert tuple(Kind) == KINDS == ("variant", "gene", "disease", "phenotype", "drug", "pathway", "process", "function", "component", "anatomy")
