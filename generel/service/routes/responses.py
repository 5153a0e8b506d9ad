"""What the OpenAPI document says of failures, and of answers that also come as a table."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from generel.service.asking import TSV
from generel.service.problems import MEDIA_TYPE
from generel.service.vector_pages import PARQUET

WHY = {
    304: "Not changed since the answer whose tag was sent.",
    400: "The request cannot be read.",
    401: "A key is needed, and none that the service knows was given.",
    403: "The service, or the key, allows no changes.",
    404: "There is no such concept, space or page; `near` names the nearest.",
    405: "The page does not take this method.",
    408: "The request did not arrive in time.",
    409: "The words name several concepts; `candidates` names them.",
    413: "The request is larger than the service takes.",
    414: "The address is longer than the service takes.",
    415: "The body is not JSON.",
    422: "The question is none; `errors` says where.",
    429: "Too many requests; `retry_after` says in how many seconds to come again.",
    501: "A library that the service needs for this is not installed.",
    503: "Too much to do just now, or the space is being opened.",
}


class Problem(BaseModel):
    """A failure, after RFC 9457; fields of the error stand beside."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`urn:generel:error:` and the name of the error, or `about:blank`.")
    title: str
    status: int
    detail: str


WITH_CHANGES: dict[int | str, dict[str, Any]] = {
    status: {"description": why} if status == 304 else {"description": why, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, why in WHY.items()
}
PROBLEMS = {status: said for status, said in WITH_CHANGES.items() if status != 403}
WITH_PARQUET: dict[int | str, dict[str, Any]] = {**PROBLEMS, 200: {"content": {PARQUET: {"schema": {"type": "string", "format": "binary"}}}}}
WITH_TABLE: dict[int | str, dict[str, Any]] = {**PROBLEMS, 200: {"content": {TSV: {"schema": {"type": "string"}}}}}
