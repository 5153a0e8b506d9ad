"""What a concept can be asked by, and the ranking of the answers, over HTTP as in the space itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from generel.index.rankings_file import Rankings, Weighing
from generel.query.space import EmbeddingSpace
from generel.service.application import make_application
from generel.service.settings import Settings
from tests.worlds import WordEmbedder, write_world

ALIKE = (0.0, 0.0, 0.0, 1.0, 5.0, 0.0)
RANKINGS = Rankings(Weighing({"treats": {"drug": ALIKE, "disease": ALIKE}}, ALIKE), Weighing({}, ALIKE), Weighing({}, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world, which has learned to rank what a drug treats by likeness to what it is known to treat."""
    return write_world(tmp_path_factory.mktemp("ranked") / "world", rankings=RANKINGS)


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    """The same, served."""
    with TestClient(make_application(Settings(space=folder), embedder=WordEmbedder())) as opened:
        yield opened


def test_a_kind_has_its_relations(client: TestClient) -> None:
    """Read from the end where it stands; a kind without any has none, and one that is no kind is refused."""
    assert client.get("/v1/relations", params={"kind": "drug"}).json() == {"relations": [{"relation": "treats", "phrase": "treats", "answers": ["disease", "phenotype"]}]}
    assert client.get("/v1/relations", params={"kind": "disease"}).json() == {"relations": [{"relation": "treats", "phrase": "is treated with", "answers": ["drug"]}]}
    assert client.get("/v1/relations", params={"kind": "gene"}).json() == {"relations": []}
    assert client.get("/v1/relations", params={"kind": "planet"}).status_code == 422


def test_answers_come_in_the_order_of_the_space(client: TestClient, folder: Path) -> None:
    """Simvastatin is known to treat heart attacks: what is like these comes first, before its own neighbors."""
    said = client.get("/v1/neighbors", params={"query": "chebi:9150", "relation": "treats", "k": 4}).json()["neighbors"]
    with EmbeddingSpace.open(folder) as space:
        assert [each["concept"]["curie"] for each in said] == [each.concept.curie for each in space.neighbors("chebi:9150", 4, relation="treats")]
    assert [each["concept"]["curie"] for each in said] == ["mondo:0005068", "hp:0001658", "hp:0003326", "mondo:0007254"]


def test_a_space_without_rankings_has_no_such_relations(tmp_path: Path) -> None:
    """One that was released before, or without held-out relations."""
    with TestClient(make_application(Settings(space=write_world(tmp_path / "world")), embedder=WordEmbedder())) as client:
        assert client.get("/v1/relations", params={"kind": "drug"}).json() == {"relations": []}
