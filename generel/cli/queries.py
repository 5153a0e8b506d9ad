"""What the query commands share: their options, where queries come from, and what happens when one of many fails.

One query that fails ends the command with its error. Of several, the others are answered, each failure is told on stderr, and
the exit code is that of the first one. Queries on stdin count as several, even if there is one line.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import click

from generel.cli.output import Record, tell
from generel.concepts.errors import GenerelError
from generel.concepts.kinds import KINDS
from generel.query.records import Resolved
from generel.query.space import EmbeddingSpace

STDIN = "-"
QUERIES_AT_ONCE = 256
Command = TypeVar("Command", bound=Callable[..., Any])

space_option = click.option(
    "--space", metavar="NAME", help="The embedding space, by name or path; else GENEREL_SPACE, else 'starter'."
)
kind_option = click.option(
    "--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only answers of this kind; may be given several times."
)
as_option = click.option(
    "--as", "as_kind", type=click.Choice(KINDS), help="The kind that the query itself must be of, where its name could mean several."
)
exact_option = click.option("--exact", is_flag=True, help="Scan all vectors: misses nothing, takes longer.")


def k_option(command: Command) -> Command:
    """The option -k."""
    return click.option("-k", type=click.IntRange(min=1), default=10, show_default=True, help="How many answers.")(command)


def read_queries(arguments: Sequence[str]) -> tuple[Iterable[str], bool]:
    """The queries, and whether they are several; with no argument, or '-', the lines of stdin that are not blank.

    Raises:
        click.UsageError: no argument, and stdin is a terminal.
    """
    if arguments and list(arguments) != [STDIN]:
        return arguments, len(arguments) > 1
    if not arguments and sys.stdin.isatty():
        raise click.UsageError("give a query, or one a line on standard input")
    return (line.strip() for line in sys.stdin if line.strip()), True


class Asking:
    """Queries being answered; remembers the first that failed."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """For the arguments of a command, or stdin."""
        self._queries, self.several = read_queries(arguments)
        self._failed: GenerelError | None = None

    def resolved(self, space: EmbeddingSpace, *, as_kind: str | None = None) -> Iterator[list[Resolved]]:
        """What the queries mean, so many at once; of a single one, the note is told."""
        queries = iter(self._queries)
        while part := list(islice(queries, QUERIES_AT_ONCE)):
            yield list(self._attempt(part, lambda query: space.resolve(query, as_kind=as_kind, suggest=not self.several)))

    def _attempt(self, queries: Iterable[str], resolve: Callable[[str], Resolved]) -> Iterator[Resolved]:
        for query in queries:
            try:
                each = resolve(query)
            except GenerelError as error:
                if not self.several:
                    raise
                tell(f"{type(error).__name__}: {error}")
                self._failed = self._failed or error
                continue
            if each.note and not self.several:
                tell(each.note)
            yield each

    def texts(self) -> Iterable[str]:
        """The queries as they were given."""
        return self._queries

    def columns(self, *columns: str, resolved: bool = True) -> list[str]:
        """The columns of the answers; with several queries, `query` and what it was taken as stand before them."""
        return [*(("query", "taken_as") if resolved else ("query",)), *columns] if self.several else list(columns)

    def leave(self) -> None:
        """End with the exit code of the first query that failed; nothing if none did."""
        if self._failed is not None:
            click.get_current_context().exit(self._failed.exit_code)


def asked(each: Resolved) -> Record:
    """The columns that say which query an answer belongs to; free text is taken as 'text'."""
    return {"query": each.query, "taken_as": each.concept.curie or "text"}
