"""What uvicorn leaves open: a connection that never says what it wants, and one whose headers do not end.

The server waits for a first request, and for the rest of its head, as long as the sender likes, and keeps all of it. Here a head has to
arrive whole within some seconds and so many bytes; bodies are bounded by `generel.service.bodies`, once the head is there.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from generel.service.accepting import TurnTakingLoop

LARGEST_HEAD = 32_768
MOST_HEADERS = 100
SECONDS = 10.0


class GuardedConfig(Config):
    """The server's configuration, how long it waits for the head of a request, and the folder of what its workers share, if there are several."""

    seconds_of_headers = SECONDS
    shared: Path | None = None

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop] | None:
        """A loop that accepts in turn with those of the other workers, where there are others."""
        return super().get_loop_factory() if self.shared is None else partial(TurnTakingLoop, self.shared)


class GuardedProtocol(HttpToolsProtocol):
    """See the module. The time between two requests of a connection is the server's own affair."""

    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuse a head that has not ended after more bytes than heads have."""
        if self._timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._timer is not None and self._head_bytes > LARGEST_HEAD:
            self._refuse("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """Wait for the end of a head that has begun."""
        super().on_message_begin()
        if self._timer is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header.

        Raises:
            ValueError: there are too many, which the parser passes on as a bad request.
        """
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS:
            raise ValueError("too many headers")

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._head_is_there()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_bytes = 0
        seconds = getattr(self.config, "seconds_of_headers", SECONDS)
        self._timer = self.loop.call_later(seconds, self._refuse, "The request did not arrive in time.")

    def _head_is_there(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, what: str) -> None:
        self._head_is_there()
        if not self.transport.is_closing():
            self.send_400_response(what)
