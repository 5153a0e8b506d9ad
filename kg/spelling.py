"""Comparable forms of names, column-wise: normalized, turned, singular, and the bag of words.

Names are compared in the form that lookup uses too (`generel.index.normalize`). Each distinct text is worked on once. The
forms serve to *compare*; none of them is ever shown or stored as a name.
"""

import re
from collections.abc import Callable

import polars as pl

from generel.index.normalize import normalize

KEPT_ENDINGS = ("ss", "us", "is")


def normalized(texts: pl.Series) -> pl.Series:
    """The normalized form of each text; empty where it has neither letter nor digit."""
    return _each_distinct(texts, normalize)


def turned(texts: pl.Series) -> pl.Series:
    """The normalized form with the parts between commas in reverse order: `Carcinoma, Hepatocellular` is `hepatocellular carcinoma`.

    A text without a comma that is followed by a blank (`1,2-dichloroethane`) gives its normalized form.
    """
    return _each_distinct(texts, lambda text: normalize(" ".join(reversed(re.split(r",\s+", text)))))


def singular(texts: pl.Series) -> pl.Series:
    """The normalized form with each word's plural `s` taken off: `neoplasms` is `neoplasm`, `biopsies` is `biopsy`.

    Crude, and meant to be taken of both sides of a comparison: `disease` and `diseases` agree, `abscess` and `abscesses` do not.
    """
    return _each_distinct(texts, lambda text: " ".join(map(_singular_word, normalize(text).split())))


def bag_of_words(texts: pl.Series) -> pl.Series:
    """The words of the normalized form in alphabetical order: equal for names that differ in word order alone."""
    return _each_distinct(texts, lambda text: " ".join(sorted(normalize(text).split())))


def _singular_word(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(KEPT_ENDINGS):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


def _each_distinct(texts: pl.Series, form: Callable[[str], str]) -> pl.Series:
    """`form` of each text, reckoned once a distinct text; nulls stay null."""
    distinct = texts.drop_nulls().unique()
    forms = pl.Series([form(text) for text in distinct], dtype=pl.String)
    if distinct.is_empty():
        return texts.cast(pl.String)
    return texts.replace_strict(distinct, forms, default=None).alias(texts.name)
