"""A real `generel serve` for the benchmarks, and a client that costs next to nothing beside it.

The client is a protocol of asyncio over connections that stay open: it writes prepared bytes and reads no more of an answer than its status
and its length, for on two cores every microsecond of the asker is one that the service does not get.
"""

import asyncio
import itertools
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np

HEAD_END = b"\r\n\r\n"
OWN = ("Pss_Anon", "Pss_Shmem")
GONE = " (deleted)"
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@contextmanager
def service(space: Path, *options: str) -> Iterator[tuple[int, int]]:
    """Port and process of a service of the space, ready to answer; it ends with the context."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-c", "from generel.cli.main import main; main()", "serve", "--space", str(space), "--port", str(port), *options]
    log = Path(os.environ.get("GENEREL_BENCHMARK_LOG", os.devnull)).open("ab")  # noqa: SIM115 (closed below)
    process = subprocess.Popen(command, stderr=log)
    try:
        _await_ready(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()
        log.close()


def _await_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        if process.poll() is not None:
            raise SystemExit("the service did not start")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service is not ready after ten minutes")


def get(path: str) -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Asker(asyncio.Protocol):
    """One connection that asks one question after the other: as soon as the last is answered, or when a next one is due.

    A question that is due before the last is answered is asked late, and its time counts from when it was due; else a slow answer would
    hide how long all that came after it would have had to wait.
    """

    def __init__(self, questions: Iterator[bytes], until: float, seconds: list[float], statuses: Counter[int], done: Callable[[], None], *, due: Iterator[float]) -> None:
        """`due`: on the performance counter, when to ask."""
        self._questions, self._until, self._seconds, self._statuses, self._done, self._due = questions, until, seconds, statuses, done, due
        self._buffer, self._wanted, self._began, self._status, self._has_ended = bytearray(), -1, 0.0, 0, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._await_turn()

    def _await_turn(self) -> None:
        now = time.perf_counter()
        due = next(self._due, now)
        self._began = due
        if max(due, now) > self._until:
            self._has_ended = True
            self._transport.close()
        elif due > now:
            asyncio.get_running_loop().call_later(due - now, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(next(self._questions))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._wanted < 0:
            end = self._buffer.find(HEAD_END)
            if end < 0:
                return
            found = LENGTH.search(self._buffer, 0, end)
            self._status = int(self._buffer[9:12])
            self._wanted = end + len(HEAD_END) + (int(found[1]) if found else 0)
        if len(self._buffer) >= self._wanted:
            self._seconds.append(time.perf_counter() - self._began)
            self._statuses[self._status] += 1
            del self._buffer[: self._wanted]
            self._wanted = -1
            self._await_turn()

    def connection_lost(self, error: Exception | None) -> None:
        # A connection that the service has cut in the middle of an answer has failed a request.
        if not self._has_ended:
            self._statuses[0] += 1
        self._done()


def ask(port: int, questions: Iterator[bytes], *, connections: int, seconds: float, a_second: float = 0.0) -> tuple[list[float], Counter[int]]:
    """Seconds of each answer, and how many of each status (0 for none), asked so long over so many connections, each waiting for its answer.

    Args:
        a_second: questions, over all connections; 0 for as many as are answered.
    """
    took: list[float] = []
    statuses: Counter[int] = Counter()

    async def run() -> None:
        loop, begin = asyncio.get_running_loop(), time.perf_counter()
        ended = [loop.create_future() for _ in range(connections)]
        for at, future in enumerate(ended):
            due = itertools.count(begin + at / a_second, connections / a_second) if a_second else iter(())
            await loop.create_connection(
                lambda future=future, due=due: Asker(questions, begin + seconds, took, statuses, lambda: future.set_result(None), due=due), "127.0.0.1", port
            )
        await asyncio.gather(*ended)

    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(run())
    else:
        uvloop.run(run())
    return took, statuses


def summary(took: Sequence[float], statuses: Counter[int], seconds: float) -> dict[str, object]:
    """A row of a table: requests a second, percentiles in milliseconds, statuses."""
    p50, p95, p99 = (1000 * np.quantile(took, share) for share in (0.5, 0.95, 0.99)) if took else (float("nan"),) * 3
    said = " ".join(f"{status}:{n:,}" for status, n in sorted(statuses.items()))
    return {"requests/s": f"{len(took) / seconds:,.0f}", "p50 ms": f"{p50:.1f}", "p95 ms": f"{p95:.1f}", "p99 ms": f"{p99:.1f}", "statuses": said}


def megabytes(process: int, *of: str) -> float:
    """Memory of a process and its children: each one's share of what they share.

    Args:
        of: lines of /proc/PID/smaps_rollup that count; those of OWN where none is given, for pages of mapped files can be taken away at
            any time, and what is a process's own cannot.
    """
    return sum(_sum_lines(each, of or OWN) for each in (process, *_children(process))) / 1024


def count_deleted(process: int) -> int:
    """How many files that are gone from the disk a process and its children have open or mapped; files of no name, in memory, do not count."""
    return sum(len(set(_deleted(each))) for each in (process, *_children(process)))


def _deleted(process: int) -> Iterator[str]:
    root = Path(f"/proc/{process}")
    try:
        paths = [line.split(maxsplit=5)[5] for line in (root / "maps").read_text().splitlines() if line.endswith(GONE)]
        paths += [str(link.readlink()) for link in (root / "fd").iterdir() if link.is_symlink()]
    except OSError:
        return
    yield from (path for path in paths if path.endswith(GONE) and not path.startswith(("/memfd:", "/dev/shm/", "/tmp/tmp")))


def _children(process: int) -> list[int]:
    try:
        return [int(each) for path in Path(f"/proc/{process}/task").glob("*/children") for each in path.read_text().split()]
    except OSError:
        return []


def _sum_lines(process: int, of: Sequence[str]) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.partition(":")[0] in of)


def cpu_seconds(process: int) -> float:
    """Processor seconds that a process and its children have used so far."""
    ticks = 0
    for each in (process, *_children(process)):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
