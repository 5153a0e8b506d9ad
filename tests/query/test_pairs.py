"""Relatedness of many pairs, against the single ones."""

import polars as pl
import pytest

from generel.concepts.errors import BadTable
from generel.query import pairs as pairs_module
from generel.query.pairs import read_pairs
from generel.query.space import EmbeddingSpace

PAIRS = pl.DataFrame(
    {
        "left": ["simvastatin", "rs1", "a broken heart", "CAT", "statin"],
        "right": ["SLCO1B1", "CAT", "CAT", "BRCA1", "rs1"],
        "weight": [1, 2, 3, 4, 5],
    }
)


@pytest.mark.parametrize("at_once", [2, 1000])
def test_rows_are_scored_like_single_pairs(space: EmbeddingSpace, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """In order, whatever the size of the parts; CURIEs are those that were meant."""
    monkeypatch.setattr(pairs_module, "PAIRS_AT_ONCE", at_once)
    scored = space.relatedness_of_pairs(PAIRS)
    assert scored["left"].to_list() == PAIRS["left"].to_list()
    assert scored["left_curie"].to_list() == ["chebi:9150", None, None, "hgnc:1516", None]
    for row in (0, 2, 3):
        single = space.relatedness(PAIRS["left"][row], PAIRS["right"][row])
        assert scored["cosine"][row] == pytest.approx(single.cosine, abs=1e-6)
        assert scored["percentile"][row] == pytest.approx(single.percentile)
        assert scored["p_value"][row] == pytest.approx(single.p_value)
        assert scored["note"][row] == ""


def test_pairs_that_cannot_be_scored_stay_and_say_why(space: EmbeddingSpace) -> None:
    """Null numbers, and both reasons where both ends are wrong."""
    scored = space.relatedness_of_pairs(PAIRS)
    assert scored["cosine"].is_null().to_list() == [False, True, False, False, True]
    assert scored["note"][1].startswith("UnknownConcept: no concept is called 'rs1'")
    assert scored["note"][4].startswith("AmbiguousConcept: 'statin' names 2 concepts")
    assert "; UnknownConcept" in scored["note"][4]


def test_no_pairs_give_no_rows(space: EmbeddingSpace) -> None:
    """An empty frame keeps the columns."""
    assert space.relatedness_of_pairs(PAIRS.clear()).columns == list(pairs_module.COLUMNS)
    assert space.relatedness_of_pairs(PAIRS.clear()).height == 0


def test_missing_columns_and_empty_cells_are_refused(space: EmbeddingSpace) -> None:
    """Both columns are named at once."""
    with pytest.raises(BadTable, match="lack the columns left, right; they have a"):
        space.relatedness_of_pairs(pl.DataFrame({"a": ["x"]}))
    with pytest.raises(BadTable, match="1 empty cells"):
        space.relatedness_of_pairs(pl.DataFrame({"left": ["CAT", None], "right": ["CAT", "CAT"]}))


def test_a_file_is_read_as_text() -> None:
    """Identifiers that are numbers stay text, quotes are letters."""
    assert read_pairs(b'left\tright\n007\t5"-x\n', name="f").rows() == [("007", '5"-x')]


@pytest.mark.parametrize("content", [b"", b"left\tright\na\tb\tc\n"])
def test_a_file_that_is_no_table_is_refused(content: bytes) -> None:
    """With its name."""
    with pytest.raises(BadTable, match=r"pairs\.tsv cannot be read as a tab-separated table"):
        read_pairs(content, name="pairs.tsv")
