"""The events of a cohort while it is being counted: in memory while they are few, then in unnamed temporary files.

Events come in any order and go out in buckets, each with all events of its patients and small enough to work on. The files never
have a name (on Windows: none that outlives the process), so nothing of a patient stays on the disk, even if the process is killed.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.concepts.atomic import say_when_full

EVENT = np.dtype([("patient", "<u8"), ("day", "<i4"), ("code", "<u4")])
# Events held in memory before files are used: 64 MB.
IN_MEMORY = 4_000_000
# A billion events make buckets of 16 million, of which one at a time is in memory.
N_BUCKETS = 64
# 2**64 divided by the golden ratio: spreads consecutive numbers evenly over the highest bits (Knuth, TAOCP 3, 6.4).
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class EventStore:
    """Events `patient, day, code`, all numbers; use it as a context, and it is gone afterwards.

    Attributes:
        n_events: how many there are.
        n_buckets: how many buckets they come out in; known when all are added.
    """

    def __init__(self) -> None:
        self.n_events = 0
        self._held: list[NDArray] = []
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> "EventStore":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for file in self._files:
            file.close()
        self._files, self._held = [], []

    @property
    def n_buckets(self) -> int:
        return len(self._files) or 1

    def add(self, patients: NDArray[np.uint64], days: NDArray[np.int32], codes: NDArray[np.uint32]) -> None:
        """Put these events with the others; the arrays are of one length.

        Raises:
            DiskFull: no room for temporary files.
        """
        events = np.empty(len(patients), EVENT)
        events["patient"], events["day"], events["code"] = patients, days, codes
        self.n_events += len(events)
        self._held.append(events)
        if self._files or self.n_events > IN_MEMORY:
            self._spill()

    def buckets(self) -> Iterator[NDArray]:
        """All events, a bucket at a time; those of one patient are in one bucket."""
        if not self._files:
            yield _join(self._held)
            return
        for file in self._files:
            file.flush()
            file.seek(0)
            yield np.fromfile(file, EVENT)

    def _spill(self) -> None:
        """Move what is held to the files, which are made the first time."""
        with say_when_full(Path(tempfile.gettempdir()) / "events"):
            while len(self._files) < N_BUCKETS:
                self._files.append(tempfile.TemporaryFile())  # noqa: SIM115 - __exit__ closes them
            events = _join(self._held)
            self._held = []
            bucket = bucket_of(events["patient"], len(self._files))
            order = np.argsort(bucket, kind="stable")
            ends = np.cumsum(np.bincount(bucket, minlength=len(self._files)))
            for file, part in zip(self._files, np.split(events[order], ends[:-1]), strict=True):
                file.seek(0, 2)
                file.write(part.tobytes())


def bucket_of(patients: NDArray[np.uint64], n_buckets: int) -> NDArray[np.uint8]:
    """The bucket of each patient, from 0; at most 256 buckets."""
    spread = (patients * GOLDEN) >> np.uint64(32)
    return ((spread * np.uint64(n_buckets)) >> np.uint64(32)).astype(np.uint8)


def frame_of(events: NDArray) -> pl.DataFrame:
    """`patient, day, code` of a bucket."""
    return pl.DataFrame({name: np.ascontiguousarray(events[name]) for name in ("patient", "day", "code")})


def _join(parts: list[NDArray]) -> NDArray:
    return np.concatenate([np.empty(0, EVENT), *parts])
