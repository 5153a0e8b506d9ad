"""HEAD: the head of what GET would answer, its tag and its length included, on every page that answers GET.

The page is asked as by GET and its body left out: what is only looked at costs what it costs to answer it, unless the tag is known.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """See the module."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, _without_body(send))
        finally:
            # Which page it was is noted by those outside, in the scope that they have.
            scope.setdefault("route", asked.get("route"))


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head
