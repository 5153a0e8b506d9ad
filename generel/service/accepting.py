"""Connections are taken in turn by the workers of a service.

All workers accept from one listening socket, and the kernel gives what waits there to whoever asks first: of 32 connections one of two workers
had 26, and its requests waited for each other while the other worker had time. Here a worker that has more connections than another of
them steps back for a moment, so that the other one may come first.

How many connections a worker has is in a file of its own in the workers' folder, rewritten whenever somebody knocks.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import SelectorEventLoop as Loop
else:
    try:
        from uvloop import Loop
    except ModuleNotFoundError:
        from asyncio import SelectorEventLoop as Loop

STEP_SECONDS = 0.002
# Who does not come for so long is busy with something else; then whoever is there takes all that wait.
PATIENCE_SECONDS = 0.05
# After the process has run out of files, say.
PAUSE_SECONDS = 1.0
SUFFIX = ".connections"

log = logging.getLogger("generel.service")


class Turns:
    """How many connections this worker has, and each of the others."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._own = folder, folder / f"{os.getpid()}{SUFFIX}"
        self.say(0)

    def say(self, n: int) -> None:
        """Let the others know how many this worker has."""
        with self._own.open("wb") as file:
            file.write(n.to_bytes(8, "little"))

    def fewest_of_others(self) -> int | None:
        """The least that any other living worker has; None where there is no other."""
        return min(self._others(), default=None)

    def leave(self) -> None:
        """Take part no more."""
        self._own.unlink(missing_ok=True)

    def _others(self) -> Iterator[int]:
        for path in self._folder.glob(f"*{SUFFIX}"):
            if path != self._own and _lives(int(path.name.removesuffix(SUFFIX))):
                try:
                    said = path.read_bytes()
                except OSError:
                    continue
                # A file that is being written is empty for a moment.
                if said:
                    yield int.from_bytes(said, "little")


class Acceptor:
    """Accepts from a listening socket when it is this worker's turn; what of a server uvicorn asks for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: Callable[[], asyncio.BaseProtocol], listening: socket.socket, *, turns: Turns, ssl: SSLContext | None) -> None:
        self._loop, self._protocol, self._listening, self._turns, self._ssl = loop, protocol, listening, turns, ssl
        self._open: set[asyncio.BaseTransport] = set()
        self._beginning: set[asyncio.Task[None]] = set()
        self._waited = 0.0
        self._later: asyncio.TimerHandle | None = None
        loop.add_reader(listening, self._accept)

    def close(self) -> None:
        """Accept no more."""
        if self._later is not None:
            self._later.cancel()
        self._loop.remove_reader(self._listening)
        self._turns.leave()

    async def wait_closed(self) -> None:
        """Return at once: nothing of it stays open."""

    def _accept(self) -> None:
        self._open = {each for each in self._open if not each.is_closing()}
        while True:
            n_open = len(self._open) + len(self._beginning)
            self._turns.say(n_open)
            if self._another_first(n_open):
                self._waited += STEP_SECONDS
                self._pause(STEP_SECONDS)
                return
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                self._waited = 0.0
                return
            except OSError:
                log.exception("a connection could not be accepted; the next is tried in a moment")
                self._pause(PAUSE_SECONDS)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._begin(connection))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    def _another_first(self, n_open: int) -> bool:
        """Whether to step back; at the first look always, for what others have said may be from before theirs were closed, and they say it anew now."""
        fewest = self._turns.fewest_of_others()
        return fewest is not None and self._waited < PATIENCE_SECONDS and (fewest < n_open or (n_open > 0 and not self._waited))

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._later = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._later = None
        self._loop.add_reader(self._listening, self._accept)

    async def _begin(self, connection: socket.socket) -> None:
        try:
            transport, _ = await self._loop.connect_accepted_socket(self._protocol, connection, ssl=self._ssl)
        except OSError:
            # Who knocked has gone again.
            connection.close()
        else:
            self._open.add(transport)


class TurnTakingLoop(Loop):
    """An event loop whose servers accept in turn with those of other processes."""

    def __init__(self, folder: Path) -> None:
        """`folder`: what the workers share."""
        super().__init__()
        self._folder = folder

    async def create_server(self, protocol_factory: Callable[[], asyncio.BaseProtocol], *arguments: Any, sock: socket.socket | None = None, **options: Any) -> Any:
        """As `asyncio.loop.create_server`; of a socket that is given, connections are taken in turn."""
        if sock is None:
            return await super().create_server(protocol_factory, *arguments, **options)
        sock.listen(options.get("backlog", 100))
        sock.setblocking(False)
        return Acceptor(self, protocol_factory, sock, turns=Turns(self._folder), ssl=options.get("ssl"))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
