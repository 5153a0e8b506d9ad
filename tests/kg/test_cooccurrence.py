"""Counting patients with two codes: against a plain loop, by hand, and that nothing below the threshold is told."""

import math
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generel.concepts.tables import COOCCURRENCES
from kg.cohort import meetings, store
from kg.cohort.cooccurrence import STAMPED, Suppressed, count_cooccurrences
from tests.oracles import cooccurrences_by_loop

FIRST = date(2019, 12, 20)
Event = tuple[int, int, str]
EVENTS = st.lists(st.tuples(st.integers(0, 5), st.integers(-40, 40), st.sampled_from("abcde")), max_size=40)
WINDOWS = st.sampled_from([None, 0, 1, 7, 30])


def frame(events: list[Event]) -> pl.DataFrame:
    """EVENTS; days count from `FIRST`, codes are made CURIEs."""
    rows = [(patient, FIRST + timedelta(days=day), f"mesh:{code}") for patient, day, code in events]
    return pl.DataFrame(rows, schema={"patient": pl.Int64, "day": pl.Date, "code": pl.String}, orient="row")


def counts(pairs: pl.DataFrame) -> dict[tuple[str, str], tuple[int, int, int]]:
    rows = pairs.select(pl.col("left", "right").str.strip_prefix("mesh:"), "n_together", "n_left", "n_right").rows()
    return {(left, right): tuple(n) for left, right, *n in rows}


@settings(max_examples=150, deadline=None)
@given(events=EVENTS, window_days=WINDOWS, minimum_patients=st.integers(1, 4))
def test_counts_are_those_of_a_plain_loop(events: list[Event], window_days: int | None, minimum_patients: int) -> None:
    """Every pair, its three counts, and the numbers suppressed are what looping over pairs of events gives."""
    pairs, suppressed = count_cooccurrences(frame(events), cohort="c", window_days=window_days, minimum_patients=minimum_patients)
    told, codes, untold = cooccurrences_by_loop(events, window_days=window_days, minimum_patients=minimum_patients)
    assert counts(pairs) == told
    assert suppressed == Suppressed(codes, untold)


@settings(max_examples=30, deadline=None)
@given(events=EVENTS, window_days=WINDOWS)
def test_events_in_temporary_files_are_counted_as_those_in_memory(events: list[Event], window_days: int | None) -> None:
    """Spread over buckets on disk, and a patient and a pair at a time: the same counts."""
    whole = count_cooccurrences(frame(events), cohort="c", window_days=window_days, minimum_patients=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "IN_MEMORY", 0)
        patch.setattr(store, "N_BUCKETS", 3)
        patch.setattr(meetings, "CHUNK", 1)
        pieces = count_cooccurrences(frame(events), cohort="c", window_days=window_days, minimum_patients=1)
    assert pieces[0].equals(whole[0])
    assert pieces[1] == whole[1]


@settings(max_examples=30, deadline=None)
@given(events=EVENTS, window_days=WINDOWS, shift=st.integers(0, 9), seed=st.randoms(use_true_random=False))
def test_neither_order_nor_names_of_patients_nor_the_calendar_matter(events: list[Event], window_days: int | None, shift: int, seed: object) -> None:
    """Rows shuffled and doubled, patients called otherwise, and all days moved give the same pairs."""
    other = [(1_000_003 * (9 - patient), day + shift, code) for patient, day, code in events + events[: len(events) // 2]]
    seed.shuffle(other)  # type: ignore[attr-defined]
    renamed = frame(other).with_columns(patient=pl.format("patient {}", "patient"))
    first, again = (count_cooccurrences(each, cohort="c", window_days=window_days, minimum_patients=2) for each in (frame(events), renamed))
    assert first[0].equals(again[0])
    assert first[1] == again[1]


@given(events=EVENTS)
@settings(max_examples=30, deadline=None)
def test_a_wider_window_never_loses_patients(events: list[Event]) -> None:
    """n_together grows with the window, up to that of no window."""
    narrow, wide, ever = (counts(count_cooccurrences(frame(events), cohort="c", window_days=w, minimum_patients=1)[0]) for w in (3, 12, None))
    assert all(n[0] <= wide[pair][0] <= ever[pair][0] for pair, n in narrow.items())


def test_ppmi_is_that_worked_by_hand() -> None:
    """3 together, 4 and 6 alone, 12 patients: ln(3 * 12 / (4 * 6)) = ln 1.5; with 6 patients it would be negative and is 0."""
    events = [(p, 0, "a") for p in (0, 1, 2, 3)] + [(p, 5, "b") for p in (1, 2, 3, 4, 5, 6)]
    (row,) = count_cooccurrences(frame(events), cohort="mine", window_days=None, minimum_patients=3, n_patients=12)[0].to_dicts()
    assert row.pop("ppmi") == pytest.approx(math.log(1.5))
    assert row == {
        "left": "mesh:a", "right": "mesh:b", "cohort": "mine", "n_together": 3, "n_left": 4, "n_right": 6, "n_patients": 12, "window_days": None,
    }
    assert count_cooccurrences(frame(events), cohort="c", window_days=5, minimum_patients=3)[0]["ppmi"].to_list() == [0.0]


def test_the_last_day_of_the_window_counts_and_the_next_does_not() -> None:
    """Codes 30 days apart meet within 30 days, in both orders; codes 31 days apart do not."""
    events = [(0, 0, "a"), (0, 30, "b"), (1, 30, "a"), (1, 0, "b"), (2, 0, "a"), (2, 31, "b")]
    pairs, _ = count_cooccurrences(frame(events), cohort="c", window_days=30, minimum_patients=1)
    assert counts(pairs) == {("a", "b"): (2, 3, 3)}
    assert pairs["window_days"].to_list() == [30]


def test_eleven_patients_are_told_and_ten_are_not() -> None:
    """By default a pair of 10 patients is suppressed, and so is every pair of a code of 10."""
    events = [(p, 0, code) for p in range(11) for code in "ab"] + [(p, 0, "c") for p in range(1, 12)] + [(p, 0, "d") for p in range(10)]
    pairs, suppressed = count_cooccurrences(frame(events), cohort="c", window_days=None)
    assert counts(pairs) == {("a", "b"): (11, 11, 11)}
    assert suppressed == Suppressed(codes=1, pairs=2)


def test_the_columns_are_those_of_the_table_and_none_is_of_a_patient() -> None:
    """What comes back is COOCCURRENCES without the stamp, with or without rows."""
    for events in ([], [(0, 0, "a"), (0, 0, "b")]):
        for window_days in (None, 7):
            pairs, _ = count_cooccurrences(frame(events), cohort="c", window_days=window_days, minimum_patients=1)
            assert dict(pairs.schema) == {name: kind for name, kind in COOCCURRENCES.columns.items() if name not in STAMPED}


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"window_days": -1}, "window_days is a number of days from 0 on, or None for ever, not -1"),
        ({"window_days": None, "minimum_patients": 0}, "minimum_patients is at least 1, not 0"),
        ({"window_days": None, "n_patients": 1}, "n_patients is 1, but 2 patients have events"),
    ],
)
def test_impossible_settings_are_refused(settings_: dict[str, int | None], message: str) -> None:
    """A negative window, no threshold and a cohort smaller than its events are errors that say so."""
    with pytest.raises(ValueError, match=message):
        count_cooccurrences(frame([(0, 0, "a"), (1, 0, "b")]), cohort="c", **settings_)  # type: ignore[arg-type]


def test_events_with_holes_are_refused() -> None:
    """A missing day is no event of any day: it is refused, without a word on whose it is."""
    events = frame([(4711, 0, "a")]).with_columns(day=pl.lit(None, dtype=pl.Date))
    with pytest.raises(ValueError, match="events have 1 empty values") as raised:
        count_cooccurrences(events, cohort="c", window_days=None)
    assert "4711" not in str(raised.value)
