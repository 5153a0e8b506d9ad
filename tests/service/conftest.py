"""The world, served by one application for the whole room; tests that set limits make their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from generel.service.application import make_application
from generel.service.settings import Settings
from tests.worlds import WordEmbedder, write_world

Make = Callable[..., TestClient]


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the world; not to be changed."""
    return write_world(tmp_path_factory.mktemp("spaces") / "world")


@pytest.fixture(scope="session")
def client(world_folder: Path) -> Iterator[TestClient]:
    """The world, served without limits."""
    with TestClient(make_application(Settings(space=world_folder), embedder=WordEmbedder())) as opened:
        yield opened


@pytest.fixture
def serve(world_folder: Path) -> Iterator[Make]:
    """Makes a service of the world with other settings; they all end with the test."""
    with ExitStack() as stack:

        def make(**settings: Any) -> TestClient:
            embedder = settings.pop("embedder", WordEmbedder())
            return stack.enter_context(TestClient(make_application(Settings(**{"space": world_folder, **settings}), embedder=embedder)))

        yield make
