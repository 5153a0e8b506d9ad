"""GWAS summary statistics: one row a variant of one study, from a tab-separated file with headers as the common tools write them.

The trap is the p-value: float64 turns any p below 5e-324 into 0, so -log10 p is parsed from the *text*. An odds ratio becomes
beta = ln(OR). A file without alleles is read, and its rows are flagged, since their effects cannot be compared with others'.

The other trap is `Allele1`: METAL and BOLT-LMM write the effect allele there, SAIGE the *other* one (its effects and AF_Allele2 are
of Allele2). Taken for METAL's, a file of SAIGE has every effect the wrong way round, and nothing looks amiss.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.tables import ASSOCIATIONS, check
from kg.curies import canonicalize_as
from kg.harvest import SetAside
from kg.sources.rows import line_key, read_bytes, read_rows, sift

# What a column is called by PLINK, REGENIE, SAIGE, BOLT-LMM, METAL, GWAS-SSF and people, lower case; first match wins.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "variant": ("rsid", "hm_rsid", "rs_id", "snp", "variant_id", "markername", "markerid", "snpid", "id"),
    "p": ("pval", "p_value", "p", "p-value", "pvalue", "p_bolt_lmm", "p.value", "frequentist_add_pvalue"),
    "neg_log10_p": ("neg_log_10_p_value", "log10p", "mlogp", "neglog10p"),
    "beta": ("beta", "effect", "hm_beta", "b", "log_odds"),
    "odds_ratio": ("odds_ratio", "or", "hm_odds_ratio"),
    "standard_error": ("standard_error", "se", "stderr", "hm_standard_error"),
    "effect_allele": ("effect_allele", "hm_effect_allele", "a1", "allele1", "ea", "alt"),
    "other_allele": ("other_allele", "hm_other_allele", "a2", "allele0", "allele2", "omitted", "oa", "nea", "ref"),
    "effect_allele_frequency": ("effect_allele_frequency", "hm_effect_allele_frequency", "eaf", "a1freq", "freq1", "af_allele2"),
    "n": ("n", "n_total", "obs_ct", "totalsamplesize"),
}
# Only SAIGE says the frequency of its second allele, which is the one that effects are of.
SAIGE_MARK = "af_allele2"
LOG_ODDS = "log odds"
UNKNOWN_ALLELE = "?"
NO_ALLELE, REPEATED = "NO_ALLELE", "REPEATED"
NUMBER = r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+))?$"


@dataclass(frozen=True)
class Study:
    """What a summary-statistics file does not say of itself.

    Attributes:
        accession: of the study, or any name it goes by.
        trait: CURIE of what was studied.
        build: genome build of its positions; empty where it has none.
        published: on that day; None where unknown.
        effect_unit: 'log odds' or 'SD'; empty where no effect is given, or the file has odds ratios.
    """

    accession: str
    trait: str
    build: str = ""
    published: date | None = None
    effect_unit: str = ""


def read_summary_statistics(
    path: Path, *, study: Study, set_aside: SetAside, source: str, source_version: str, license: str, columns: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """ASSOCIATIONS of the file, one row a variant and effect allele; of repeats the smallest p is kept, flagged REPEATED.

    Args:
        path: tab-separated text with a header, compressed with gzip or not.
        study: the rest of what a row needs.
        set_aside: takes every row that has no rsID or no p-value, with its reason.
        columns: our name to the file's, where the header is of none of the known spellings.

    Raises:
        BadTable: no column for the variant or its p-value; what was looked for is named.
    """
    found = recognize_columns(_header(path), given=columns or {}, path=path)
    rows = read_rows(path, columns=list(found.values()), table="ASSOCIATIONS", set_aside=set_aside).rename({theirs: ours for ours, theirs in found.items()})
    significance = _numbers(rows, "neg_log10_p") if "neg_log10_p" in found else _neg_log10(rows["p"])
    rows = rows.with_columns(
        rsid=canonicalize_as(rows["variant"], "dbsnp"), significance=significance,
        effect_allele=_allele(found, "effect_allele", missing=UNKNOWN_ALLELE), other=_allele(found, "other_allele", missing=None),
        effect=_effect(found), standard_error=_real(found, "standard_error"),
        effect_allele_frequency=_real(found, "effect_allele_frequency"), n=_real(found, "n").cast(pl.Int64, strict=False),
    )
    # PLINK 2 names REF and ALT beside A1, which may be either.
    rows = rows.with_columns(other_allele=pl.when(pl.col("other") != pl.col("effect_allele")).then("other"))
    faults = [
        (pl.col("rsid").is_null(), "the variant has no rsID"),
        (pl.col("significance").is_null() | ~pl.col("significance").is_finite(), "the p-value is no number above 0 and up to 1"),
        (pl.col("significance") < 0, "the p-value is no number above 0 and up to 1"),
    ]
    good = sift(rows, faults, table="ASSOCIATIONS", key=line_key(path), set_aside=set_aside)
    kept = good.sort("rsid", "effect_allele", pl.col("significance"), descending=[False, False, True]).with_columns(times=pl.len().over("rsid", "effect_allele"))
    repeats = kept.filter(~pl.struct("rsid", "effect_allele").is_first_distinct())
    set_aside.add_frame("ASSOCIATIONS", repeats.select(key=line_key(path))["key"], "repeats a variant and allele of the study with a larger p")
    kept = kept.filter(pl.struct("rsid", "effect_allele").is_first_distinct())
    flags = pl.concat_list(
        pl.when(pl.col("effect_allele") == UNKNOWN_ALLELE).then(pl.lit(NO_ALLELE)), pl.when(pl.col("times") > 1).then(pl.lit(REPEATED))
    ).list.drop_nulls()
    stamped = kept.select(
        variant="rsid", trait=pl.lit(study.trait), study=pl.lit(study.accession), effect_allele="effect_allele", other_allele="other_allele",
        beta="effect", effect_unit=pl.lit(_unit(found, study), dtype=pl.String), standard_error="standard_error", neg_log10_p="significance",
        effect_allele_frequency="effect_allele_frequency", n="n", date=pl.lit(study.published, dtype=pl.Date), build=pl.lit(study.build or None, dtype=pl.String),
        flags=flags, source=pl.lit(source), source_version=pl.lit(source_version), license=pl.lit(license),
    )
    return check(stamped, ASSOCIATIONS)


def recognize_columns(header: list[str], *, given: Mapping[str, str], path: Path) -> dict[str, str]:
    """Our name to the file's, for each column that the header has under a known spelling or that `given` names.

    Raises:
        BadTable: a given column is missing, or there is no variant or no p-value.
    """
    by_spelling = {name.lower().lstrip("#"): name for name in reversed(header)}
    found = {ours: next((by_spelling[one] for one in spellings if one in by_spelling), "") for ours, spellings in SPELLINGS.items()} | dict(given)
    missing = [theirs for theirs in given.values() if theirs not in header]
    found = {ours: theirs for ours, theirs in found.items() if theirs}
    if SAIGE_MARK in by_spelling and "effect_allele" not in given and found.get("effect_allele") == by_spelling.get("allele1"):
        found |= {"effect_allele": found["other_allele"], "other_allele": found["effect_allele"]}
    if "variant" not in found:
        missing.append(f"the variant ({', '.join(SPELLINGS['variant'])})")
    if "p" not in found and "neg_log10_p" not in found:
        missing.append(f"the p-value ({', '.join(SPELLINGS['p'] + SPELLINGS['neg_log10_p'])})")
    if missing:
        raise BadTable(f"{path} lacks a column for {'; '.join(missing)}; it has {', '.join(header)[:400]}")
    return found


def _unit(found: Mapping[str, str], study: Study) -> str | None:
    """The study's unit of effects; that of logarithms of odds ratios where the file has these."""
    return LOG_ODDS if "beta" not in found and "odds_ratio" in found else study.effect_unit or None


def _header(path: Path) -> list[str]:
    first = read_bytes(path, first_line=True).decode("utf-8-sig", errors="replace")
    return [name.strip() for name in first.rstrip("\r\n").split("\t")]


def _neg_log10(texts: pl.Series) -> pl.Series:
    """-log10 of p-values written as text, null for what is no number in (0, 1]; exact below float64's range."""
    parts = texts.str.extract_groups(NUMBER)
    mantissa = parts.struct.field("1").cast(pl.Float64, strict=False)
    exponent = parts.struct.field("2").fill_null("0").cast(pl.Float64, strict=False)
    frame = pl.DataFrame({"m": mantissa, "e": exponent})
    value = pl.when(pl.col("m") > 0).then(-(pl.col("m").log10() + pl.col("e")))
    # Rounding may put p = 1 a hair below zero.
    return frame.select(pl.when(value.abs() < 1e-12).then(0.0).otherwise(value)).to_series()


def _numbers(rows: pl.DataFrame, column: str) -> pl.Series:
    return rows[column].cast(pl.Float64, strict=False)


def _real(found: Mapping[str, str], column: str) -> pl.Expr:
    """A column of finite numbers; nulls where the file has none."""
    if column not in found:
        return pl.lit(None, dtype=pl.Float64)
    number = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _allele(found: Mapping[str, str], column: str, *, missing: str | None) -> pl.Expr:
    if column not in found:
        return pl.lit(missing, dtype=pl.String)
    letters = pl.col(column).str.to_uppercase()
    return pl.when(letters.str.contains("^[ACGT]+$")).then(letters).otherwise(pl.lit(missing, dtype=pl.String))


def _effect(found: Mapping[str, str]) -> pl.Expr:
    """Beta per copy of the effect allele; of an odds ratio its natural logarithm."""
    if "beta" in found:
        return _real(found, "beta")
    ratio = _real(found, "odds_ratio")
    return pl.when(ratio > 0).then(ratio.log())
