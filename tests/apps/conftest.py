"""A home with the gene world, and commands run in it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generel.cli.main import main
from tests.apps.gene_world import write_gene_world

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GENEREL_HOME with the gene world; what a module's tests make there stays for the others of the module."""
    folder: Path = tmp_path_factory.mktemp("home")
    write_gene_world(folder / "spaces" / "genes")
    return folder


@pytest.fixture
def run(home: Path) -> Run:
    """Runs a command in this process."""
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments], env={"GENEREL_HOME": str(home), "GENEREL_SPACE": "genes"})
