"""The world, loaded, for tests that load it again, damage it or change it."""

import shutil
from pathlib import Path

import pytest

from tests.worlds import write_world


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world, loaded; not to be changed."""
    return write_world(tmp_path_factory.mktemp("spaces") / "world")


@pytest.fixture
def space(loaded: Path, tmp_path: Path) -> Path:
    """A copy of it, which a test may change."""
    return Path(shutil.copytree(loaded, tmp_path / "world", symlinks=True))
