"""Effects, p-values and samples as the GWAS Catalog writes them, one text at a time."""

import math
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.gwas.catalog_effects import add_effects, is_bound, read_significance
from kg.gwas.catalog_samples import read_sample


def effect_of(effect: str, interval: str) -> tuple[float | None, str | None, float | None, list[str]]:
    row = add_effects(pl.DataFrame({"effect": [effect], "interval": [interval]})).row(0, named=True)
    return row["beta"], row["effect_unit"], row["standard_error"], row["effect_flags"]


def significance_of(p: str, minus_log_p: str = "") -> tuple[float | None, bool]:
    row = pl.DataFrame({"p": [p], "mlog": [minus_log_p]}).select(a=read_significance(pl.col("p"), pl.col("mlog")), b=is_bound(pl.col("p"), pl.col("mlog")))
    return row.row(0)


@pytest.mark.parametrize(
    ("effect", "interval", "beta", "unit"),
    [
        ("1.25", "[1.1-1.4]", math.log(1.25), "log odds"),
        ("0.8", "[0.7-0.9] (Oncoarray)", math.log(0.8), "log odds"),
        ("1.2", "", math.log(1.2), "log odds"),
        ("1.2", "NR (EA, German Sample)", math.log(1.2), "log odds"),
        ("0.13", "[0.05-0.21] unit increase", 0.13, "unit"),
        ("0.13", "[NR] (kg/m2 decrease)", -0.13, "kg/m2"),
        ("0.13", "NR s.d. increase", 0.13, "SD"),
        ("0.13", "z-score decrease", -0.13, "SD"),
        ("0.5", "[0.3-0.7] (cm taller - among males)", 0.5, "cm"),
        ("0.5", "[0.3-0.7] (% s.d. decrease)", -0.5, "% s.d."),
        ("0.5", "[0.3-0.7] mg\u2009dl−1 decrease", -0.5, "mg dl−1"),
        ("2", "[NR] (fewer cigarettes per day)", -2.0, "cigarettes per day"),
        ("2", "(increase)", 2.0, "unit"),
        ("2", "(unit increase (interaction))", 2.0, "unit"),
    ],
)
def test_the_text_says_what_the_number_is(effect: str, interval: str, beta: float, unit: str) -> None:
    """A direction makes it a beta in a unit; nothing, or a remark, an odds ratio."""
    found = effect_of(effect, interval)
    assert found[0] == pytest.approx(beta)
    assert found[1] == unit


@pytest.mark.parametrize(
    ("effect", "interval"),
    [
        ("10", "[NR] (% variance explained)"),
        ("5.9", "z score increase"),
        ("0.4", "[NR] (SD units)"),
        ("0.02", "[0.01-0.03] (mmHg decrease per 1 year increase in age)"),
        ("0.05", "[0.04-0.06]"),
        ("1.3", "[-0.7-3.4]"),
        ("-0.2", "unit decrease"),
    ],
)
def test_a_number_that_is_neither_gives_no_effect(effect: str, interval: str) -> None:
    """A share of variance, a test's z, a unit without direction or with two, an odds ratio that cannot be, a sign said twice."""
    assert effect_of(effect, interval) == (None, None, None, ["EFFECT_UNCLEAR"])


def test_no_number_is_no_effect_and_nothing_unclear() -> None:
    """An empty field, NR, and infinity."""
    assert [effect_of(text, "[NR]") for text in ("", "NR", "inf")] == [(None, None, None, [])] * 3


@pytest.mark.parametrize(
    ("effect", "interval", "error"),
    [
        ("1.25", "[1.1-1.4]", (math.log(1.4) - math.log(1.1)) / 3.919928),
        ("1.25", "[1.4–1.1]", (math.log(1.4) - math.log(1.1)) / 3.919928),
        ("1.25", "[1.1***1.4]", (math.log(1.4) - math.log(1.1)) / 3.919928),
        ("1.25", "[0.71-0.91]", (math.log(0.91) - math.log(0.71)) / 3.919928),
        ("0.1", "[-0.02-0.22] unit increase", 0.24 / 3.919928),
        ("0.1", "[-0.3--0.02] unit decrease", 0.28 / 3.919928),
    ],
)
def test_the_error_is_the_width_of_the_interval(effect: str, interval: str, error: float) -> None:
    """On the logarithms for odds ratios; any dash, either order, and also where the interval is of the other allele."""
    assert effect_of(effect, interval)[2:] == (pytest.approx(error), [])


def test_an_effect_outside_of_its_interval_has_no_error() -> None:
    """One of the two is wrong, and nobody knows which."""
    assert effect_of("1.2", "[1.5-1.9]") == (pytest.approx(math.log(1.2)), "log odds", None, ["CI_MISMATCH"])


@given(st.integers(1, 999), st.integers(-5000, 4))
def test_p_values_are_read_from_their_digits(mantissa: int, exponent: int) -> None:
    """As decimals have it, however small; `2E-9` and `2e-09` alike."""
    exact = float(-(Decimal(mantissa).log10() + exponent))
    for text in (f"{mantissa}E{exponent}", f"{mantissa}.0e{exponent}"):
        assert significance_of(text) == (pytest.approx(exact, abs=1e-6), False)


def test_what_float64_lost_is_taken_from_the_logarithm_or_bounded() -> None:
    """0.0 with 434.0; with infinity, or with nothing, at least 323.3."""
    assert significance_of("0.0", "434.0") == (434.0, False)
    assert significance_of("0.0", "inf") == significance_of("0") == (pytest.approx(323.306, abs=1e-3), True)
    assert significance_of("NR") == (None, False)
    assert significance_of("", "12.5") == (12.5, False)


@pytest.mark.parametrize(
    ("text", "n", "ancestry"),
    [
        ("6,333 European ancestry cases, 15,056 European ancestry controls", 21_389, "European ancestry"),
        ("949 non-Hispanic black individuals, 759 European ancestry individuals", 1_708, "non-Hispanic black; European ancestry"),
        ("815 Hispanic children from 263 families", 815, "Hispanic"),
        ("414 European ancestry trios, 12 European ancestry twin pairs", None, "European ancestry"),
        ("176 Sub-Saharan African ancestry lymphoblastoid cell lines", None, "Sub-Saharan African ancestry"),
        ("approximately 458,000 European ancestry individuals", 458_000, "European ancestry"),
        ("up to 1,001 cases and 502 controls from 80 families", 1_503, None),
        ("800 European ancestry early onset type 1 diabetes cases", 800, "European ancestry"),
        ("1,234 whole genome sequenced Han Chinese ancestry individuals", 1_234, "Han Chinese ancestry"),
        ("", None, None),
        ("unknown", None, None),
    ],
)
def test_persons_are_counted_and_their_ancestry_read(text: str, n: int | None, ancestry: str | None) -> None:
    """Commas stand inside numbers and between groups; trios, pairs, families and cell lines are no persons to count."""
    assert read_sample(text) == (n, ancestry)


@given(st.text(alphabet="0123456789,;. -~aEuropeanstryck", max_size=60))
def test_any_text_about_a_sample_is_read(text: str) -> None:
    """Nothing crashes, and persons are more than none."""
    n, _ = read_sample(text)
    assert n is None or n > 0


@given(st.text(max_size=20), st.text(alphabet="[](),.-–−*0123456789 NRunitcreasd%/z", max_size=40))
def test_any_effect_is_read(effect: str, interval: str) -> None:
    """Nothing crashes; an effect is finite and has a unit, an error is above 0 and has an effect."""
    beta, unit, error, _ = effect_of(effect, interval)
    assert (beta is None) == (unit is None)
    assert beta is None or math.isfinite(beta)
    assert error is None or (error > 0 and beta is not None)
