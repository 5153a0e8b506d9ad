"""Around every request: an id, a log line, a count, a time, headers for browsers, and a problem where everything else failed.

Plain ASGI, for this runs at every request; nothing in it knows what is asked.
"""

import logging
import re
import secrets
import time
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from generel.service.metrics import Metrics
from generel.service.problems import problem

REQUEST_ID = "x-request-id"
WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,64}", re.ASCII)
UNKNOWN_PAGE = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
access = logging.getLogger("generel.access")
faults = logging.getLogger("generel.service")


class Guard:
    """See the module."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, log_queries: bool = False, cross_origin: bool = False) -> None:
        """`cross_origin`: whether pages of other sites may read answers."""
        self._app, self._metrics, self._log_queries = app, metrics, log_queries
        headers = {**SECURITY, "Cross-Origin-Resource-Policy": "cross-origin"} if cross_origin else SECURITY
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, name = time.perf_counter(), 0, request_id(scope)
        scope["request_id"] = name

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, name)
            await send(message)

        self._metrics.open.inc()
        try:
            await self._app(scope, receive, send_guarded)
        except Exception:
            faults.exception("a fault of the service's own", extra={"request": name})
            if not status:
                what = HTTPStatus.INTERNAL_SERVER_ERROR.phrase
                await problem(500, what, "", f"{what}: the service's log says more, under the id of this request")(scope, receive, send_guarded)
        finally:
            self._metrics.open.dec()
            self._note(scope, name, status, time.perf_counter() - began)

    def _add_headers(self, message: Message, name: str) -> None:
        headers = message.setdefault("headers", [])
        there = {key for key, _ in headers}
        headers.extend((key, value) for key, value in self._headers if key not in there)
        MutableHeaders(scope=message)[REQUEST_ID] = name

    def _note(self, scope: Scope, name: str, status: int, seconds: float) -> None:
        page = getattr(scope.get("route"), "path", UNKNOWN_PAGE)
        # Whoever asks chooses path and method: what is counted must not grow with what they think of.
        method = scope["method"] if scope["method"] in METHODS else UNKNOWN_PAGE
        self._metrics.requests.labels(method, page, str(status)).inc()
        self._metrics.seconds.labels(page).observe(seconds)
        if access.isEnabledFor(logging.INFO):
            asked = {"asked": f"{scope['path']}?{scope['query_string'].decode('latin-1')}"} if self._log_queries else {}
            said = {"request": name, "method": method, "page": page, "status": status, "milliseconds": round(1000 * seconds, 2), "key": scope.get("key_name"), **asked}
            access.info("request", extra=said)


def request_id(scope: Scope) -> str:
    """The id that came with the request, if it is well-formed; else a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID.encode() and WELL_FORMED.fullmatch(value):
            return str(value.decode("ascii"))
    return secrets.token_hex(8)
