"""How often each key or address may ask: a token bucket, kept as one number, the time at which it is full again.

The numbers lie in a file that is mapped by all workers, so that a limit holds for the service and not for each process. A key or address
is found by a keyed hash; two that share a place share its tokens, which is rare and safe. Workers may overwrite each other's number
in the same microsecond: a token is lost or won, nothing else.

Source: the generic cell rate algorithm, ITU-T I.371.
"""

import hashlib
import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

PLACES = 1 << 16
FILE, SECRET = "rates", "rates.secret"


class Rates:
    """See the module."""

    def __init__(self, a_second: float, *, burst: int, folder: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """`a_second`: requests; 0 for any number. `folder`: where the workers' numbers lie; None for one worker."""
        self._seconds_each, self._burst, self._clock = (1 / a_second if a_second else 0.0), burst, clock
        self._secret = os.urandom(16) if folder is None else (folder / SECRET).read_bytes()
        self._full_at = np.zeros(PLACES) if folder is None else _map(folder / FILE)

    def take(self, who: str) -> float:
        """0 where the request may be answered, which takes a token; else in how many seconds there is one again."""
        if not self._seconds_each:
            return 0.0
        place, now = self._place(who), self._clock()
        full_at = max(float(self._full_at[place]), now) + self._seconds_each
        wait = full_at - now - self._burst * self._seconds_each
        # A hair of rounding must not refuse the last token.
        if wait > 1e-9:
            return wait
        self._full_at[place] = full_at
        return 0.0

    def _place(self, who: str) -> int:
        digest = hashlib.blake2b(who.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(digest, "big") % PLACES


def prepare(folder: Path) -> None:
    """Make the files that all workers of one service map."""
    (folder / SECRET).write_bytes(os.urandom(16))
    (folder / FILE).write_bytes(bytes(8 * PLACES))


def _map(path: Path) -> np.ndarray:
    with path.open("r+b") as stream:
        return np.frombuffer(mmap.mmap(stream.fileno(), 0), dtype=np.float64)
