"""How often two codes occur in the same patients: EVENTS → COOCCURRENCES.

A patient counts once, however often the two codes meet. Pairs with a count below the threshold do not leave this file, and
neither does anything of a patient's own. What a reader would get wrong: only the counts given are above the threshold; a
difference of two of them, such as `n_left - n_together`, may be smaller.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from generel.concepts.progress import SILENT, Progress
from generel.concepts.tables import COOCCURRENCES

PAIRS = pl.Schema({"left": pl.UInt32, "right": pl.UInt32, "n_together": pl.Int64})
STAMPED = ("source", "source_version", "license")
# Codes whose rows of the product are made at a time: bounds memory where each code meets each other one.
BLOCK = 2_000
# Pairs of events joined at a time, about; a patient is never split, so one alone may have more.
CHUNK = 20_000_000


@dataclass(frozen=True)
class Suppressed:
    """What was counted and is not told: codes of fewer than the least patients, and pairs of the other codes that met in fewer."""

    codes: int
    pairs: int


def count_cooccurrences(
    events: pl.DataFrame, *, cohort: str, window_days: int | None, minimum_patients: int = 11, n_patients: int | None = None, progress: Progress = SILENT
) -> tuple[pl.DataFrame, Suppressed]:
    """COOCCURRENCES but for the columns of the source, which its reader stamps, sorted by key; and how much was suppressed.

    `n_together` patients have both codes, at most `window_days` apart; `n_left` and `n_right` have the one, ever. `left` is the
    smaller CURIE. `ppmi` = max(0, ln(n_together · n_patients / (n_left · n_right))), as in Church and Hanks, Computational
    Linguistics 1990, in natural logarithms: 3 of 4 and 6 among 12 patients give ln(3 · 12 / (4 · 6)) = 0.405.

    Args:
        events: EVENTS `patient, day, code`, no nulls; a repeated row counts once.
        window_days: 0 for the same day, None for ever.
        minimum_patients: a pair is suppressed if any of its three counts is below it.
        n_patients: size of the cohort; None counts those who have an event.

    Raises:
        ValueError: a negative window, a threshold below 1, nulls, or fewer patients than have events.
    """
    with_events = events["patient"].n_unique()
    n_patients = with_events if n_patients is None else n_patients
    _check(events, window_days=window_days, minimum_patients=minimum_patients, n_patients=n_patients, with_events=with_events)
    had = events.select("patient", "code").unique().group_by("code").agg(n=pl.len().cast(pl.Int64)).sort("code")
    common = had.filter(pl.col("n") >= minimum_patients).with_row_index("number")
    numbered = _number(events, common)
    with progress.task("Counting patients with both codes", total=1) as advance:
        if window_days is None:
            told, untold = _count_ever(numbered, n_codes=common.height, minimum_patients=minimum_patients)
        else:
            told, untold = _count_within(numbered, window_days=window_days, minimum_patients=minimum_patients)
        advance(1)
    pairs = _describe(told, common, cohort=cohort, window_days=window_days, n_patients=n_patients)
    return pairs, Suppressed(codes=had.height - common.height, pairs=untold)


def _check(events: pl.DataFrame, *, window_days: int | None, minimum_patients: int, n_patients: int, with_events: int) -> None:
    if window_days is not None and window_days < 0:
        raise ValueError(f"window_days is a number of days from 0 on, or None for ever, not {window_days}")
    if minimum_patients < 1:
        raise ValueError(f"minimum_patients is at least 1, not {minimum_patients}")
    if nulls := sum(events.select("patient", "day", "code").null_count().row(0)):
        raise ValueError(f"events have {nulls:,} empty values; leave such rows out")
    if n_patients < with_events:
        raise ValueError(f"n_patients is {n_patients:,}, but {with_events:,} patients have events")


def _number(events: pl.DataFrame, common: pl.DataFrame) -> pl.DataFrame:
    """`patient, day, code` as numbers from 0, distinct, of the codes in `common`; codes are numbered in the order of their CURIEs."""
    codes = common.select("code", "number")
    kept = events.select("patient", "day", "code").unique().join(codes, on="code")
    dense = pl.col("patient").rank("dense").cast(pl.UInt32) - 1
    return kept.select(patient=dense, day=pl.col("day").cast(pl.Date).cast(pl.Int32), code="number")


def _count_ever(numbered: pl.DataFrame, *, n_codes: int, minimum_patients: int) -> tuple[pl.DataFrame, int]:
    """`left, right, n_together` of the pairs at or above the threshold, and how many met in fewer patients."""
    had = numbered.select("patient", "code").unique()
    n_patients = had["patient"].n_unique()
    patients = csr_array((np.ones(had.height, np.int32), (had["patient"].to_numpy(), had["code"].to_numpy())), shape=(n_patients, n_codes))
    told, untold = [pl.DataFrame(schema=PAIRS)], 0
    for pairs in _multiply(patients):
        told.append(pairs.filter(pl.col("n_together") >= minimum_patients))
        untold += pairs.height - told[-1].height
    return pl.concat(told), untold


def _multiply(patients: csr_array) -> Iterator[pl.DataFrame]:
    """`left, right, n_together` of all pairs that meet, a block of left codes at a time. patients: (patients, codes) of 0 and 1."""
    codes = csr_array(patients.T)
    for start in range(0, codes.shape[0], BLOCK):
        product = (codes[start : start + BLOCK] @ patients).tocoo()
        left, right = product.row + start, product.col
        above = right > left
        yield pl.DataFrame({"left": left[above], "right": right[above], "n_together": product.data[above]}).cast(PAIRS)


def _count_within(numbered: pl.DataFrame, *, window_days: int, minimum_patients: int) -> tuple[pl.DataFrame, int]:
    """As `_count_ever`, of the pairs that meet within the window.

    Days are put into buckets one day longer than the window, so that what meets lies in one bucket or in two neighbors.
    """
    bucketed = numbered.with_columns(bucket=pl.col("day").floordiv(window_days + 1))
    counted = pl.DataFrame(schema=PAIRS)
    for chunk in _chunks(bucketed):
        counted = pl.concat([counted, _meet(chunk, window_days=window_days)]).group_by("left", "right").agg(pl.col("n_together").sum())
    told = counted.filter(pl.col("n_together") >= minimum_patients)
    return told, counted.height - told.height


def _chunks(bucketed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The events of some patients at a time, so many that their join has about `CHUNK` rows."""
    joined = bucketed.group_by("patient", "bucket").len().group_by("patient").agg(n=3 * (pl.col("len").cast(pl.Int64) ** 2).sum())
    chunk_of = joined.sort("patient").select("patient", chunk=pl.col("n").cum_sum() // CHUNK)
    for _, patients in sorted(chunk_of.partition_by("chunk", as_dict=True).items()):
        yield bucketed.join(patients, on="patient", how="semi")


def _meet(events: pl.DataFrame, *, window_days: int) -> pl.DataFrame:
    """`left, right, n_together` of one chunk."""
    lefts = events.lazy().select("patient", "bucket", left="code", left_day="day")
    near = pl.concat_list(pl.col("bucket") - 1, pl.col("bucket"), pl.col("bucket") + 1)
    rights = events.lazy().select("patient", bucket=near, right="code", right_day="day").explode("bucket")
    meeting = (pl.col("left") < pl.col("right")) & ((pl.col("left_day") - pl.col("right_day")).abs() <= window_days)
    distinct = lefts.join(rights, on=["patient", "bucket"]).filter(meeting).select("patient", "left", "right").unique()
    return distinct.group_by("left", "right").agg(n_together=pl.len().cast(pl.Int64)).collect()


def _describe(told: pl.DataFrame, common: pl.DataFrame, *, cohort: str, window_days: int | None, n_patients: int) -> pl.DataFrame:
    """The pairs with CURIEs in place of numbers, the counts of each code, and PPMI."""
    for side in ("left", "right"):
        told = told.join(common.select(pl.col("number").alias(side), pl.col("code").alias(f"{side}_code"), pl.col("n").alias(f"n_{side}")), on=side)
    expected = pl.col("n_left").cast(pl.Float64) * pl.col("n_right")
    described = told.select(
        "n_together", "n_left", "n_right",
        left="left_code", right="right_code", cohort=pl.lit(cohort), n_patients=pl.lit(n_patients, dtype=pl.Int64),
        window_days=pl.lit(window_days, dtype=pl.Int64), ppmi=(pl.col("n_together") * pl.lit(float(n_patients)) / expected).log().clip(lower_bound=0),
    )
    return described.select(column for column in COOCCURRENCES.columns if column not in STAMPED).sort(COOCCURRENCES.key)
