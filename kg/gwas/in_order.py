"""Work done by a few threads whose results come in the order of the tasks, with few of them in memory at a time.

Polars, numpy and zlib let other threads run while they work, so threads are enough to keep two cores busy.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS, TASKS_AHEAD = 2, 2
Task = TypeVar("Task")
Made = TypeVar("Made")


def in_order(work: Callable[[Task], Made], tasks: Iterable[Task], *, threads: int = THREADS) -> Iterator[Made]:
    """What `work` makes of each task, in their order, a few of them being worked on ahead."""
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(work, task))
                if len(waiting) >= threads + TASKS_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
