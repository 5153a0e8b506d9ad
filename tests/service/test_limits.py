"""Who may ask, how much at once and how often; everything else is refused with a problem that says so."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from generel.concepts.errors import BadInput
from generel.service.keys import make_key, revoke_key
from generel.service.rates import Rates, prepare
from generel.service.settings import Settings
from tests.service.conftest import Make
from tests.worlds import WordEmbedder


def problem(answer: object, status: int, name: str) -> dict[str, object]:
    """The problem that was answered, once it is seen to be one."""
    assert answer.status_code == status, answer.text  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    said = answer.json()  # type: ignore[attr-defined]
    assert said["status"] == status and said["type"].rpartition(":")[2] == name and said["title"] and said["detail"]
    return dict(said)


def test_every_failure_is_a_problem(client: TestClient) -> None:
    """Errors of the tree with their fields, and those of HTTP."""
    unknown = problem(client.get("/v1/concepts/hgnc:1099"), 404, "UnknownConcept")
    assert unknown["query"] == "hgnc:1099" and "hgnc:1100 BRCA1" in unknown["near"]  # type: ignore[operator]
    ambiguous = problem(client.get("/v1/neighbors?query=MI"), 409, "AmbiguousConcept")
    assert ambiguous["candidates"] == ["mondo:0005068 myocardial infarction", "mondo:0007254 breast cancer"]
    assert problem(client.get("/v1/concepts/nope:1"), 422, "UnknownPrefix")["prefix"] == "nope"
    problem(client.get("/v1/neighbors?query=BRCA1&relation=cures"), 422, "BadInput")
    problem(client.get("/v1/genes/BRCA1"), 404, "NotOffered")
    problem(client.get("/nothing"), 404, "blank")
    assert client.put("/v1/neighbors", json={}).headers["allow"] in ("GET", "POST", "GET, POST")
    problem(client.put("/v1/neighbors", json={}), 405, "blank")
    problem(client.post("/v1/neighbors", content="queries=a", headers={"content-type": "text/plain"}), 415, "blank")


def test_everything_wrong_with_a_question_is_said_at_once(client: TestClient) -> None:
    """Three things, each with its place; what was sent is not sent back."""
    said = problem(client.get("/v1/neighbors?k=0&offset=x&nonsense=<script>"), 422, "BadInput")
    assert {each["where"] for each in said["errors"]} == {"query.query", "query.k", "query.offset", "query.nonsense"}  # type: ignore[union-attr, attr-defined]
    assert "<script>" not in str(said)


def test_files_of_the_server_are_named_in_no_answer(serve: Make, world_folder: Path) -> None:
    """What fails inside is told to the log; whoever asked gets the id of the request."""

    class Broken(WordEmbedder):
        """Fails at one text."""

        def embed(self, texts: Sequence[str]) -> np.ndarray:
            if "sore muscles" in texts:
                raise OSError(f"{world_folder} cannot be read")
            return super().embed(texts)

    client = serve(embedder=Broken())
    answer = client.get("/v1/neighbors?query=sore muscles", headers={"X-Request-ID": "my-request-1"})
    assert answer.status_code == 500 and str(world_folder) not in answer.text
    assert answer.headers["x-request-id"] == "my-request-1" and answer.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/neighbors?query=BRCA1").status_code == 200


def test_ids_of_requests_are_well_formed(client: TestClient) -> None:
    """One that could break a log line is replaced."""
    assert client.get("/healthz", headers={"X-Request-ID": "abc.DEF-123_x"}).headers["x-request-id"] == "abc.DEF-123_x"
    for bad in ("short", "x" * 65, 'quote"quote', "semi;colon", "ünïcödé-idx"):
        assert client.get("/healthz", headers={"X-Request-ID": bad.encode("latin-1")}).headers["x-request-id"] != bad


def test_answers_carry_the_headers_that_browsers_heed(client: TestClient) -> None:
    """On failures, too; nothing may be loaded from elsewhere and no other site is let in."""
    for path in ("/v1/kinds", "/nothing", "/v1/neighbors"):
        headers = client.get(path, headers={"Origin": "https://elsewhere.example"}).headers
        assert "default-src 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers and "server" not in headers


def test_other_sites_are_let_in_by_name(serve: Make) -> None:
    """Also on a refusal, so that a page can say why."""
    client = serve(origins=("https://lab.example",))
    assert client.get("/v1/kinds", headers={"Origin": "https://lab.example"}).headers["access-control-allow-origin"] == "https://lab.example"
    assert client.get("/nothing", headers={"Origin": "https://lab.example"}).headers["access-control-allow-origin"] == "https://lab.example"
    assert "access-control-allow-origin" not in client.get("/v1/kinds", headers={"Origin": "https://elsewhere.example"}).headers


def test_keys_open_everything_but_health(serve: Make, tmp_path: Path) -> None:
    """As a bearer, as X-API-Key, as a browser's password; wrong ones and none are told so."""
    file = tmp_path / "keys.json"
    key = make_key(file, "lab")
    client = serve(keys_file=file)
    assert key not in file.read_text() and file.stat().st_mode & 0o077 == 0
    for path in ("/v1/kinds", "/", "/metrics", "/docs", "/openapi.json"):
        refused = client.get(path)
        problem(refused, 401, "NotAuthorized")
        assert "Bearer" in refused.headers["www-authenticate"]
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    problem(client.get("/v1/kinds", headers={"Authorization": f"Bearer {key}x"}), 401, "NotAuthorized")
    assert client.get("/v1/kinds", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/v1/kinds", headers={"X-API-Key": key}).status_code == 200
    assert client.get("/v1/kinds", auth=("anybody", key)).status_code == 200
    problem(client.get("/v1/kinds", headers={"Authorization": "Basic not-base64!"}), 401, "NotAuthorized")


def test_keys_rotate_while_the_service_runs(serve: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second key is good at once, the first until it is revoked."""
    monkeypatch.setattr("generel.service.keys.LOOK_AGAIN_SECONDS", 0.0)
    file = tmp_path / "keys.json"
    old = make_key(file, "old")
    client = serve(keys_file=file)

    def status(key: str) -> int:
        return client.get("/v1/kinds", headers={"X-API-Key": key}).status_code

    new = make_key(file, "new")
    assert (status(old), status(new)) == (200, 200)
    revoke_key(file, "old")
    assert (status(old), status(new)) == (401, 200)
    with pytest.raises(BadInput, match="already"):
        make_key(file, "new")


def test_a_key_may_ask_so_often(serve: Make) -> None:
    """Three at once, then one each ten seconds; the refusal says how long to wait."""
    client = serve(requests_a_second=0.1, burst=3)
    assert [client.get("/v1/kinds").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/v1/kinds")
    said = problem(refused, 429, "TooManyRequests")
    assert 8 <= int(refused.headers["retry-after"]) <= 10 and said["retry_after"] == pytest.approx(10, abs=1)
    assert client.get("/healthz").status_code == 200


def test_tokens_come_back_with_time_and_are_shared_by_workers(tmp_path: Path) -> None:
    """Two a second, four at most; two processes' buckets are one; another key has its own."""
    prepare(tmp_path)
    now = [1000.0]
    one, other = (Rates(2, burst=4, folder=tmp_path, clock=lambda: now[0]) for _ in range(2))
    assert [rates.take("key a") for rates in (one, other, one, other)] == [0, 0, 0, 0]
    assert one.take("key a") == pytest.approx(0.5)
    assert other.take("key b") == 0
    now[0] += 0.5
    assert (other.take("key a"), one.take("key a") > 0) == (0, True)
    now[0] += 60
    assert [one.take("key a") for _ in range(4)] == [0, 0, 0, 0] and one.take("key a") > 0


def test_a_request_may_be_so_large(serve: Make) -> None:
    """By its length, and by what it turns out to be; batches by their number."""
    client = serve(largest_body=2000, largest_batch=3)
    problem(client.post("/v1/vectors", content=b'{"curies": ["' + b"x" * 2000 + b'"]}', headers={"content-type": "application/json"}), 413, "TooLarge")

    def endless() -> object:
        yield b'{"curies": ["'
        for _ in range(100):
            yield b"x" * 100

    problem(client.post("/v1/vectors", content=endless(), headers={"content-type": "application/json"}), 413, "TooLarge")
    assert "3" in str(problem(client.post("/v1/vectors", json={"curies": ["BRCA1"] * 4}), 413, "TooLarge")["detail"])
    assert client.post("/v1/vectors", json={"curies": ["BRCA1"] * 3}).status_code == 200
    problem(client.get("/v1/neighbors?query=" + "x" * 17_000), 414, "blank")


class SlowEmbedder(WordEmbedder):
    """Takes until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def embed(self, texts: object) -> np.ndarray:
        self.go_on.wait(20)
        return super().embed(texts)  # type: ignore[arg-type]


def test_who_waits_too_long_is_told_to_come_again(serve: Make) -> None:
    """While texts hang, everything else is answered."""
    slow = SlowEmbedder()
    slow.go_on.set()
    client = serve(embedder=slow, seconds_of_answer=0.2)
    slow.go_on.clear()
    refused = client.get("/v1/neighbors?query=sore muscles")
    problem(refused, 503, "Overloaded")
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/v1/neighbors?query=BRCA1").status_code == 200
    slow.go_on.set()


def test_who_finds_the_queue_full_is_turned_away_at_once(serve: Make) -> None:
    """Two may wait, the third may not; when the two are answered, there is room again."""
    slow = SlowEmbedder()
    slow.go_on.set()
    client = serve(embedder=slow, waiting=2)
    slow.go_on.clear()
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda at=at: statuses.append(client.post("/v1/embed", json={"texts": [f"text {at} {n}" for n in range(40)]}).status_code)) for at in range(6)]
    # The slow lane is entered before texts are asked for; hold it with work of its own.
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    slow.go_on.set()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503} and 200 in statuses
    assert client.get("/v1/neighbors?query=sore muscles").status_code == 200


def test_settings_that_cannot_be_are_all_named() -> None:
    """Not the first one only."""
    with pytest.raises(BadInput, match=r"workers is 0.*burst is -1"):
        Settings(workers=0, burst=-1)
