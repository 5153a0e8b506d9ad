"""Pairs of codes that meet in the patients of one bucket, each patient counted once a pair: sparse (codes, codes) counts.

Two ways: for ever, a product of sparse matrices, whose cost is the square of a patient's distinct codes; within a window, each event
beside those that follow it soon enough, whose cost is the number of such pairs.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, triu

# Pairs worked on at a time, about; a patient is never split, so one alone may have more.
CHUNK = 10_000_000


def count_meetings(events: pl.DataFrame, *, n_codes: int, window_days: int | None) -> csr_array:
    """(n_codes, n_codes) int32: in how many patients the code of the row and that of the column, which is larger, both occur.

    Args:
        events: `patient, day, code` of whole patients, numbers; codes below n_codes. Repeated rows count once.
        window_days: at most so many days apart; None for ever.
    """
    counted = csr_array((n_codes, n_codes), dtype=np.int32)
    for part in _ever(events, n_codes=n_codes) if window_days is None else _within(events, n_codes=n_codes, window_days=window_days):
        counted = counted + part
    return counted


def _ever(events: pl.DataFrame, *, n_codes: int) -> Iterator[csr_array]:
    had = events.select("patient", "code").unique().sort("patient", "code")
    patients = _number(had["patient"])
    codes = had["code"].to_numpy()
    costs = np.bincount(patients, minlength=1).astype(np.int64)
    for begin, end in _chunks(costs, costs * costs):
        rows = patients[begin:end] - patients[begin]
        matrix = csr_array((np.ones(end - begin, np.int32), (rows, codes[begin:end])), shape=(int(rows[-1]) + 1, n_codes))
        yield csr_array(triu(matrix.T @ matrix, k=1))


def _within(events: pl.DataFrame, *, n_codes: int, window_days: int) -> Iterator[csr_array]:
    sorted_events = events.select("patient", "day", "code").unique().sort("patient", "day", "code")
    if sorted_events.is_empty():
        return
    patients = _number(sorted_events["patient"])
    days = sorted_events["day"].to_numpy().astype(np.int64)
    days -= days.min()
    window = min(window_days, int(days.max()))
    # One axis on which patients lie further apart than any window reaches.
    places = patients * (int(days.max()) + window + 1) + days
    following = np.searchsorted(places, places + window, side="right") - np.arange(len(places)) - 1
    costs = np.bincount(patients, weights=following).astype(np.int64)
    codes = sorted_events["code"].to_numpy().astype(np.int64)
    for begin, end in _chunks(np.bincount(patients), costs):
        yield _meet(patients[begin:end] - patients[begin], codes[begin:end], following[begin:end], n_codes=n_codes)


def _meet(patients: NDArray[np.int64], codes: NDArray[np.int64], following: NDArray[np.int64], *, n_codes: int) -> csr_array:
    """The counts of some patients, from the number of events that follow each event within the window."""
    # One patient may have more pairs than fit into memory, but not more than fit of different ones.
    run_of = np.cumsum(following) // CHUNK
    bounds = [0, *(np.flatnonzero(np.diff(run_of)) + 1).tolist(), len(codes)]
    runs = [_distinct_pairs(patients, codes, following, begin=begin, end=end, n_codes=n_codes) for begin, end in itertools.pairwise(bounds)]
    counts = (pl.concat(runs).unique() if len(runs) > 1 else runs[0]).group_by("pair").len()
    pair = counts["pair"].to_numpy()
    return csr_array((counts["len"].to_numpy().astype(np.int32), (pair // n_codes, pair % n_codes)), shape=(n_codes, n_codes))


def _distinct_pairs(
    patients: NDArray[np.int64], codes: NDArray[np.int64], following: NDArray[np.int64], *, begin: int, end: int, n_codes: int
) -> pl.DataFrame:
    """`patient, pair` of the events from `begin` to `end` with those that follow them; a pair is smaller code · n_codes + larger code."""
    here = following[begin:end]
    first = np.repeat(np.arange(begin, end), here)
    step = np.arange(len(first)) - np.repeat(np.cumsum(here) - here, here)
    one, other = codes[first], codes[first + 1 + step]
    apart = one != other
    pairs = np.minimum(one, other)[apart] * n_codes + np.maximum(one, other)[apart]
    return pl.DataFrame({"patient": patients[first][apart].astype(np.uint32), "pair": pairs}).unique()


def _number(patients: pl.Series) -> NDArray[np.int64]:
    """Numbers from 0 of sorted patients, in their order."""
    values = patients.to_numpy()
    return np.concatenate([np.zeros(min(len(values), 1), np.int64), np.cumsum(values[1:] != values[:-1])])


def _chunks(lengths: NDArray[np.int64], costs: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Where runs of whole patients begin and end among the events, each run of about CHUNK in cost.

    Args:
        lengths, costs: by patient: number of events, and of pairs.
    """
    chunk_of = np.cumsum(costs) // CHUNK
    ends = np.cumsum(lengths)
    last = np.flatnonzero(np.append(chunk_of[1:] != chunk_of[:-1], True))
    begin = 0
    for end in ends[last].tolist():
        if end > begin:
            yield begin, end
        begin = end
