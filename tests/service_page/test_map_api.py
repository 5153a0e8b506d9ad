"""/v1/map over the world, whose map is its first two principal components."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient

from generel.apps.space_map import draw_map_of
from generel.index.map_file import read_map, write_map
from generel.index.space_folder import INDEX, MAP_FILE, VECTORS_FILE, read_manifest
from generel.service.application import make_application
from generel.service.settings import Settings
from tests.worlds import CONCEPTS, WordEmbedder, write_world


@pytest.fixture(scope="module")
def client(mapped_world: Path) -> Iterator[TestClient]:
    """The world with its map."""
    with TestClient(make_application(Settings(space=mapped_world), embedder=WordEmbedder())) as opened:
        yield opened


def test_the_map_comes_in_columns_of_whole_numbers(client: TestClient, mapped_world: Path) -> None:
    """One place a concept, its kind by number, and labels with the most tied first."""
    found = client.get("/v1/map").json()
    places = read_map(mapped_world, read_manifest(mapped_world))
    assert found["columns"] == ["row", "x", "y", "kind"] and found["row"] == list(range(12))
    assert found["x"] == [round(x * found["extent"]) for x in places["x"]] and found["y"] == [round(y * found["extent"]) for y in places["y"]]
    assert [found["kinds"][kind] for kind in found["kind"]] == [kind for _, kind, *_ in CONCEPTS]
    levels = [label["level"] for label in found["labels"]]
    assert levels == sorted(levels) and {"row": 5, "level": 1, "concept": {"curie": "chebi:9150", "kind": "drug", "name": "simvastatin"}} in found["labels"]


def test_the_map_of_one_kind_has_only_that_kind(client: TestClient) -> None:
    """Rows are those of the space."""
    found = client.get("/v1/map", params={"kind": ["drug", "gene"]}).json()
    assert found["row"] == [2, 3, 4, 5, 6, 7] and {label["concept"]["kind"] for label in found["labels"]} <= {"drug", "gene"}


def test_the_map_is_sent_once(client: TestClient) -> None:
    """Whoever has it is told so, and it comes packed where that is taken."""
    answer = client.get("/v1/map", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    again = client.get("/v1/map", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get("/v1/map", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.json() == answer.json()


def test_rows_are_named_and_concepts_are_found(client: TestClient) -> None:
    """Names in the order of the rows; a name, an alias or an rsID has its row."""
    named = client.post("/v1/map/names", json={"rows": [7, 0]}).json()["names"]
    assert [(each["row"], each["concept"]["name"]) for each in named] == [(7, "warfarin"), (0, "rs4149056")]
    assert [client.get("/v1/map/place", params={"query": query}).json()["row"] for query in ("warfarin", "drugbank:DB00641", "rs7903146")] == [7, 5, 1]


@pytest.mark.parametrize(("body", "says"), [({"rows": []}, "rows"), ({"rows": [12]}, "12"), ({"rows": [10**30]}, ""), ({"rows": [-1]}, "rows")])
def test_rows_that_are_none_are_refused(client: TestClient, body: dict[str, list[int]], says: str) -> None:
    """With a sentence, whatever the number."""
    answer = client.post("/v1/map/names", json=body)
    assert answer.status_code == 422 and says in answer.json()["detail"]


def test_what_names_no_concept_is_not_found_on_the_map(client: TestClient) -> None:
    """Free text has no place on it."""
    answer = client.get("/v1/map/place", params={"query": "muscle"})
    assert (answer.status_code, answer.json()["title"]) == (404, "A query that names no concept of the space")


def test_a_map_that_is_drawn_while_the_service_runs_is_shown(tmp_path: Path) -> None:
    """Before there is one, the answer says how to make it; one that is drawn anew takes its place."""
    folder = write_world(tmp_path / "world")
    with TestClient(make_application(Settings(space=folder), embedder=WordEmbedder())) as client:
        before = client.get("/v1/map")
        assert before.status_code == 404 and "generel map world" in before.json()["detail"]
        draw_map_of(folder)
        before = client.get("/v1/map").json()
        assert before["row"] == list(range(12))
        places = read_map(folder, read_manifest(folder))
        write_map(folder / INDEX / MAP_FILE, places.with_columns(x=1 - pl.col("x")), made_from=read_manifest(folder).digest_of(VECTORS_FILE))
        assert client.get("/v1/map").json()["x"] != before["x"]
