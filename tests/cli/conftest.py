"""A home with the loaded world in it, and a way to run commands there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generel.cli.main import main
from tests.worlds import write_world

Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GENEREL_HOME with the space 'world'; not to be changed."""
    folder = tmp_path_factory.mktemp("home")
    write_world(folder / "spaces" / "world")
    return folder


@pytest.fixture
def own_home(home: Path, tmp_path: Path) -> Path:
    """A copy of the home that a test may damage."""
    return Path(shutil.copytree(home, tmp_path / "home", symlinks=True))


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a command in this process; stdin, and other variables, as keywords."""

    def run_command(*arguments: str, stdin: str | None = None, home: Path = home, **environment: str) -> Result:
        variables = {"GENEREL_HOME": str(home), "GENEREL_SPACE": "world", **environment}
        return CliRunner().invoke(main, arguments, input=stdin, env=variables)

    return run_command


@pytest.fixture
def process(home: Path) -> Process:
    """Runs a command in a process of its own, as a user's shell does."""

    def run_process(*arguments: str, stdin: str = "", home: Path = home, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from generel.cli.main import main; main()", *arguments]
        variables = {**os.environ, "GENEREL_HOME": str(home), "GENEREL_SPACE": "world"}
        return subprocess.run(command, input=stdin, text=True, capture_output=True, env=variables, **options)  # type: ignore[call-overload]

    return run_process
