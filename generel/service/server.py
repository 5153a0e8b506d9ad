"""The processes of the service: one a worker, each with a space of its own that it opens after it has started.

Workers are started anew, not forked, and share one listening socket. What they must share beside (numbers for Prometheus, rates, how many
connections each has) lies in a folder in memory that goes when the service goes.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from uvicorn import Server
from uvicorn.supervisors import Multiprocess

from generel.query.embedder import Embedder
from generel.query.space import EmbeddingSpace
from generel.service import rates
from generel.service.application import make_application
from generel.service.connections import GuardedConfig, GuardedProtocol
from generel.service.keys import Keys
from generel.service.logs import logging_config
from generel.service.metrics import FOLDER
from generel.service.settings import Settings

IN_MEMORY = Path("/dev/shm")
KEEP_ALIVE_SECONDS, SHUTDOWN_SECONDS = 30, 30
# Opening a large space keeps a worker from telling its parent that it lives.
HEALTH_SECONDS = 120
MOST_CONNECTIONS = 4096


def serve(settings: Settings) -> None:
    """Answer until the process is told to end.

    Raises:
        GenerelError: the space or the keys cannot be read; before anything is started.
    """
    # Not the vector index, which a process that starts others must not have open.
    EmbeddingSpace.open(settings.space, exact=settings.exact, qdrant=settings.qdrant).close()
    Keys(settings.keys_file)
    if settings.workers == 1:
        Server(configure(settings)).run()
        return
    with shared_folder() as folder:
        config = configure(replace(settings, shared=folder))
        Multiprocess(config, sockets=[config.bind_socket()]).run()


def configure(settings: Settings, *, embedder: Embedder | None = None) -> GuardedConfig:
    """The server's configuration; it goes to the workers pickled.

    Args:
        embedder: embeds free text instead of the space's own encoder.
    """
    config = GuardedConfig(
        partial(make_application, settings, embedder=embedder), factory=True, host=settings.host, port=settings.port, workers=settings.workers, http=GuardedProtocol, ws="none",
        lifespan="on", log_config=logging_config(), access_log=False, server_header=False, proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies), timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_worker_healthcheck=HEALTH_SECONDS, limit_concurrency=MOST_CONNECTIONS,
    )
    config.seconds_of_headers, config.shared = settings.seconds_of_headers, settings.shared
    return config


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder for what the workers share, in memory where there is a place for that, while the service runs."""
    folder = Path(tempfile.mkdtemp(prefix="generel-serve-", dir=IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None))
    try:
        rates.prepare(folder)
        # Read by the library of the workers when they import it.
        os.environ[FOLDER] = str(folder)
        yield folder
    finally:
        os.environ.pop(FOLDER, None)
        shutil.rmtree(folder, ignore_errors=True)
