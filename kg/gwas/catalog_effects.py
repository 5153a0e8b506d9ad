"""Effects and p-values as the GWAS Catalog writes them.

One column, `OR or BETA`, holds odds ratios and betas; which it is says `95% CI (TEXT)`. With words after the interval (`[0.02-0.04]
unit decrease`) the number is the size of a beta, always positive, and the word gives its sign; a bare interval belongs to an odds
ratio. Some numbers are neither (`% variance`, the z of a test), and then no effect is given rather than a wrong one.

The p-value is read from its digits: float64 turns 1e-400 into 0, and files that went through it have `0.0`. Where `PVALUE_MLOG`
still says how small it was, that is taken; where not, the smallest number that float64 has is a bound, and the row is flagged.
"""

import math

import polars as pl

from kg.gwas.effects import LOG_ODDS

UNCLEAR, MISFIT, BOUND = "EFFECT_UNCLEAR", "CI_MISMATCH", "P_BOUND"
NUMBER = r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,6}))?$"
# -log10 of the smallest number above 0 in float64.
LEAST_BOUND = -math.log10(5e-324)
# The width of a 95 % interval in standard errors.
WIDTH = 2 * 1.959964
# No association reported without a unit is so protective: the catalog used to invert odds ratios below 1, and what is smaller are betas.
LEAST_ODDS_RATIO = 0.2
# Dashes as they are, and as they come out of files that lost their encoding.
DASH = r"(?:-|–|‐|—|−|\*{2,3}|\bto\b)"
BOUNDARY = r"[-−]?\d*\.?\d+"
INTERVAL = rf"^[\[(\s]*({BOUNDARY})\s*{DASH}\s*({BOUNDARY})\s*[\])]*"
NOT_REPORTED = r"^[\[(\s]*N[RA]\b\s*[\])]*"
UP = r"(?i-u)\b(?:incr?e?a?se[ds]?|higher|taller|older|greater|longer|larger|thicker|heavier|more)\b"
DOWN = r"(?i-u)\b(?:decr?e?a?se[ds]?|dcrease|decrea|lower|shorter|younger|smaller|thinner|lighter|fewer|less)\b"
WORD = f"(?:{UP}|{DOWN})"
# Words that say the number measures something though none says in which direction.
MEASURED = r"(?i)\b(?:variance|s\.?d|units?|beta|outcome|years?|difference|score|per|[kmµu]?g|[mc]m|ms|msec)\b|[%/]"
STANDARD_DEVIATIONS = ("sd", "s.d.", "s.d", "sds", "sd unit", "sd units", "s.d. units", "standard deviation", "standard deviations")
# A z-score is a trait in standard deviations, or the statistic of the test, which at any p worth reporting is above 4.
Z_SCORE, LEAST_STATISTIC = r"(?i-u)^z[\s-]*(?:scores?|units?)?$", 3.0
UNIT = "unit"


def read_significance(p: pl.Expr, minus_log_p: pl.Expr) -> pl.Expr:
    """-log10 p of texts; negative for p above 1, null where there is none. `is_bound` says whether p was lost to float64."""
    parts = p.str.extract_groups(NUMBER)
    mantissa, exponent = parts.struct.field("1").cast(pl.Float64, strict=False), parts.struct.field("2").fill_null("0").cast(pl.Float64, strict=False)
    read = -(mantissa.log10() + exponent)
    # Rounding may put p = 1 a hair below zero.
    exact = pl.when(mantissa > 0).then(pl.when(read.abs() < 1e-9).then(0.0).otherwise(read))
    return pl.coalesce(exact, _positive(minus_log_p), pl.when(mantissa == 0).then(LEAST_BOUND))


def is_bound(p: pl.Expr, minus_log_p: pl.Expr) -> pl.Expr:
    """Whether nothing is left of the p-value but that it was too small for float64."""
    mantissa = p.str.extract(NUMBER).cast(pl.Float64, strict=False)
    return (mantissa == 0).fill_null(False) & _positive(minus_log_p).is_null()


def _positive(text: pl.Expr) -> pl.Expr:
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite() & (number > 0)).then(number)


def add_effects(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `beta, effect_unit, standard_error` and `effect_flags`, of the texts `effect` and `interval`.

    `standard_error` is the width of the interval over 3.92, of the logarithms for an odds ratio; there is none where the effect lies
    outside its interval, neither as it is nor turned round (an odds ratio of the other allele), and the row is flagged.
    """
    texts = rows.select("effect", "interval").unique()
    parsed = texts.with_columns(value=_finite(pl.col("effect")), **_interval(pl.col("interval")))
    parsed = parsed.with_columns(direction=_direction(pl.col("rest")))
    value, low, rest, direction = pl.col("value"), pl.col("low"), pl.col("rest"), pl.col("direction")
    is_beta = direction.is_not_null() & (direction != 0) & (value >= 0) & ~is_statistic(rest, value)
    is_ratio = direction.is_null() & ~rest.str.contains(MEASURED) & (value >= LEAST_ODDS_RATIO) & ~(low <= 0).fill_null(False)
    parsed = parsed.with_columns(
        beta=pl.when(is_beta).then(direction * value + 0.0).when(is_ratio).then(value.log()),
        effect_unit=pl.when(is_beta).then(_unit(rest)).when(is_ratio).then(pl.lit(LOG_ODDS)),
        low=pl.when(is_ratio).then(low.log()).otherwise(low), high=pl.when(is_ratio).then(pl.col("high").log()).otherwise("high"),
    )
    width, beta = pl.col("high") - pl.col("low"), pl.col("beta")
    slack = width / 10
    fits = pl.any_horizontal(turned.is_between(pl.col("low") - slack, pl.col("high") + slack) for turned in (beta, -beta)) & (width > 0)
    flags = pl.concat_list(
        pl.when(value.is_not_null() & beta.is_null()).then(pl.lit(UNCLEAR)), pl.when(beta.is_not_null() & ~fits).then(pl.lit(MISFIT))
    ).list.drop_nulls()
    found = parsed.select("effect", "interval", "beta", "effect_unit", standard_error=pl.when(fits).then(width / WIDTH), effect_flags=flags)
    return rows.join(found, on=["effect", "interval"], how="left", maintain_order="left")


def read_unit(text: pl.Expr) -> pl.Expr:
    """The unit of `kg/m2 decrease`; null where there is none, or the text is no unit."""
    return pl.when(_direction(text) != 0).then(_unit(text))


def is_statistic(text: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Whether the unit says z-score, and the value is one of a test rather than of a trait."""
    return _before(text).str.contains(Z_SCORE) & (value.abs() >= LEAST_STATISTIC)


def _interval(text: pl.Expr) -> dict[str, pl.Expr]:
    """`low, high` and `rest`, the text that is left after the interval or 'NR'."""
    # Thin and unbreakable blanks are blanks.
    plain = text.str.replace_all("[\u2009\u202f\u00a0]", " ")
    bounds = [plain.str.extract(INTERVAL, group).str.replace("−", "-", literal=True).cast(pl.Float64, strict=False) for group in (1, 2)]
    rest = plain.str.replace(INTERVAL, "").str.replace(NOT_REPORTED, "").str.strip_chars()
    # Some write the larger bound first.
    return {"low": pl.min_horizontal(bounds), "high": pl.max_horizontal(bounds), "rest": rest.str.replace(r"^\((.*)\)$", "${1}").str.strip_chars()}


def _direction(rest: pl.Expr) -> pl.Expr:
    """1 for more, -1 for less, 0 where the words say both, null where they say neither."""
    up, down = rest.str.contains(UP), rest.str.contains(DOWN)
    return pl.when(up & down).then(0).when(up).then(1).when(down).then(-1)


def _unit(rest: pl.Expr) -> pl.Expr:
    """What stands before the word of direction, else after it, without remarks in parentheses."""
    before = _before(rest)
    after = rest.str.replace(rf"(?s)^.*?{WORD}", "").str.replace_all(r"[(\[].*", "").str.strip_chars(" )")
    unit = pl.when(before != "").then(before).when(after != "").then(after).otherwise(pl.lit(UNIT))
    plain = unit.str.to_lowercase()
    deviations = plain.is_in(STANDARD_DEVIATIONS) | plain.str.contains(Z_SCORE)
    return pl.when(deviations).then(pl.lit("SD")).when(plain.is_in(["unit", "units"])).then(pl.lit(UNIT)).otherwise(unit)


def _before(rest: pl.Expr) -> pl.Expr:
    """What stands before the word of direction."""
    return rest.str.replace(rf"(?s){WORD}.*$", "").str.strip_chars(" (")


def _finite(text: pl.Expr) -> pl.Expr:
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)
