"""Every failure as one thing: application/problem+json (RFC 9457), its status read from the tree of errors.

`type` names the class, so that a client can raise the same error again; fields of the error (`near`, `candidates`, `retry_after` ...) stand
beside. What a failure says of the server's own files stays in the log.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from generel.concepts.errors import (
    AmbiguousConcept,
    BadIdentifier,
    BadInput,
    GenerelError,
    MissingExtra,
    NotAuthorized,
    NotOffered,
    NotPermitted,
    TooLarge,
    TooSlow,
    TryLater,
    UnknownConcept,
    UnknownPrefix,
)

TYPE = "urn:generel:error:"
MEDIA_TYPE = "application/problem+json"
# What these say is about the question alone. `BadInput` itself is one of them, its other children are not.
SAYABLE = (AmbiguousConcept, BadIdentifier, MissingExtra, NotAuthorized, NotOffered, NotPermitted, TooLarge, TooSlow, TryLater, UnknownConcept, UnknownPrefix)
SHOWN = 5
log = logging.getLogger("generel.service")


def add_problems(app: FastAPI) -> None:
    """Answer every failure of `app` as a problem."""
    app.add_exception_handler(GenerelError, _of_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)


def problem_of(error: GenerelError) -> Response:
    """The answer to a request that failed so."""
    if not is_sayable(error):
        log.error("%s", error, exc_info=error)
        what = HTTPStatus(error.status).phrase
        return problem(error.status, what, type(error).__name__, f"{what}: the service's log says more, under the id of this request")
    fields = {name: value for name, value in vars(error).items() if not name.startswith("_")}
    return problem(error.status, title_of(type(error)), type(error).__name__, str(error), fields, headers=_headers(error))


def is_sayable(error: GenerelError) -> bool:
    """Whether whoever asked may read what the error says."""
    return type(error) is BadInput or isinstance(error, SAYABLE)


def title_of(error: type[GenerelError]) -> str:
    """The first sentence of the class."""
    return (error.__doc__ or error.__name__).split("\n")[0].split(";")[0].rstrip(".")


def problem(
    status: int, title: str, name: str = "", detail: str = "", fields: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem; without a name it is of no type but its status."""
    content = {**(fields or {}), "type": f"{TYPE}{name}" if name else "about:blank", "title": title, "status": status, "detail": detail}
    return Response(orjson.dumps(content, default=str), status, headers, MEDIA_TYPE)


def refuse_invalid(wrong: Sequence[tuple[str, str]]) -> Response:
    """The answer to a question that is not one: (where, what is wrong) of everything at once."""
    more = f"; and {len(wrong) - SHOWN:,} more" if len(wrong) > SHOWN else ""
    detail = "; ".join(f"{where}: {what}" for where, what in wrong[:SHOWN]) + more
    errors = [{"where": where, "what": what} for where, what in wrong]
    return problem(BadInput.status, title_of(BadInput), BadInput.__name__, detail, {"errors": errors})


async def _of_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GenerelError)
    return problem_of(error)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return refuse_invalid([(".".join(map(str, each["loc"]))[:200], str(each["msg"])[:500]) for each in error.errors()[:100]])


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = HTTPStatus(error.status_code).phrase
    detail = f"there is nothing at {request.url.path[:200]}" if error.status_code == HTTPStatus.NOT_FOUND else str(error.detail)
    return problem(error.status_code, what, "", detail, headers=error.headers)


def _headers(error: GenerelError) -> dict[str, str]:
    if isinstance(error, TryLater):
        return {"Retry-After": str(max(1, round(error.retry_after)))}
    return {"WWW-Authenticate": 'Basic realm="generel", Bearer realm="generel"'} if isinstance(error, NotAuthorized) else {}
