"""Failures that may pass: what a server's answer says of trying again, for everything here that waits and tries again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tenacity import RetryCallState

Result = TypeVar("Result")
# HTTP statuses of a server that is busy, restarting or behind a gateway that cannot reach it.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class TryAgain(Exception):
    """A failure that may pass; `retry_after` is how many seconds the server asked us to wait, if it did."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        self.reason, self.retry_after = reason, retry_after
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often something is tried, and how long we wait in between.

    Attributes:
        attempts: how often in a row it may fail.
        first_wait_seconds: before the second attempt, more or less; each later wait doubles it.
        longest_wait_seconds: between two attempts, also where the server asks for more.
        sleep: how to wait.
    """

    attempts: int = 5
    first_wait_seconds: float = 0.2
    longest_wait_seconds: float = 20.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def persist(
        self, attempt: Callable[[], Result], *, failures: Callable[[], int] | None = None, say: Callable[[str, float], None] = lambda reason, seconds: None
    ) -> Result:
        """What `attempt` returns once it no longer raises `TryAgain`.

        Args:
            failures: how many in a row count so far; None if all attempts do.
            say: is told, before each wait, why the attempt failed and how many seconds the wait is.

        Raises:
            TryAgain: it failed too often; the last one.
        """
        from tenacity import Retrying, retry_if_exception_type

        retrying = Retrying(
            retry=retry_if_exception_type(TryAgain), stop=lambda state: (failures() if failures else state.attempt_number) >= self.attempts,
            wait=self._wait, sleep=self.sleep, before_sleep=lambda state: say(_signal_of(state).reason, state.upcoming_sleep), reraise=True,
        )
        return retrying(attempt)

    def _wait(self, state: "RetryCallState") -> float:
        """As the server asked, else twice as long each time, with jitter."""
        from tenacity import wait_exponential, wait_random

        asked = _signal_of(state).retry_after
        if asked is not None:
            return min(asked, self.longest_wait_seconds)
        return (wait_exponential(multiplier=self.first_wait_seconds, max=self.longest_wait_seconds) + wait_random(0, self.first_wait_seconds))(state)


def _signal_of(state: "RetryCallState") -> TryAgain:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TryAgain) else TryAgain("failed")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, written as a number or as a date; None if it is absent or unreadable."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
