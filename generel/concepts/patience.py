"""Failures that may pass: what a server's answer says of trying again, for everything here that waits and tries again."""

# HTTP statuses of a server that is busy, restarting or behind a gateway that cannot reach it.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class TryAgain(Exception):
    """A failure that may pass; `retry_after` is how many seconds the server asked us to wait, if it did."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        self.reason, self.retry_after = reason, retry_after
        super().__init__(reason)
