"""Looking texts up in the world of twelve."""

import pytest

from generel.concepts.errors import BadInput
from generel.query.space import EmbeddingSpace


def found(space: EmbeddingSpace, text: str, k: int = 10, kinds: list[str] | None = None) -> list[tuple[str, str]]:
    """(CURIE, how) of each match."""
    return [(match.concept.curie, match.how) for match in space.lookup(text, k, kinds)]


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("rs4149056", [("dbsnp:rs4149056", "curie")]),
        ("DB00641", [("chebi:9150", "alias")]),
        ("omim:604843", [("mondo:0007254", "alias"), ("hgnc:10959", "alias")]),
        ("statin", [("chebi:9150", "synonym"), ("chebi:39548", "synonym")]),
        ("MI", [("mondo:0005068", "synonym"), ("mondo:0007254", "synonym")]),
        ("heart", [("mondo:0005068", "prefix"), ("hp:0001658", "prefix")]),
        ("warfrin", [("chebi:10033", "fuzzy")]),
        ("rs41", [("dbsnp:rs4149056", "prefix")]),
        ("rs4149066", [("dbsnp:rs4149056", "fuzzy")]),
        ("mondo:0005068", [("mondo:0005068", "curie")]),
        ("qqqqqq", []),
        ("--", []),
    ],
)
def test_texts_are_found(space: EmbeddingSpace, text: str, matches: list[tuple[str, str]]) -> None:
    """By identifier, name, synonym, beginning, likeness, in this order, each concept once; nothing is found for nonsense."""
    assert found(space, text) == matches


def test_the_best_match_of_each_concept_is_said(space: EmbeddingSpace) -> None:
    """How it is written in its source, and how alike."""
    match = space.lookup("simvastatine")[0]
    assert (match.concept.name, match.matched, match.how) == ("simvastatin", "simvastatin", "fuzzy")
    assert match.score == pytest.approx(2 * 11 / 23)
    assert space.lookup("Zocor")[0].score == 1.0


def test_the_first_match_is_what_a_query_would_mean(space: EmbeddingSpace) -> None:
    """Lookup and resolution agree on every exact name."""
    for text in ("heart attack", "CAT", "warfarin", "OMIM:604843", "Myocardial infarction"):
        assert space.lookup(text, 1)[0].concept == space.resolve(text).concept


def test_kinds_and_k_limit_the_answer(space: EmbeddingSpace) -> None:
    """Only phenotypes, or only one match."""
    assert found(space, "heart attack", kinds=["phenotype"]) == [("hp:0001658", "synonym")]
    assert found(space, "statin", 1) == [("chebi:9150", "synonym")]
    with pytest.raises(ValueError, match="k is 0"):
        space.lookup("statin", 0)
    with pytest.raises(BadInput, match="unknown kind 'protein'; the kinds are variant, gene"):
        space.lookup("statin", kinds=["protein"])


def test_one_kind_may_be_a_bare_word(space: EmbeddingSpace) -> None:
    """'drug' is not taken for the kinds d, r, u and g."""
    assert space.lookup("statin", kinds="drug") == space.lookup("statin", kinds=["drug"])
