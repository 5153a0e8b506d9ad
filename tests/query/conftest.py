"""The world, loaded once for this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from generel.query.space import EmbeddingSpace
from tests.worlds import WordEmbedder, write_world


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the world; not to be changed."""
    return write_world(tmp_path_factory.mktemp("spaces") / "world")


@pytest.fixture
def space(world_folder: Path) -> Iterator[EmbeddingSpace]:
    """The world, open, with an embedder of three words."""
    with EmbeddingSpace.open(world_folder, embedder=WordEmbedder()) as opened:
        yield opened
