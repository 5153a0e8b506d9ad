"""The world as it lies on the disk and as a service has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import generel
from generel.client.remote_space import RemoteSpace
from generel.query.space import EmbeddingSpace
from generel.service.settings import Settings
from tests.service.live import live
from tests.worlds import WordEmbedder, write_world

Space = EmbeddingSpace | RemoteSpace


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the world; not to be changed."""
    return write_world(tmp_path_factory.mktemp("spaces") / "world")


@pytest.fixture(scope="session")
def local(world_folder: Path) -> Iterator[EmbeddingSpace]:
    """The world, open."""
    with EmbeddingSpace.open(world_folder, embedder=WordEmbedder()) as opened:
        yield opened


@pytest.fixture(scope="session")
def remote(world_folder: Path) -> Iterator[RemoteSpace]:
    """The world, served over the loopback by a real server."""
    with live(Settings(space=world_folder), embedder=WordEmbedder()) as (host, port), generel.connect(f"http://{host}:{port}", api_key="") as connected:
        yield connected


@pytest.fixture(params=["local", "remote"])
def own_space(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Space]:
    """Either, of a world that may be changed."""
    folder, embedder = write_world(tmp_path / "world"), WordEmbedder()
    if request.param == "local":
        with EmbeddingSpace.open(folder, embedder=embedder) as opened:
            yield opened
    else:
        with live(Settings(space=folder, writable=True), embedder=embedder) as (host, port), generel.connect(f"http://{host}:{port}", api_key="") as connected:
            yield connected


@pytest.fixture(params=["local", "remote"])
def space(request: pytest.FixtureRequest) -> Space:
    """Either."""
    found: Space = request.getfixturevalue(request.param)
    return found
