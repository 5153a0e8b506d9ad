"""From a request to its answer: the tag that saves the work, the lane that does it, JSON or another form.

A GET answer is tagged with the space, what was asked and in which form. A client that has it already is told so before anything is
computed; after a swap every tag is another.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, TypeVar

import orjson
from fastapi import Request
from starlette.responses import Response

from generel import __version__
from generel.concepts.errors import TooLarge
from generel.concepts.tsv import to_lines
from generel.query.records import Concept
from generel.service.lanes import Lane
from generel.service.served_space import ServedSpace
from generel.service.serving import Lease, Serving

Answer = TypeVar("Answer")
Record = Mapping[str, object]
TSV, JSON = "text/tab-separated-values", "application/json"
HEADERS = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Encoding, Authorization"}


@dataclass(frozen=True)
class Form(Generic[Answer]):
    """A form that an answer can take instead of JSON.

    Attributes:
        name: what the parameter `format` says for it.
        media_type: what the header Accept says for it.
        render: writes an answer so.
    """

    name: str
    media_type: str
    render: Callable[[Answer], bytes]


def as_table(records: Callable[[Answer], Iterable[Record]], columns: tuple[str, ...]) -> Form[Answer]:
    """The form of tab-separated values: these records of an answer, with these columns."""
    # Every line ends, the last one too.
    return Form("tsv", TSV, lambda found: "".join(f"{line}\n" for line in to_lines(records(found), columns, digits=None)).encode())


async def answer(
    request: Request, work: Callable[[ServedSpace], Answer], *, lane: Lane = Lane.QUICK, other: Form[Answer] | None = None, format: str = "json"
) -> Response:
    """What `work` says of the space, done in a lane and rendered; the rest as of `answer_leased`."""
    serving = serving_of(request)
    return await answer_leased(request, lambda lease: serving.ask_leased(lease, work, lane=lane), other=other, format=format)


async def answer_leased(request: Request, work: Callable[[Lease], Awaitable[Answer]], *, other: Form[Answer] | None = None, format: str = "json") -> Response:
    """What `work` says of a space that is held meanwhile, rendered.

    Args:
        other: another form that the answer can take; None where JSON is all.
        format: the name of the form that is wanted, which the header Accept may ask for, too.
    """
    form = other if other is not None and (format == other.name or other.media_type in request.headers.get("accept", "")) else None
    media_type = form.media_type if form else JSON
    with serving_of(request).lease() as lease:
        headers = {**HEADERS, "ETag": _tag(request, lease.space.tag, media_type)} if request.method == "GET" else {"Cache-Control": "no-store"}
        if _is_known(request, headers.get("ETag")):
            return Response(status_code=304, headers=headers)
        found = await work(lease)
    if form is not None:
        return Response(form.render(found), headers=headers, media_type=media_type)
    return to_json(found, headers)


def to_json(found: object, headers: Mapping[str, str]) -> Response:
    """An answer as JSON; its arrays are lists there."""
    return Response(orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY), headers=headers, media_type=JSON)


def serving_of(request: Request) -> Serving:
    """What the application of the request serves."""
    serving: Serving = request.app.state.serving
    return serving


def check_batch(request: Request, n: int, what: str) -> None:
    """Nothing, if a request may hold so many.

    Raises:
        TooLarge: it may not; says how many it may.
    """
    most = serving_of(request).settings.largest_batch
    if n > most:
        raise TooLarge(f"{n:,} {what} at once; this service takes {most:,}: send them in parts")


def next_page(request: Request, *, n: int, limit: int, offset: int, most: int) -> str | None:
    """The address of the page after this one; None where this one was not full, or pages go no further."""
    after = offset + limit
    return None if n < limit or after > most else f"{request.url.path}?{request.url.include_query_params(offset=after).query}"


def flatten(record: Any) -> dict[str, object]:
    """A record as columns: that of a `concept` as curie, kind and name, those of other concepts with the field's name before them."""
    columns: dict[str, object] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, Concept):
            before = "" if field.name == "concept" else f"{field.name}_"
            columns |= {f"{before}curie": value.curie, f"{before}kind": value.kind, f"{before}name": value.name}
        elif is_dataclass(value):
            columns |= flatten(value)
        else:
            columns[field.name] = value
    return columns


def _tag(request: Request, space: str, media_type: str) -> str:
    asked = f"{__version__} {space} {media_type} {request.scope['path']}?".encode() + request.scope["query_string"]
    return f'W/"{hashlib.blake2b(asked, digest_size=12).hexdigest()}"'


def _is_known(request: Request, tag: str | None) -> bool:
    known = request.headers.get("if-none-match")
    return tag is not None and known is not None and (known.strip() == "*" or tag in (each.strip() for each in known.split(",")))
