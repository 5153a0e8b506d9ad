"""Finding commands, and turning failures into sentences."""

import errno
from collections.abc import Callable
from importlib.metadata import EntryPoint

import click
import pytest
from click.testing import CliRunner, Result

from generel import __version__
from generel.cli import main as main_module
from generel.cli.main import main
from generel.concepts.errors import Busy, GenerelError, HashMismatch, NotWritable
from tests.cli.conftest import Run


@click.command(short_help="Build it.")
def built() -> None:
    """A command that joins from elsewhere."""
    click.echo("built")


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands join by entry point; the library of one is missing, and a third tries to take a name of ours."""
    points = [
        EntryPoint("build", f"{__name__}:built", main_module.GROUP),
        EntryPoint("train", "a_library_that_nobody_has.cli:train", main_module.GROUP),
        EntryPoint("neighbors", f"{__name__}:built", main_module.GROUP),
    ]
    monkeypatch.setattr(main_module, "entry_points", lambda group: points)
    monkeypatch.delitem(main.__dict__, "_joined", raising=False)


@pytest.fixture(autouse=True)
def forget_joined() -> None:
    """What one test let join must not be there in the next."""
    main.__dict__.pop("_joined", None)


def test_the_version_is_the_packages(run: Run) -> None:
    """One line."""
    assert run("--version").stdout == f"generel, version {__version__}\n"


@pytest.mark.usefixtures("joined")
def test_commands_join_by_entry_point(run: Run) -> None:
    """They run, stand in the help in the order of a day's work, and cannot take the place of our own."""
    assert run("build").stdout == "built\n"
    listed = [line.split()[0] for line in run("--help").stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == ["build", "train", "load", "info", "lookup", "neighbors", "relatedness", "explain", "embed", "add", "genes", "genesets", "cells", "map", "serve", "mcp", "export"]
    assert "Example: generel neighbors" in run("neighbors", "--help").stdout
    main.__dict__.pop("_joined", None)


@pytest.mark.usefixtures("joined")
def test_a_command_without_its_library_says_what_to_install(run: Run) -> None:
    """In the help as a line, when run as an error, whatever its arguments are."""
    assert "pip install 'generel[factory]'" in run("--help").stdout
    result = run("train", "--recipe", "starter")
    assert "MissingExtra: `generel train` needs a_library_that_nobody_has; install it with: pip install 'generel[factory]'" in result.stderr
    assert result.exit_code == 69
    main.__dict__.pop("_joined", None)


def failing(error: BaseException) -> Callable[[], Result]:
    """A group like ours whose only command fails."""

    @click.group(cls=main_module.Commands)
    def group() -> None:
        pass

    @click.command()
    def load() -> None:
        raise error

    group.get_command = lambda ctx, name: load  # type: ignore[method-assign, assignment]
    return lambda: CliRunner().invoke(group, ["load"])


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Busy("it is taken"), 75, "generel: Busy: it is taken\n"),
        (HashMismatch("other bytes"), 65, "generel: HashMismatch: other bytes\n"),
        (NotWritable("no"), 73, "generel: NotWritable: no\n"),
        (GenerelError("no"), 70, "generel: GenerelError: no\n"),
        (KeyboardInterrupt(), 130, "generel: interrupted; what was there before is unchanged\n"),
        (OSError(errno.ENOSPC, "x", "a/b"), 74, "generel: DiskFull: No space left on device (a/b); free some space and run the command again\n"),
        (PermissionError(errno.EACCES, "x", "a/b"), 74, "generel: PermissionError: Permission denied (a/b)\n"),
        (click.UsageError("so not"), 2, "Error: so not\n"),
        (click.exceptions.Exit(7), 7, ""),
    ],
)
def test_failures_become_sentences(error: BaseException, code: int, sentence: str) -> None:
    """The type's exit code, one line on stderr, nothing on stdout."""
    result = failing(error)()
    assert result.stderr.endswith(sentence)
    assert (result.stdout.strip(), result.exit_code) == ("", code)


def test_a_fault_of_our_own_keeps_its_traceback() -> None:
    """What is no error of the tree is not dressed up."""
    assert isinstance(failing(ZeroDivisionError())().exception, ZeroDivisionError)


def test_a_caller_from_python_gets_the_error_itself() -> None:
    """Outside standalone mode nothing is caught."""
    with pytest.raises(click.UsageError):
        main(["neighbors", "--kind", "protein"], standalone_mode=False)


def test_a_command_that_is_misspelled_is_named(run: Run) -> None:
    """As options are."""
    result = run("neighbours", "CAT")
    assert result.exit_code == 2
    assert "No such command 'neighbours'. Did you mean 'neighbors'?" in result.stderr
