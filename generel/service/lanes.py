"""Where work is done: a thread for what is quick, one for what is slow and one for texts, each with a queue of bounded length.

The engine holds the interpreter's lock while it searches, so more threads would answer nothing sooner; what lanes are for is that a
neighbor query does not wait behind an explanation. Who finds the queue full, or has waited too long in it, is told to come again.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TypeVar

from generel.concepts.errors import Overloaded
from generel.service.metrics import Metrics

Answer = TypeVar("Answer")


class Lane(StrEnum):
    """Which thread does it."""

    QUICK = "quick"
    SLOW = "slow"
    TEXTS = "texts"


class Lanes:
    """The lanes of one process; used from one event loop."""

    def __init__(self, *, waiting: int, seconds: float, metrics: Metrics) -> None:
        """`waiting`: how many may be in a lane at once; `seconds`: how long one may wait before it is begun."""
        self._waiting, self._seconds, self._metrics = waiting, seconds, metrics
        self._threads = {lane: ThreadPoolExecutor(1, thread_name_prefix=f"generel-{lane}") for lane in Lane}
        self._inside = dict.fromkeys(Lane, 0)

    async def run(self, work: Callable[[], Answer], lane: Lane) -> Answer:
        """What `work` returns or raises, done in the lane's thread.

        Raises:
            Overloaded: too many wait there, or this one has waited too long.
        """
        if self._inside[lane] >= self._waiting:
            raise self.turn_away(lane)
        deadline = time.monotonic() + self._seconds
        self._inside[lane] += 1
        self._metrics.inside.labels(lane).set(self._inside[lane])
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads[lane], _begin, work, deadline)
        finally:
            self._inside[lane] -= 1
            self._metrics.inside.labels(lane).set(self._inside[lane])

    def turn_away(self, lane: Lane) -> Overloaded:
        """The error for one who finds a lane full, who is counted."""
        self._metrics.turned_away.labels(lane).inc()
        return Overloaded("the service has too many requests waiting; try again in a moment")

    def close(self) -> None:
        """Let what is being done end; begin nothing more."""
        for thread in self._threads.values():
            thread.shutdown(wait=True, cancel_futures=True)


def _begin(work: Callable[[], Answer], deadline: float) -> Answer:
    # Nobody waits any more for what is begun so late; doing it would only make the next one late as well.
    if time.monotonic() > deadline:
        raise Overloaded("the service could not begin in time; try again in a moment")
    return work()
