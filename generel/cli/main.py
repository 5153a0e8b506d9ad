"""The one command `generel`: finds its subcommands, and turns every failure into a sentence and an exit code.

A subcommand's module is imported when it is called, so that `generel neighbors` does not pay for what `generel train` needs. The
query side's are listed here; those of `kg` and `training` come by entry point (`generel.commands`), present where
they are installed. Data goes to stdout, talk to stderr; exit codes are read from the tree of errors.
"""

import errno
import os
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from generel import __version__
from generel.cli.output import tell
from generel.concepts.errors import DiskFull, GenerelError, MissingExtra

GROUP = "generel.commands"
OWN = {name: f"generel.cli.{name}" for name in ("load", "info", "lookup", "neighbors", "relatedness", "explain", "embed", "add", "genes", "genesets", "cells", "map", "serve", "mcp", "export")}
# The order of a day's work, for the help; commands that are not in it come after.
ORDER = ("quickstart", "sources", "fetch", "harmonize", "build", "report", "fine-tune", "train", "evaluate", *OWN)
EXIT_INTERRUPTED, EXIT_PIPE_CLOSED, EXIT_IO = 130, 1, 74


class Commands(click.Group):
    """A group whose commands are imported when they are asked for, and whose failures are sentences."""

    @cached_property
    def _joined(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=GROUP) if point.name not in OWN}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in ORDER."""
        names = [*OWN, *self._joined]
        return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; one that cannot be imported says why when it is run."""
        if cmd_name in OWN:
            command: click.Command = getattr(import_module(OWN[cmd_name]), cmd_name)
            return command
        if cmd_name not in self._joined:
            return None
        try:
            return self._joined[cmd_name].load()
        except ImportError as error:
            return unavailable(cmd_name, error)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; of a command that is not there, the ones like it are named."""
        if self.get_command(ctx, args[0]) is None and (near := get_close_matches(args[0], self.list_commands(ctx), n=2)):
            ctx.fail(f"No such command '{args[0]}'. Did you mean {' or '.join(map(repr, near))}?")
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, complete_var: str | None = None, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run, and leave with the exit code of whatever happened."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:
            code = _report(error)
            if code is None:
                raise
        sys.exit(code if isinstance(code, int) else 0)


def unavailable(name: str, error: ImportError) -> click.Command:
    """A command in the place of one whose libraries are not installed."""
    missing = MissingExtra(error.name or str(error), "factory", f"`generel {name}`")

    def fail(arguments: Iterable[str]) -> None:
        raise missing from error

    return click.Command(
        name, callback=fail, params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)], add_help_option=False,
        short_help="Not installed: pip install 'generel[factory]'.", context_settings={"ignore_unknown_options": True},
    )


def _report(error: BaseException) -> int | None:
    """The exit code of a failure, after one sentence on stderr; None for a fault of generel's own, which keeps its traceback."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        tell("interrupted; what was there before is unchanged")
        return EXIT_INTERRUPTED
    if isinstance(error, GenerelError):
        tell(f"{type(error).__name__}: {error}")
        return error.exit_code
    return _report_io(error) if isinstance(error, OSError) else None


def _report_io(error: OSError) -> int:
    _give_up_stdout()
    if isinstance(error, BrokenPipeError):
        return EXIT_PIPE_CLOSED
    what = os.strerror(error.errno) if error.errno else str(error)
    at = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        tell(f"DiskFull: {what}{at}; free some space and run the command again")
        return DiskFull.exit_code
    tell(f"{type(error).__name__}: {what}{at}")
    return EXIT_IO


def _give_up_stdout() -> None:
    """Write what is left for stdout, or nowhere if it takes nothing more: Python flushes it once more at exit, and would say what went wrong again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="generel")
def main() -> None:
    """Ask one embedding space of variants, genes, diseases, phenotypes and drugs what is near what.

    Answers go to standard output, everything else to standard error.

    Example: generel neighbors rs4149056 --kind drug
    """
