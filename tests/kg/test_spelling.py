"""Comparable forms of names."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.index.normalize import normalize
from kg.spelling import bag_of_words, normalized, singular, turned

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["Carcinoma, Renal Cell", "1,2-dichloroethane", "Biopsies"])), max_size=8)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Carcinoma, Hepatocellular", "hepatocellular carcinoma"),
        ("Leukemia, Lymphocytic, Chronic, B-Cell", "b cell chronic lymphocytic leukemia"),
        ("1,2-dichloroethane", "1 2 dichloroethane"),
        ("Warfarin", "warfarin"),
    ],
)
def test_parts_between_commas_are_turned_round(text: str, form: str) -> None:
    """A comma without a blank behind it belongs to a chemical name and separates nothing."""
    assert turned(pl.Series([text])).to_list() == [form]


@pytest.mark.parametrize(
    ("text", "form"),
    [("Neoplasms", "neoplasm"), ("Biopsies", "biopsy"), ("Abscess", "abscess"), ("Lupus", "lupus"), ("Sepsis", "sepsis"), ("HLAs gas", "hla gas")],
)
def test_plural_is_taken_off(text: str, form: str) -> None:
    """Words on -ss, -us, -is and words of three letters are no plurals."""
    assert singular(pl.Series([text])).to_list() == [form]


def test_names_in_other_word_order_have_one_bag() -> None:
    """The bag knows neither order nor case, but how often a word occurs."""
    bags = bag_of_words(pl.Series(["Carcinoma, Hepatocellular", "hepatocellular carcinoma", "carcinoma carcinoma"])).to_list()
    assert bags == ["carcinoma hepatocellular", "carcinoma hepatocellular", "carcinoma carcinoma"]


@given(TEXTS)
def test_columns_are_normalized_as_single_texts_are(texts: list[str | None]) -> None:
    """The column's forms are those of the one normalizer that lookup uses; missing stays missing."""
    series = pl.Series("name", texts, dtype=pl.String)
    assert normalized(series).to_list() == [None if text is None else normalize(text) for text in texts]
    assert turned(series).null_count() == singular(series).null_count() == sum(text is None for text in texts)
