"""Arguments that all who answer queries check alike."""

from collections.abc import Collection

from generel.concepts.errors import BadInput
from generel.concepts.kinds import KINDS


def check_kinds(kinds: Collection[str] | None) -> list[str] | None:
    """The kinds as a list; a single word is one kind.

    Raises:
        BadInput: one is no kind.
        ValueError: there is none.
    """
    if kinds is None:
        return None
    wanted = [kinds] if isinstance(kinds, str) else list(kinds)
    if unknown := [kind for kind in wanted if kind not in KINDS]:
        raise BadInput(f"unknown kind {', '.join(map(repr, unknown))}; the kinds are {', '.join(KINDS)}")
    if not wanted:
        raise ValueError("no kinds were given; leave `kinds` out for all of them")
    return [str(kind) for kind in wanted]


def check_k(k: int) -> int:
    """The number of answers wanted.

    Raises:
        ValueError: it is not even one.
    """
    if k < 1:
        raise ValueError(f"k is {k}; at least one answer must be asked for")
    return k
