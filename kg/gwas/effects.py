"""Rows of text of any tool as numbers: rsID, place, alleles, effect per copy of the effect allele, -log10 p.

An odds ratio becomes beta = ln(OR). A standard error given only by a 95 % confidence interval is (upper - lower) / 3.92, taken of the
logarithms where the interval is one of ratios. A standard error beside an odds ratio is of its logarithm, as PLINK, REGENIE and GWAS-SSF
write it.
"""

from dataclasses import dataclass

import polars as pl

from kg.curies import canonicalize_as
from kg.gwas.columns import Columns
from kg.gwas.letters import clean_alleles
from kg.gwas.place import chromosome_numbers, positions
from kg.gwas.significance import neg_log10

# The width of a 95 % confidence interval in standard errors: two times the normal distribution's 97.5 % point.
WIDTH = 2 * 1.959963984540054
ADDITIVE = ("ADD", "ADDITIVE")
NOT_ADDITIVE = "the row is of another test than the additive one"
NO_VARIANT = "the row names no variant, neither by rsID nor by chromosome and position"
BAD_P = "the p-value is no number above 0 and up to 1"
BAD_FREQUENCY = "the effect allele's frequency is not between 0 and 1"
BAD_ERROR = "the standard error is not above 0"
LOG_ODDS, LOG_HAZARD = "log odds", "log hazard"
# What a row of a study is, once read; `rsid` is the number after 'rs', and `chromosome` is 1 to 25.
ROW: dict[str, pl.DataType | type[pl.DataType]] = {
    "line": pl.Int64, "variant": pl.String, "rsid": pl.Int64, "chromosome": pl.UInt8, "position": pl.Int64, "effect_allele": pl.String, "other_allele": pl.String,
    "beta": pl.Float64, "standard_error": pl.Float64, "effect_allele_frequency": pl.Float64, "neg_log10_p": pl.Float64, "n": pl.Int64,
}
PLACE_IN_NAME = r"^(?i:chr)?(\d{1,2}|[XYxy]|MT?|mt?)[:_](\d+)(?:$|[:_])"


@dataclass(frozen=True)
class Reading:
    """What a file's columns do not say of how to read them.

    Attributes:
        columns: where ours stand.
        zero_based: whether positions count from 0.
    """

    columns: Columns
    zero_based: bool = False

    @property
    def effect_unit(self) -> str:
        """The unit that the columns imply; empty where they do not."""
        if "beta" in self.columns:
            return ""
        return LOG_ODDS if "odds_ratio" in self.columns else LOG_HAZARD if "hazard_ratio" in self.columns else ""


def interpret(texts: pl.DataFrame, reading: Reading) -> tuple[pl.DataFrame, pl.Series]:
    """ROW of each line, and the reason for which it cannot be used, null where it can.

    Args:
        texts: as `kg.gwas.stream.parse_block` gives them: `line`, and fields named by their place.
    """
    fields = _Fields(texts, reading.columns)
    variant, rsid = rsids(fields.text("variant"))
    chromosome, position = _place(fields, reading)
    effect, other = _alleles(fields)
    rows = pl.DataFrame({
        "line": texts["line"], "variant": variant, "rsid": rsid, "chromosome": chromosome, "position": position,
        "effect_allele": effect, "other_allele": other, **_effects(fields), "effect_allele_frequency": fields.number("effect_allele_frequency"),
        "neg_log10_p": _significance(fields), "n": _n(fields),
    })
    return rows.select(*ROW), rows.select(_fault(fields.additive())).to_series()


def rsids(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The rsID of each text in canonical form, without a prefix, and its number; null where the text is no rsID."""
    frame = pl.DataFrame({"text": texts})
    # Nearly every name is 'rs' and digits; what is not, the slow way looks at.
    frame = frame.with_columns(number=pl.when(pl.col("text").str.starts_with("rs")).then(pl.col("text").str.slice(2)).cast(pl.Int64, strict=False))
    odd = (pl.col("number").is_null() & pl.col("text").str.contains("(?i)rs")) | (pl.col("number") < 0) | pl.col("text").str.contains("+", literal=True)
    if frame.select(odd.any()).item():
        frame = frame.select(text=canonicalize_as(frame["text"], "dbsnp").str.strip_prefix("dbsnp:"))
        frame = frame.with_columns(number=pl.col("text").str.slice(2).cast(pl.Int64, strict=False))
    elif frame["number"].null_count() > frame["text"].null_count():
        frame = frame.with_columns(text=pl.when(pl.col("number").is_not_null()).then("text"))
    return frame["text"], frame["number"]


class _Fields:
    """A block's fields by our names, nulls where the file has no such column."""

    def __init__(self, texts: pl.DataFrame, columns: Columns) -> None:
        self.columns = columns
        self._texts = texts

    def text(self, ours: str) -> pl.Series:
        if ours not in self.columns:
            return pl.Series(ours, [None], dtype=pl.String).new_from_index(0, self._texts.height)
        return self._texts[str(self.columns.places[ours])].alias(ours)

    def number(self, ours: str) -> pl.Series:
        """Finite numbers; null for anything else."""
        values = self.text(ours).cast(pl.Float64, strict=False)
        return values if ours not in self.columns else pl.select(pl.when(values.is_finite()).then(values)).to_series()

    def additive(self) -> pl.Series:
        if "test" not in self.columns:
            return pl.Series([True]).new_from_index(0, self._texts.height)
        return self.text("test").str.to_uppercase().is_in(ADDITIVE).fill_null(False)


def _fault(additive: pl.Series) -> pl.Expr:
    """The first reason against each row."""
    faults = [
        (~pl.lit(additive), NOT_ADDITIVE),
        (pl.col("variant").is_null() & (pl.col("chromosome").is_null() | pl.col("position").is_null()), NO_VARIANT),
        (pl.col("neg_log10_p").is_null() | ~pl.col("neg_log10_p").is_finite() | (pl.col("neg_log10_p") < 0), BAD_P),
        (~pl.col("effect_allele_frequency").is_between(0, 1), BAD_FREQUENCY),
        (pl.col("standard_error") <= 0, BAD_ERROR),
    ]
    return pl.coalesce(*(pl.when(condition).then(pl.lit(reason)) for condition, reason in faults))


def _place(fields: _Fields, reading: Reading) -> tuple[pl.Series, pl.Series]:
    """Chromosome and position of their columns; where there are none, of names such as 10:112998590:C:T."""
    chromosome, position = fields.text("chromosome"), fields.text("position")
    if "position" not in fields.columns:
        parts = fields.text("variant").str.extract_groups(PLACE_IN_NAME)
        chromosome, position = parts.struct.field("1"), parts.struct.field("2")
    shift = 1 if reading.zero_based else 0
    numbers = positions(position)
    return chromosome_numbers(chromosome, numbers=fields.columns.tool.numbers), numbers + shift if shift else numbers


def _alleles(fields: _Fields) -> tuple[pl.Series, pl.Series]:
    """Effect and other allele in capitals; null where they are not written in A, C, G and T, or both are the same."""
    frame = pl.DataFrame({"effect": fields.text("effect_allele"), "other": fields.text("other_allele")})
    if "reference" in fields.columns:
        # PLINK 2 says which of REF and ALT the effect is of in A1; the other one is what is left.
        effect, reference, alternate = pl.col("effect"), pl.lit(fields.text("reference")), pl.lit(fields.text("alternate"))
        left = pl.when(effect == reference).then(alternate).when(effect == alternate).then(reference)
        frame = frame.with_columns(other=pl.coalesce("other", left))
    frame = pl.DataFrame([clean_alleles(frame["effect"]), clean_alleles(frame["other"])])
    return frame["effect"], frame.select(pl.when(pl.col("other") != pl.col("effect")).then("other")).to_series()


def _effects(fields: _Fields) -> dict[str, pl.Series]:
    """Beta and its standard error; a ratio's logarithm stands in where there is no beta."""
    frame = pl.DataFrame({name: fields.number(name) for name in ("beta", "odds_ratio", "hazard_ratio", "standard_error", "ci_lower", "ci_upper")})
    ratio = pl.coalesce("odds_ratio", "hazard_ratio")
    lower, upper = pl.col("ci_lower"), pl.col("ci_upper")
    of_ratios = "odds_ratio" in fields.columns or "hazard_ratio" in fields.columns
    width = pl.when((lower > 0) & (upper > lower)).then(upper.log() - lower.log()) if of_ratios else pl.when(upper > lower).then(upper - lower)
    frame = frame.select(beta=pl.coalesce("beta", pl.when(ratio > 0).then(ratio.log())), standard_error=pl.coalesce("standard_error", width / WIDTH))
    return {"beta": frame["beta"], "standard_error": frame["standard_error"]}


def _significance(fields: _Fields) -> pl.Series:
    """-log10 p as the file gives it, else of its p-value."""
    if "neg_log10_p" not in fields.columns:
        return neg_log10(fields.text("p"))
    given = fields.text("neg_log10_p").cast(pl.Float64, strict=False)
    return given if "p" not in fields.columns else pl.select(pl.coalesce(given, neg_log10(fields.text("p")))).to_series()


def _n(fields: _Fields) -> pl.Series:
    """How many people: given, or cases and controls together."""
    total = fields.number("n") if "n" in fields.columns else fields.number("n_cases") + fields.number("n_controls")
    return pl.select(pl.when(total.is_between(0, 1e12)).then(total.round()).cast(pl.Int64)).to_series()
