"""How often two codes occur in the same patients: EVENTS → COOCCURRENCES.

A patient counts once, however often the two codes meet. Pairs with a count below the threshold do not leave this file, and
neither does anything of a patient's own. What a reader would get wrong: only the counts given are above the threshold; a
difference of two of them, such as `n_left - n_together`, may be smaller.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generel.concepts.progress import SILENT, Advance, Progress
from generel.concepts.tables import COOCCURRENCES
from kg.cohort.codebook import NAMELESS, Codebook, Cohort
from kg.cohort.meetings import count_meetings
from kg.cohort.store import EventStore, frame_of

PAIRS = pl.Schema({"left": pl.UInt32, "right": pl.UInt32, "n_together": pl.Int64})
# Patients below which nothing is told, as in most agreements on the use of health records.
LEAST = 11
STAMPED = ("source", "source_version", "license")


@dataclass(frozen=True)
class Counting:
    """What is counted.

    Attributes:
        cohort: what the rows call the cohort.
        window_days: 0 for the same day, None for ever.
        minimum_patients: a pair is suppressed if any of its three counts is below it.
    """

    cohort: str
    window_days: int | None = None
    minimum_patients: int = LEAST

    def __post_init__(self) -> None:
        if self.window_days is not None and self.window_days < 0:
            raise ValueError(f"window_days is a number of days from 0 on, or None for ever, not {self.window_days}")
        if self.minimum_patients < 1:
            raise ValueError(f"minimum_patients is at least 1, not {self.minimum_patients}")


@dataclass(frozen=True)
class Suppressed:
    """What was counted and is not told: codes of fewer than the least patients, and pairs of the other codes that met in fewer."""

    codes: int
    pairs: int


@dataclass(frozen=True)
class Census:
    """Who has which code: `codes` in order of their CURIEs, `n` patients of each, and `with_events` patients who have any event."""

    codes: pl.Series
    n: NDArray[np.int64]
    with_events: int


def count_cooccurrences(
    events: pl.DataFrame, *, cohort: str, window_days: int | None, minimum_patients: int = LEAST, n_patients: int | None = None
) -> tuple[pl.DataFrame, Suppressed]:
    """As `count_cohort`, of a frame in memory.

    Args:
        events: EVENTS `patient, day, code`, no nulls; a repeated row counts once.
        n_patients: size of the cohort; None counts those who have an event.

    Raises:
        ValueError: an impossible setting, nulls, or fewer patients than have events.
    """
    counting = Counting(cohort, window_days, minimum_patients)
    if nulls := sum(events.select("patient", "day", "code").null_count().row(0)):
        raise ValueError(f"events have {nulls:,} empty values; leave such rows out")
    book = Codebook({"code": pl.String})
    with EventStore() as store:
        patients = events["patient"].rank("dense").cast(pl.UInt64).to_numpy()
        store.add(patients, events["day"].cast(pl.Date).cast(pl.Int32).to_numpy(), book.number(events))
        return count_cohort(Cohort(store, book.keys().select("number", "code"), NAMELESS, n_patients), counting)


def count_cohort(cohort: Cohort, counting: Counting, *, progress: Progress = SILENT) -> tuple[pl.DataFrame, Suppressed]:
    """COOCCURRENCES but for the columns of the source, which its reader stamps, sorted by key; and how much was suppressed.

    `n_together` patients have both codes, at most `window_days` apart; `n_left` and `n_right` have the one, ever. `left` is the
    smaller CURIE. `ppmi` = max(0, ln(n_together · n_patients / (n_left · n_right))), as in Church and Hanks, Computational
    Linguistics 1990, in natural logarithms: 3 of 4 and 6 among 12 patients give ln(3 · 12 / (4 · 6)) = 0.405.

    Raises:
        ValueError: fewer patients than have events.
    """
    with progress.task("Counting patients with both codes", total=2 * cohort.store.n_buckets) as advance:
        census = _take_census(cohort, advance)
        n_patients = census.with_events if cohort.n_patients is None else cohort.n_patients
        if n_patients < census.with_events:
            raise ValueError(f"n_patients is {n_patients:,}, but {census.with_events:,} patients have events")
        common = np.flatnonzero(census.n >= counting.minimum_patients)
        together = csr_array((len(common), len(common)), dtype=np.int32)
        for events in _buckets(cohort, census.codes.gather(common)):
            together = together + count_meetings(events, n_codes=len(common), window_days=counting.window_days)
            advance(1)
    told = _at_least(together, counting.minimum_patients)
    pairs = _describe(told, codes=census.codes.gather(common), n=census.n[common], counting=counting, n_patients=n_patients)
    return pairs, Suppressed(codes=int(np.count_nonzero(census.n)) - len(common), pairs=together.nnz - told.height)


def _take_census(cohort: Cohort, advance: Advance) -> Census:
    codes = cohort.meanings["code"].unique().sort()
    n, with_events = np.zeros(codes.len(), np.int64), 0
    for events in _buckets(cohort, codes):
        had = events.select("patient", "code").unique()
        n += np.bincount(had["code"].to_numpy(), minlength=codes.len())
        with_events += had["patient"].n_unique()
        advance(1)
    return Census(codes, n, with_events)


def _buckets(cohort: Cohort, codes: pl.Series) -> Iterator[pl.DataFrame]:
    """`patient, day, code` of each bucket, the code as its place in `codes`; events that mean none of them are left out."""
    places = pl.DataFrame({"code": codes, "place": np.arange(codes.len(), dtype=np.uint32)})
    meant = cohort.meanings.join(places, on="code").sort("number", "place").select("number", "place")
    for bucket in cohort.store.buckets():
        yield _translate(frame_of(bucket), meant)


def _translate(events: pl.DataFrame, meant: pl.DataFrame) -> pl.DataFrame:
    """The events with each code replaced by all that it means.

    Args:
        meant: `number, place`, sorted.
    """
    numbers = events["code"].to_numpy()
    size = max(int(numbers.max(initial=0)), int(meant["number"].max() or 0)) + 1  # type: ignore[arg-type]
    many = np.bincount(meant["number"].to_numpy(), minlength=size)
    begins = np.cumsum(many) - many
    here = many[numbers]
    rows = np.repeat(np.arange(len(numbers)), here)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(here) - here, here)
    places = meant["place"].to_numpy()[begins[numbers[rows]] + step]
    return events[rows].with_columns(code=pl.Series(places, dtype=pl.UInt32))


def _at_least(together: csr_array, minimum: int) -> pl.DataFrame:
    """PAIRS of the counts that are no smaller."""
    pairs = together.tocoo()
    kept = pairs.data >= minimum
    return pl.DataFrame({"left": pairs.row[kept], "right": pairs.col[kept], "n_together": pairs.data[kept]}).cast(PAIRS)


def _describe(told: pl.DataFrame, *, codes: pl.Series, n: NDArray[np.int64], counting: Counting, n_patients: int) -> pl.DataFrame:
    """The pairs with CURIEs in place of numbers, the counts of each code, and PPMI."""
    left, right = told["left"].to_numpy(), told["right"].to_numpy()
    named = told.select(
        "n_together", left=codes.gather(left), right=codes.gather(right), n_left=pl.Series(n[left], dtype=pl.Int64), n_right=pl.Series(n[right], dtype=pl.Int64)
    )
    expected = pl.col("n_left").cast(pl.Float64) * pl.col("n_right")
    described = named.with_columns(
        cohort=pl.lit(counting.cohort), n_patients=pl.lit(n_patients, dtype=pl.Int64), window_days=pl.lit(counting.window_days, dtype=pl.Int64),
        ppmi=(pl.col("n_together") * pl.lit(float(n_patients)) / expected).log().clip(lower_bound=0),
    )
    return described.select(column for column in COOCCURRENCES.columns if column not in STAMPED).sort(COOCCURRENCES.key)
