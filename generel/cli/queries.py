"""What the query commands share: their options, where queries come from, and what happens when one of many fails.

One query that fails ends the command with its error. Of several, the others are answered, each failure is told on stderr, and
the exit code is that of the first one. Queries on stdin or in a file count as several, even if there is one line.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from generel.cli.output import Record, tell
from generel.concepts.errors import BadInput, GenerelError, NotThere
from generel.concepts.kinds import KINDS
from generel.query.meaning import say_if_far
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


def file_option(command: Command) -> Command:
    """The option --file; the command gets `file`, a path or None."""
    path = click.Path(path_type=Path, dir_okay=False)
    return click.option("--file", type=path, metavar="FILE", help="Read the queries from a file, one a line; answers come as they are found.")(command)


def read_queries(arguments: Sequence[str], file: Path | None = None) -> tuple[Iterable[str], bool]:
    """The queries, and whether they are several; with no argument, or '-', the lines of stdin, or of `file`, that are not blank.

    Raises:
        click.UsageError: no argument, and stdin is a terminal; or arguments and a file.
        NotThere: no such file.
        BadInput: the file is not UTF-8.
    """
    if file is not None:
        if arguments:
            raise click.UsageError("give queries, or a file of them with --file")
        return _lines_of(file), True
    if arguments and list(arguments) != [STDIN]:
        return arguments, len(arguments) > 1
    if not arguments and sys.stdin.isatty():
        raise click.UsageError("give a query, or one a line on standard input")
    return (line.strip() for line in sys.stdin if line.strip()), True


def _lines_of(file: Path) -> Iterator[str]:
    """The lines that are not blank, read as they are wanted; the file is opened now."""
    try:
        stream = file.open(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotThere(f"there is no file {file} with queries") from error

    def lines() -> Iterator[str]:
        with stream:
            try:
                yield from (line.strip() for line in stream if line.strip())
            except UnicodeDecodeError as error:
                raise BadInput(f"{file} is not UTF-8 text: {error.reason} at byte {error.start:,}") from error

    return lines()


class Asking:
    """Queries being answered; remembers the first that failed."""

    def __init__(self, arguments: Sequence[str], file: Path | None = None) -> None:
        """For the arguments of a command, the lines of a file, or stdin."""
        self._queries, self.several = read_queries(arguments, file)
        self._failed: GenerelError | None = None

    def resolved(
        self, space: EmbeddingSpace, *, as_kind: str | None = None, check: Callable[[Resolved], object] = lambda each: None
    ) -> Iterator[list[Resolved]]:
        """What the queries mean, so many at once; of a single one, the note is told.

        Args:
            check: fails for what cannot be asked of this command; such a query counts as one that failed.
        """

        def resolve(query: str) -> Resolved:
            each = space.resolve(query, as_kind=as_kind, suggest=not self.several)
            check(each)
            return each

        queries = iter(self._queries)
        while part := list(islice(queries, QUERIES_AT_ONCE)):
            yield list(self._attempt(part, resolve))

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


def tell_if_far(space: EmbeddingSpace, text: str, cosine: float | None) -> None:
    """Say that a text is far from anything in the space if it is; `cosine` is that of its nearest concept, None if it is not known."""
    if far := say_if_far(space, text, cosine):
        tell(far)
