"""-log10 of p-values, from their text.

float64 turns any p below 5e-324 into 0 and is coarse below 2e-308, so there the text is cut into its digits and its power of ten.
"""

import polars as pl

NUMBER = r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+))?$"
# Above it float64 has all its digits.
SMALLEST_PLAIN = 1e-290


def neg_log10(texts: pl.Series) -> pl.Series:
    """-log10 of p-values written as text; null for what is no number above 0 and up to 1. Exact below float64's range."""
    values = texts.cast(pl.Float64, strict=False)
    plain = pl.DataFrame({"text": texts, "p": values}).with_columns(
        # Adding 0 makes the -0 of p = 1 a plain 0.
        value=pl.when(pl.col("p").is_between(SMALLEST_PLAIN, 1)).then(0.0 - pl.col("p").log10() + 0.0)
    )
    tiny = plain["p"].is_between(-SMALLEST_PLAIN, SMALLEST_PLAIN, closed="none").fill_null(False)
    if not tiny.any():
        return plain["value"]
    return plain["value"].scatter(tiny.arg_true(), _from_digits(texts.filter(tiny)))


def _from_digits(texts: pl.Series) -> pl.Series:
    parts = texts.str.extract_groups(NUMBER)
    frame = pl.DataFrame({
        "digits": parts.struct.field("1").cast(pl.Float64, strict=False),
        "power": parts.struct.field("2").fill_null("0").cast(pl.Float64, strict=False),
    })
    return frame.select(pl.when(pl.col("digits") > 0).then(-(pl.col("digits").log10() + pl.col("power")))).to_series()
