"""Codes as records spell them: each vocabulary, ICD-9-CM told from ICD-10-CM, and nothing guessed."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.cohort.codes import (
    EITHER,
    ICD9,
    ICD10,
    NO_VOCABULARY,
    NOT_OF_VOCABULARY,
    UNKNOWN_VOCABULARY,
    spell_codes,
    tell_icd,
)


def spell(code: str | None, vocabulary: str | None = None, beside: str | None = None) -> tuple[str | None, str | None]:
    """The CURIE, and the reason where there is none."""
    rows = pl.DataFrame({"code": [code], "vocabulary": [vocabulary], "beside": [beside]}, schema=dict.fromkeys(("code", "vocabulary", "beside"), pl.String))
    return spell_codes(rows).select("curie", "reason").row(0)


@pytest.mark.parametrize(
    ("code", "vocabulary", "curie"),
    [
        ("78791  ", "ICD9CM", "icd9cm:787.91"), ("250.00", "ICD9", "icd9cm:250.00"), ("311", "icd9cm", "icd9cm:311"), ("0088", "ICD9CM", "icd9cm:008.8"),
        ("V4581", "ICD9CM", "icd9cm:V45.81"), ("v08", "ICD9CM", "icd9cm:V08"), ("E8798", "ICD9CM", "icd9cm:E879.8"), ("E887", "ICD9CM", "icd9cm:E887"),
        ("E119", "ICD10CM", "icd10cm:E11.9"), ("e11.9", "ICD-10-CM", "icd10cm:E11.9"), ("S06357A", "ICD10CM", "icd10cm:S06.357A"), ("C7A8", "ICD10CM", "icd10cm:C7A.8"),
        ("I10", "ICD10CM", "icd10cm:I10"), ("ICD10CM:I10", "ICD10CM", "icd10cm:I10"), ("E119", "ICD10", "icd10:E11.9"),
        ("44054006", "SNOMED", "snomedct:44054006"), ("11289", "RxNorm", "rxnorm:11289"), ("00002751001", "NDC", "ndc:00002751001"),
        ("0002-7510-01", "NDC", "ndc:00002751001"), ("12345-123-12", "NDC", "ndc:12345012312"), ("12345-1234-1", "NDC", "ndc:12345123401"),
        ("250.2", "phecode", "phecode:250.2"), ("008", "PheWAS", "phecode:008"), ("D003924", "MeSH", "mesh:D003924"),
        ("icd10cm:e119", None, "icd10cm:E11.9"), ("ICD9CM:25000", None, "icd9cm:250.00"), ("MONDO:0005148", "", "mondo:0005148"),
    ],
)
def test_codes_are_spelled_as_their_vocabulary_writes_them(code: str, vocabulary: str | None, curie: str) -> None:
    """Dots and zeros are where they belong, blanks and cases make no difference."""
    assert spell(code, vocabulary) == (curie, None)


@pytest.mark.parametrize(
    ("code", "vocabulary", "reason"),
    [
        ("8.5", "ICD9CM", NOT_OF_VOCABULARY), ("41", "ICD9CM", NOT_OF_VOCABULARY), ("8", "phecode", NOT_OF_VOCABULARY), ("225085", "ICD9CM", NOT_OF_VOCABULARY),
        ("001-009", "ICD9CM", NOT_OF_VOCABULARY), ("OMOP123", "RxNorm Extension", NOT_OF_VOCABULARY), ("SR (Sinus Rhythm)", "icd", NOT_OF_VOCABULARY),
        ("", "ICD10CM", NOT_OF_VOCABULARY), (None, "ICD10CM", NOT_OF_VOCABULARY), ("2345-7", "LOINC", UNKNOWN_VOCABULARY), ("local:7", None, UNKNOWN_VOCABULARY),
        ("E11.9", None, NO_VOCABULARY), ("٢٥٠", "ICD9CM", NOT_OF_VOCABULARY), ("GARD:12", None, NOT_OF_VOCABULARY),
    ],
)
def test_what_is_no_code_is_not_made_one(code: str | None, vocabulary: str | None, reason: str) -> None:
    """Numbers that lost their zeros, ranges, words and unknown vocabularies are null, each with its reason."""
    assert spell(code, vocabulary) == (None, reason)


@pytest.mark.parametrize(
    ("code", "version"),
    [
        ("4019", ICD9), ("401.9", ICD9), ("V4581", ICD9), ("E8798", EITHER), ("E879.8", ICD9), ("E9320", ICD9), ("E030", EITHER), ("E0300", EITHER),
        ("E785", ICD10), ("E872", EITHER), ("E87.2", ICD10), ("E039", ICD10), ("V499XXA", ICD10), ("I10", ICD10), ("C92Z2", ICD10), ("U071", ICD10),
        ("E90", None), ("225085", None), ("A Paced", None), ("", None),
    ],
)
def test_versions_of_icd_are_told_apart_by_shape(code: str, version: str | None) -> None:
    """Digits and most V codes are of ICD-9-CM, most letters of ICD-10-CM; E codes from 800 to 899 without a dot may be both."""
    assert pl.DataFrame({"code": [code]}).select(version=tell_icd(pl.col("code"))).item() == version


def test_a_code_of_both_versions_is_of_the_one_beside_it() -> None:
    """E872 is acidosis among codes of ICD-10-CM, an external cause among codes of ICD-9-CM, and nothing by itself."""
    assert spell("E872", "icd", ICD10) == ("icd10cm:E87.2", None)
    assert spell("E872", "icd", ICD9) == ("icd9cm:E872", None)
    assert spell("E872", "icd") == (None, EITHER)
    assert spell("I10", "icd", ICD9) == ("icd10cm:I10", None)


@settings(max_examples=40, deadline=None)
@given(code=st.one_of(st.from_regex(r"\A(\d{3}(\.\d{1,2})?|V\d{2}(\.\d{1,2})?|E\d{3}(\.\d)?)\Z").map(lambda code: ("ICD9CM", code)), st.from_regex(r"\A[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?\Z").map(lambda code: ("ICD10CM", code))))
def test_taking_the_dot_away_changes_nothing(code: tuple[str, str]) -> None:
    """A code with its dot and without it, in small letters and among blanks, is one code."""
    vocabulary, written = code
    if written.isascii():
        curie = (f"{vocabulary.lower()}:{written}", None)
        assert spell(written, vocabulary) == spell(written.replace(".", ""), vocabulary) == spell(f" {written.lower()}\t", vocabulary) == curie


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=12), vocabulary=st.sampled_from([None, "", "icd", "ICD9CM", "ICD10CM", "NDC", "phecode", "SNOMED", "x"]))
def test_any_text_is_a_curie_or_has_a_reason(text: str, vocabulary: str | None) -> None:
    """Never both, never neither."""
    curie, reason = spell(text, vocabulary)
    assert (curie is None) != (reason is None)
