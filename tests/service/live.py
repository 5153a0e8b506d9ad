"""A real server on the loopback, in a thread of this process."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from uvicorn import Server

from generel.query.embedder import Embedder
from generel.service.server import configure
from generel.service.settings import Settings


@contextmanager
def live(settings: Settings, *, embedder: Embedder | None = None) -> Iterator[tuple[str, int]]:
    """Host and port of a service that answers until the context ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = configure(replace(settings, port=port), embedder=embedder)
    # Logs are pytest's here.
    config.log_config = None
    server = Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield "127.0.0.1", port
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def send(address: tuple[str, int], *parts: bytes, wait: float = 5.0) -> bytes:
    """Everything that is answered to these bytes until the connection is closed, or nothing came for so many seconds."""
    with socket.create_connection(address, timeout=wait) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            answer = b""
            while piece := connection.recv(65_536):
                answer += piece
        except (TimeoutError, ConnectionError):
            pass
        return answer
