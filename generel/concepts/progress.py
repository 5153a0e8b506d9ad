"""How long work says how far it is, without knowing who listens.

The middle of the program takes a `Progress` and calls it; the command line passes one that draws bars with rich,
everybody else the silent one.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[float], None]


class Progress(Protocol):
    """Something that can show a task and a line of talk."""

    def task(self, description: str, *, total: float | None = None) -> AbstractContextManager[Advance]:
        """A context in which calling the yielded function with a number moves the bar by that much."""
        ...

    def say(self, message: str) -> None:
        """One line of talk, on stderr where there is a terminal."""
        ...


class Silent:
    """The progress nobody watches."""

    @contextmanager
    def task(self, description: str, *, total: float | None = None) -> Iterator[Advance]:
        yield lambda amount: None

    def say(self, message: str) -> None:
        return None


SILENT = Silent()
