"""The errors of a service, raised here as what they are: of the one tree, with the same fields."""

from collections.abc import Mapping
from typing import Any

from generel.concepts import errors
from generel.concepts.errors import BadInput, GenerelError, ServerRefused

TYPE = "urn:generel:error:"
ABOUT_ALL = frozenset({"type", "title", "status", "detail"})


def error_of(status: int, problem: Mapping[str, Any], *, where: str) -> GenerelError:
    """What a service's problem means.

    Args:
        where: the service's address, for a problem of no type that is known here.
    """
    kind = getattr(errors, str(problem.get("type", "")).removeprefix(TYPE), None)
    detail = str(problem.get("detail") or problem.get("title") or "no reason is given")
    if not (isinstance(kind, type) and issubclass(kind, GenerelError)):
        return (BadInput if status in (400, 413, 414, 422) else ServerRefused)(f"{where} answered {status}: {detail}")
    error = kind.__new__(kind)
    error.args = (detail,)
    vars(error).update({name: tuple(value) if isinstance(value, list) else value for name, value in problem.items() if name not in ABOUT_ALL})
    return error
