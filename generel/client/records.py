"""Records from JSON: the frozen dataclasses of `generel.query`, as the service writes them, field by field."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from generel.concepts.errors import BadInput

Record = TypeVar("Record")


def read_record(kind: type[Record], said: Mapping[str, Any]) -> Record:
    """The record of that class; what a newer service says beside is left out.

    Raises:
        BadInput: a field is missing.
    """
    hints: dict[str, Any] = _fields(kind)  # type: ignore[arg-type]
    if missing := [name for name in hints if name not in said]:
        raise BadInput(f"the service's answer lacks {', '.join(missing)} of {kind.__name__}; it may be of another version of generel")
    return kind(**{name: _read(hint, said[name]) for name, hint in hints.items()})


def _read(hint: Any, value: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if value is None:
        return None
    if origin in (Union, UnionType):
        return _read(next(each for each in inner if each is not type(None)), value)
    if isinstance(hint, type) and is_dataclass(hint):
        return read_record(hint, value)
    if origin is tuple:
        return tuple(_read(inner[0], each) for each in value) if inner[1:] == (...,) else tuple(_read(of, each) for of, each in zip(inner, value, strict=True))
    if origin is dict:
        return {key: _read(inner[1], each) for key, each in value.items()}
    # JSON writes 1.0 and 1 alike.
    return float(value) if hint is float else value


@cache
def _fields(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
