"""Changing the space by request: who may, what is refused, and that what was added is served, with other tags."""

import json
from itertools import product
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from generel.concepts.errors import BadInput
from generel.service.keys import make_key, read_keys
from generel.service.settings import Settings
from tests.service.conftest import Make
from tests.service.test_hostile import BODIES, WORDS
from tests.service.test_limits import problem
from tests.worlds import write_world

NEW = {"curie": "MONDO:0999999", "kind": "disease", "name": "new disease", "synonyms": ["ND"], "definition": "Of late.", "ties": [["^treats", "chebi:9150"]]}
AS_CONCEPT = {"curie": "mondo:0999999", "kind": "disease", "name": "new disease"}
# Longer than a test: what is served after a change is not what a look at the files found.
NEVER = 1000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A world that may be changed."""
    return write_world(tmp_path / "world")


@pytest.fixture
def client(serve: Make, folder: Path) -> TestClient:
    """Its service, which may be written to and does not look at files by itself."""
    return serve(space=folder, writable=True, watch_seconds=NEVER)


def add(client: TestClient, *concepts: dict[str, object], **more: object) -> object:
    """What is answered to a request that adds them."""
    return client.post("/v1/added", json={"concepts": concepts}, **more)  # type: ignore[arg-type]


def test_what_was_added_is_served_when_the_answer_is_there(client: TestClient) -> None:
    """With the words of its name read, its synonyms, its ties; every tag is another, and once more when it is gone."""
    tag = client.get("/v1/kinds").headers["etag"]
    answer = add(client, NEW)
    assert (answer.status_code, answer.json(), answer.headers["cache-control"]) == (200, {"concepts": [AS_CONCEPT]}, "no-store")  # type: ignore[attr-defined]
    said = client.get("/v1/concepts/mondo:0999999").json()
    assert (said["concept"], said["names"], said["definition"], said["added"]) == (AS_CONCEPT, ["ND"], "Of late.", True)
    assert client.get("/v1/concepts/mondo:0999999/relations").json()["relations"][0]["concept"]["curie"] == "chebi:9150"
    assert client.get("/v1/neighbors?query=ND&k=1").json()["neighbors"] and client.get("/v1/vectors").json()["total"] == 13
    changed = client.get("/v1/kinds", headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.headers["etag"] != tag
    removed = client.post("/v1/added/remove", json={"curies": ["mondo:0999999"]})
    assert (removed.status_code, removed.json()) == (200, {"concepts": [AS_CONCEPT]})
    assert client.get("/v1/concepts/mondo:0999999").status_code == 404 and client.get("/v1/kinds").headers["etag"] == tag


def test_a_concept_may_be_tied_to_one_before_it(client: TestClient) -> None:
    """And a variant needs no name; all are added by one request."""
    variant = {"curie": "rs999999999", "kind": "variant", "ties": [["variant_of_gene", "hgnc:10959"]]}
    second = {"curie": "mondo:0999998", "kind": "disease", "name": "newer disease", "ties": [["is_a", "mondo:0999999"]]}
    assert [each["curie"] for each in add(client, NEW, second, variant).json()["concepts"]] == ["mondo:0999999", "mondo:0999998", "dbsnp:rs999999999"]  # type: ignore[attr-defined]
    assert client.get("/v1/space").json()["added"] == 3
    refused = problem(client.post("/v1/added/remove", json={"curies": ["mondo:0999999"]}), 422, "BadInput")
    assert "mondo:0999998 is tied to mondo:0999999" in str(refused["detail"])


def test_wrong_concepts_are_refused_whole(client: TestClient) -> None:
    """All that is wrong is said; nothing is added; the space is what it was."""
    tag = client.get("/v1/kinds").headers["etag"]
    said = problem(add(client, NEW, {"curie": "mondo:1", "kind": "diseas", "name": "x"}, {"curie": "hgnc:1100", "kind": "gene", "name": "BRCA1"}), 422, "BadInput")
    assert "unknown kind 'diseas'" in str(said["detail"]) and "hgnc:1100" in str(said["detail"]) and "nothing was added" in str(said["detail"])
    problem(client.post("/v1/added/remove", json={"curies": ["mondo:0005068"]}), 404, "UnknownConcept")
    problem(add(client, {**NEW, "where": "/etc/passwd"}), 422, "BadInput")
    problem(add(client, {**NEW, "ties": [["treats"]]}), 422, "BadInput")
    problem(client.post("/v1/added", json={"concepts": []}), 422, "BadInput")
    assert client.get("/v1/kinds").headers["etag"] == tag


def test_a_change_is_bounded_as_every_request_is(serve: Make, folder: Path) -> None:
    """By its bytes and by how many concepts it holds."""
    client = serve(space=folder, writable=True, largest_body=2000, largest_batch=2)
    problem(add(client, NEW, NEW, NEW), 413, "TooLarge")
    problem(client.post("/v1/added/remove", json={"curies": ["mondo:1"] * 3}), 413, "TooLarge")
    problem(add(client, {**NEW, "definition": "x" * 2000}), 413, "TooLarge")


def test_a_service_takes_no_changes_unless_it_is_told_to(serve: Make, folder: Path) -> None:
    """403 with the way out, whatever was sent; nothing lies beside the space."""
    client = serve(space=folder)
    assert "generel serve --writable" in str(problem(add(client, NEW), 403, "NotPermitted")["detail"])
    problem(client.post("/v1/added/remove", json={"curies": ["mondo:0999999"]}), 403, "NotPermitted")
    assert not folder.with_name("world.added").exists()


def test_only_a_key_that_may_write_changes_the_space(serve: Make, folder: Path, tmp_path: Path) -> None:
    """Others may ask; a file of keys from before there was such a right is read, and its keys have it not."""
    file = tmp_path / "keys.json"
    reader, writer = make_key(file, "reader"), make_key(file, "writer", may_write=True)
    there = json.loads(file.read_text())
    del there["keys"][0]["may_write"]
    file.write_text(json.dumps(there))
    assert [key.may_write for key in read_keys(file)] == [False, True]
    client = serve(space=folder, writable=True, keys_file=file)
    problem(add(client, NEW), 401, "NotAuthorized")
    refused = problem(add(client, NEW, headers={"X-API-Key": reader}), 403, "NotPermitted")
    assert "'reader' may not" in str(refused["detail"]) and "--write" in str(refused["detail"])
    assert client.get("/v1/kinds", headers={"X-API-Key": reader}).status_code == 200
    assert add(client, NEW, headers={"X-API-Key": writer}).status_code == 200  # type: ignore[attr-defined]


def test_what_everybody_may_write_is_not_opened_to_everybody(tmp_path: Path) -> None:
    """Without keys, only on this machine."""
    for host in ("0.0.0.0", "::", "192.168.0.1", "lab.example"):
        with pytest.raises(BadInput, match="needs keys"):
            Settings(writable=True, host=host)
        assert Settings(writable=True, host=host, keys_file=tmp_path / "keys.json").writable
    assert all(Settings(writable=True, host=host).writable for host in ("127.0.0.1", "::1", "localhost"))


def test_a_space_without_its_encoder_takes_what_needs_no_words(serve: Make, folder: Path) -> None:
    """A variant with ties; a name is refused with a sentence."""
    client = serve(space=folder, writable=True, watch_seconds=NEVER, embedder=None)
    assert "without its encoder" in str(problem(add(client, NEW), 404, "NotOffered")["detail"])
    assert add(client, {"curie": "rs999999999", "kind": "variant", "ties": [["variant_of_gene", "hgnc:10959"]]}).status_code == 200  # type: ignore[attr-defined]


def test_words_that_mean_harm_are_words_of_a_concept(client: TestClient, folder: Path) -> None:
    """As names they come back as they were sent, as identifiers they are refused, and as bodies they change nothing; no file is named after one."""
    for page, body in product(("/v1/added", "/v1/added/remove"), BODIES):
        assert client.post(page, content=body, headers={"content-type": "application/json"}).status_code in (400, 413, 422), body[:50]
    for word in WORDS:
        assert add(client, {**NEW, "curie": word}).status_code == 422 and add(client, {**NEW, "ties": [[word, word]]}).status_code == 422  # type: ignore[attr-defined]
    named = [{"curie": f"mondo:09{place:05d}", "kind": "disease", "name": f"{word[:1900]} {place}", "synonyms": [f"x {word[:1900]}"], "definition": word} for place, word in enumerate(WORDS)]
    answer = add(client, *named)
    assert answer.status_code == 200, answer.text  # type: ignore[attr-defined]
    assert [each["name"] for each in answer.json()["concepts"]] == [each["name"] for each in named]  # type: ignore[attr-defined]
    assert client.get("/v1/concepts/mondo:0900001").json()["definition"] == WORDS[1]
    lying = {path.name.partition("-")[0] for path in folder.with_name("world.added").iterdir()}
    assert lying == {"added.safetensors", "names", ".lock"} and {path.name for path in folder.parent.iterdir()} == {"world", "world.added"}
