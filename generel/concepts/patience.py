"""Failures that may pass: what a server's answer says of trying again, for everything here that waits and tries again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenacity import RetryCallState

# HTTP statuses of a server that is busy, restarting or behind a gateway that cannot reach it.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class TryAgain(Exception):
    """A failure that may pass; `retry_after` is how many seconds the server asked us to wait, if it did."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        self.reason, self.retry_after = reason, retry_after
        super().__init__(reason)


def signal_of(state: "RetryCallState") -> TryAgain:
    """Why the last attempt failed."""
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TryAgain) else TryAgain("failed")


def wait_seconds(state: "RetryCallState", *, first: float, longest: float) -> float:
    """How long to wait before the next attempt: as the server asked, else twice as long each time, with jitter.

    Args:
        first: before the second attempt, more or less.
        longest: between two attempts, also where the server asks for more.
    """
    from tenacity import wait_exponential, wait_random

    asked = signal_of(state).retry_after
    if asked is not None:
        return min(asked, longest)
    return (wait_exponential(multiplier=first, max=longest) + wait_random(0, first))(state)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, written as a number or as a date; None if it is absent or unreadable."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
