"""Events in memory and in temporary files: none lost, a patient in one place, and nothing left behind."""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.cohort import store
from kg.cohort.store import EventStore

EVENTS = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1)), max_size=30)


def put(events: EventStore, rows: list[tuple[int, int, int]]) -> None:
    columns = np.array(rows, dtype=object).reshape(-1, 3).T
    events.add(columns[0].astype(np.uint64), columns[1].astype(np.int32), columns[2].astype(np.uint32))


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(EVENTS, max_size=4), in_memory=st.sampled_from([0, 10, 1_000]))
def test_all_events_come_out_and_a_patient_in_one_bucket(batches: list[list[tuple[int, int, int]]], in_memory: int) -> None:
    """Whatever fits into memory, and twice over: what goes in comes out, each patient's events together."""
    with pytest.MonkeyPatch.context() as patch, EventStore() as events:
        patch.setattr(store, "IN_MEMORY", in_memory)
        for rows in batches:
            put(events, rows)
        for _ in range(2):
            buckets = [bucket.tolist() for bucket in events.buckets()]
            assert Counter(row for bucket in buckets for row in bucket) == Counter(row for rows in batches for row in rows)
            assert all(count == 1 for count in Counter(patient for bucket in buckets for patient in {row[0] for row in bucket}).values())
            assert (events.n_buckets, events.n_events) == (len(buckets), sum(map(len, batches)))


def test_consecutive_patients_are_spread_evenly() -> None:
    """Patients 0 to 9,999 fall into 64 buckets of about 156."""
    counts = np.bincount(store.bucket_of(np.arange(10_000, dtype=np.uint64), 64), minlength=64)
    assert counts.min() > 140
    assert counts.max() < 175


def test_temporary_files_have_no_name_and_go_with_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder for temporary files stays empty while events are held and after the work broke off."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(store, "IN_MEMORY", 0)
    with pytest.raises(RuntimeError, match="broke off"), EventStore() as events:
        put(events, [(1, 2, 3)])
        assert events.n_buckets == 64
        assert list(tmp_path.iterdir()) == []
        files = list(events._files)
        raise RuntimeError("broke off")
    assert all(file.closed for file in files)
    assert list(tmp_path.iterdir()) == []
