"""Who may ask, and how often: a key where keys are wanted, and so many requests a second of each key or address.

A key comes as `Authorization: Bearer KEY`, as `X-API-Key`, or as the password of a browser's own log-in window, so that the page works with
keys, too. Attempts with wrong keys count against their address.
"""

import base64
import binascii
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from generel.concepts.errors import GenerelError, NotAuthorized, TooManyRequests
from generel.service.keys import Keys
from generel.service.metrics import Metrics
from generel.service.problems import problem_of
from generel.service.rates import Rates

# For whoever looks after the process; they tell nothing of the space.
OPEN = frozenset({"/healthz", "/readyz"})


class Admission:
    """See the module."""

    def __init__(self, app: ASGIApp, *, keys: Keys, rates: Rates, metrics: Metrics) -> None:
        self._app, self._keys, self._rates, self._metrics = app, keys, rates, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A browser asks what it may send before it sends it, and sends no key with that.
        if scope["type"] != "http" or scope["path"] in OPEN or scope["method"] == "OPTIONS":
            await self._app(scope, receive, send)
            return
        try:
            self._admit(scope)
        except GenerelError as error:
            self._metrics.refused.labels(type(error).__name__).inc()
            await problem_of(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        """Notes whose key it is, and whether it may write.

        Raises:
            NotAuthorized: a key is needed, and there is none or a wrong one.
            TooManyRequests: of this key or address.
        """
        address = (scope.get("client") or ("",))[0]
        if self._keys.are_needed:
            given = key_of(dict(scope["headers"]))
            key = self._keys.find(given) if given else None
            if key is None:
                self._take(f"address {address}")
                raise NotAuthorized("this service needs a key that it knows: send it as 'Authorization: Bearer KEY'" if not given else "the service does not know this key; it may have been revoked")
            scope["key_name"], scope["key_may_write"] = key.name, key.may_write
            self._take(f"key {key.name}")
        else:
            self._take(f"address {address}")

    def _take(self, who: str) -> None:
        wait = self._rates.take(who)
        if wait > 0:
            raise TooManyRequests("too many requests in a short time; wait as long as Retry-After says", retry_after=wait)


def key_of(headers: Mapping[bytes, bytes]) -> str | None:
    """The key that a request carries; None where it carries none that can be read."""
    scheme, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return headers.get(b"x-api-key", b"").decode("latin-1").strip() or None
