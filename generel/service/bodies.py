"""What a request may send: so many bytes, in so many seconds, as JSON; anything else is refused before it is read as a question."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from generel.concepts.errors import GenerelError, TooLarge, TooSlow
from generel.service.problems import problem, problem_of

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
LONGEST_TARGET = 16_384


class Bodies:
    """Reads each body whole, within its bounds, before the application sees the request.

    The application then never waits for a slow sender, and a batch is bounded in memory whatever it holds.
    """

    def __init__(self, app: ASGIApp, *, largest: int, seconds: float) -> None:
        """`largest` in bytes; `seconds` for all of the body to arrive."""
        self._app, self._largest, self._seconds = app, largest, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            what = HTTPStatus.REQUEST_URI_TOO_LONG
            await problem(what, what.phrase, "", f"the address has more than {LONGEST_TARGET:,} bytes; send long questions as JSON")(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" not in headers and length == b"0" and scope["method"] not in WITH_BODY:
            await self._app(scope, receive, send)
            return
        if scope["method"] in WITH_BODY and not is_json(headers.get(b"content-type", b"")):
            what = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
            await problem(what, what.phrase, "", "the body must be JSON, and the header Content-Type application/json")(scope, receive, send)
            return
        try:
            body = await self._read(receive, int(length) if length.isdigit() else 0)
        except GenerelError as error:
            # What is left of the body would be taken for the next request.
            refusal = problem_of(error)
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send)
            return
        if body is not None:
            await self._app(scope, _said(body, receive), send)

    async def _read(self, receive: Receive, length: int) -> bytes | None:
        """The body; None where the sender has gone."""
        too_large = TooLarge(f"the request has more than {self._largest:,} bytes, which is all that this service takes; send it in parts")
        if length > self._largest:
            raise too_large
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds):
                while (message := await receive())["type"] == "http.request":
                    parts.append(message.get("body", b""))
                    if sum(map(len, parts)) > self._largest:
                        raise too_large
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError as error:
            raise TooSlow(f"the request did not arrive within {self._seconds:g} seconds") from error
        return None


def is_json(content_type: bytes) -> bool:
    """Whether a body of this type is read."""
    return content_type.partition(b";")[0].strip().lower() == b"application/json"


def _said(body: bytes, receive: Receive) -> Receive:
    """What gives the whole body at once, then what comes after it."""
    first: Iterable[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])
    messages = iter(first)

    async def again() -> Message:
        message = next(messages, None)
        return await receive() if message is None else message

    return again
