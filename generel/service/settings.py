"""All that can be set about the service, in one place; `generel serve` and tests fill it in.

Plain values only: a worker process gets its settings pickled.
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from generel.concepts.errors import BadInput


@dataclass(frozen=True)
class Settings:
    """What to serve and how much of it.

    Attributes:
        space: name or path of the space; None for GENEREL_SPACE, else the starter space.
        gene_sets: name or path of the gene-set model; None for GENEREL_GENE_SETS, else the only one there is, if any.
        exact: search by scanning all vectors.
        qdrant: address of the Qdrant server that searches; None for GENEREL_QDRANT_URL, else the index in the space's folder.
        host, port: where to listen; port 0 for any that is free.
        workers: processes.
        keys_file: hashed API keys, as `generel serve keys` writes them; None for none. Where there is a key, every page and answer but
            /healthz and /readyz needs one.
        requests_a_second: how many each key or, without keys, each address may ask for steadily; 0 for any number.
        burst: how many of them may come at once.
        largest_body: bytes of a request.
        largest_batch: queries, pairs or texts of one request.
        waiting: how many requests may wait for one lane of a worker before others are turned away.
        seconds_of_headers, seconds_of_body: how long each may take to arrive.
        seconds_of_answer: how long a request may wait for its answer.
        batch_milliseconds: how long the first of several free texts waits for others, to be embedded with them.
        watch_seconds: how often the files of the space are looked at for a new release.
        origins: sites whose pages may ask from a browser (CORS); none by default.
        trusted_proxies: addresses whose X-Forwarded-For is believed.
        writable: whether concepts may be added to the space, and taken out again, by request; where there are keys, only with one that may write.
        log_queries: whether what was asked is logged, and not only which page.
        shared: a folder in memory that the workers of one service share; None for one worker.
    """

    space: str | Path | None = None
    gene_sets: str | Path | None = None
    exact: bool = False
    qdrant: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    keys_file: Path | None = None
    requests_a_second: float = 0.0
    burst: int = 100
    largest_body: int = 4 << 20
    largest_batch: int = 1000
    waiting: int = 128
    seconds_of_headers: float = 10.0
    seconds_of_body: float = 15.0
    seconds_of_answer: float = 30.0
    batch_milliseconds: float = 3.0
    watch_seconds: float = 1.0
    origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    writable: bool = False
    log_queries: bool = False
    shared: Path | None = None

    def __post_init__(self) -> None:
        """Raises BadInput, naming all settings that cannot be."""
        positive = ("workers", "burst", "largest_body", "largest_batch", "waiting", "seconds_of_headers", "seconds_of_body", "seconds_of_answer", "watch_seconds")
        wrong = [f"{name} is {getattr(self, name)}; it must be above 0" for name in positive if getattr(self, name) <= 0]
        wrong += [f"{name} is {getattr(self, name)}; it may not be negative" for name in ("requests_a_second", "batch_milliseconds", "port") if getattr(self, name) < 0]
        if self.writable and self.keys_file is None and not is_loopback(self.host):
            wrong.append(f"whoever reaches {self.host} could change the space: a service that may be written to needs keys, or 127.0.0.1 as its host")
        if wrong:
            raise BadInput(f"the service cannot be started so: {'; '.join(wrong)}")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
