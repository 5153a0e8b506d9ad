"""Names are compared without case, accents, punctuation and spacing."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.index.normalize import normalize


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Type-2  Diabetes", "type 2 diabetes"),
        ("Crohn's disease", "crohns disease"),
        ("Crohn’s disease", "crohns disease"),
        ("Sjögren syndrome", "sjogren syndrome"),
        ("TNF-α", "tnf α"),
        ("HLA-B*57:01", "hla b 57 01"),
        ("a_b", "a b"),
        (" \t-/ ", ""),
        ("STRAẞE", "strasse"),
        ("²H", "2h"),
    ],
)
def test_spelling_is_folded(text: str, normal: str) -> None:
    """Each of these is worked by hand."""
    assert normalize(text) == normal


@given(st.text())
def test_normalizing_twice_is_normalizing_once(text: str) -> None:
    """`normalize` is idempotent."""
    assert normalize(normalize(text)) == normalize(text)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_is_the_long_way(text: str) -> None:
    """A letter outside ASCII forces the long way and is cut off again: both ways agree."""
    assert normalize(text + " ж") == f"{normalize(text)} ж".strip()


@given(st.text(), st.sampled_from([str.upper, str.lower, lambda text: f"  {text} ", lambda text: text.replace(" ", " - ")]))
def test_case_and_spacing_do_not_count(text: str, change: Callable[[str], str]) -> None:
    """What is changed in ASCII capitals or in blanks and dashes stays the same name."""
    if text.isascii():
        assert normalize(change(text)) == normalize(text)
