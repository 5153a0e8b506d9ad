"""Workers take connections in turn: real processes that accept from one socket."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generel.service import accepting
from generel.service.accepting import SUFFIX, Turns, TurnTakingLoop

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers share a socket by its number")

# Says the number of its process to each who comes, and keeps the connection.
WORKER = """
import asyncio, os, socket, sys
from pathlib import Path
from generel.service import accepting

accepting.STEP_SECONDS, accepting.PATIENCE_SECONDS = map(float, sys.argv[3:])

class Namer(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(f"{os.getpid()}\\n".encode())

loop = accepting.TurnTakingLoop(Path(sys.argv[2]))
asyncio.set_event_loop(loop)
loop.run_until_complete(loop.create_server(Namer, sock=socket.socket(fileno=int(sys.argv[1])), backlog=100))
print("ready", flush=True)
loop.run_forever()
"""


@contextmanager
def workers(n: int, folder: Path, *, step: float = accepting.STEP_SECONDS, patience: float = accepting.PATIENCE_SECONDS) -> Iterator[tuple[str, int]]:
    """Address of a socket that so many processes accept from, which step back for so many seconds, and for so many in all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-c", WORKER, str(listening.fileno()), str(folder), str(step), str(patience)]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[listening.fileno()]) for _ in range(n)]
        try:
            for process in processes:
                assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            yield listening.getsockname()
        finally:
            for process in processes:
                process.kill()
                process.communicate()


def connect(address: tuple[str, int], n: int) -> list[tuple[socket.socket, bytes]]:
    """So many connections made at once, and which process has each."""
    made = [socket.create_connection(address, timeout=10) for _ in range(n)]
    return [(each, each.recv(100)) for each in made]


def test_each_of_three_workers_has_a_third(tmp_path: Path) -> None:
    """However they come: at once, and again after all of one worker's have gone."""
    with workers(3, tmp_path, step=0.05, patience=10) as address:
        there = connect(address, 30)
        shares = Counter(who for _, who in there)
        assert len(shares) == 3 and min(shares.values()) >= 5
        leaving = there[0][1]
        for connection, who in there:
            if who == leaving:
                connection.close()
        time.sleep(0.2)
        came = Counter(who for _, who in connect(address, shares[leaving]))
        assert 3 * came[leaving] > shares[leaving]


@pytest.mark.parametrize("of_the_living", [True, False])
def test_nobody_waits_for_a_worker_that_does_not_come(tmp_path: Path, of_the_living: bool) -> None:
    """One that has died, and one that lives and is busy: all is taken by who is there."""
    process = os.getpid() if of_the_living else _a_process_that_has_ended()
    (tmp_path / f"{process}{SUFFIX}").write_bytes(bytes(8))
    with workers(1, tmp_path) as address:
        assert len(connect(address, 20)) == 20


def test_what_is_being_written_is_passed_over(tmp_path: Path) -> None:
    """A file without its number says nothing."""
    turns = Turns(tmp_path)
    (tmp_path / f"{os.getppid()}{SUFFIX}").write_bytes(b"")
    assert turns.fewest_of_others() is None
    (tmp_path / f"{os.getppid()}{SUFFIX}").write_bytes((7).to_bytes(8, "little"))
    assert turns.fewest_of_others() == 7


def test_a_closed_server_leaves(tmp_path: Path) -> None:
    """Its file goes, so that nobody counts on it; a server without a socket of its own is the loop's affair."""
    loop = TurnTakingLoop(tmp_path)
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = loop.run_until_complete(loop.create_server(asyncio.Protocol, sock=listening))
            assert [path.name for path in tmp_path.iterdir()] == [f"{os.getpid()}{SUFFIX}"]
            server.close()
            loop.run_until_complete(server.wait_closed())
        assert not list(tmp_path.iterdir())
        other = loop.run_until_complete(loop.create_server(asyncio.Protocol, "127.0.0.1", 0))
        assert other.sockets
        other.close()
    finally:
        loop.close()


def _a_process_that_has_ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
