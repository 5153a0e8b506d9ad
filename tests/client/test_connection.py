"""How a service is asked again, and what its refusals become here."""

import httpx
import pytest

import generel
from generel.client.connection import Connection, Service
from generel.client.problems import error_of
from generel.client.remote_space import RemoteSpace
from generel.concepts.errors import (
    AmbiguousConcept,
    BadInput,
    NotAuthorized,
    Overloaded,
    ServerRefused,
    ServerUnavailable,
    TooManyRequests,
    UnknownConcept,
)

OK = httpx.Response(200, json={"kinds": ["gene"]})
BUSY = {"type": "urn:generel:error:Overloaded", "title": "busy", "status": 503, "detail": "the service has too many requests waiting", "retry_after": 3.0}


def connect(monkeypatch: pytest.MonkeyPatch, answers: list[httpx.Response | Exception], **options: object) -> tuple[Connection, list[httpx.Request], list[float]]:
    """A connection to a service that gives these answers, what it was asked, and how long was waited."""
    asked: list[httpx.Request] = []
    waited: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    connection = Connection(Service("http://service.example", sleep=waited.append, **options))  # type: ignore[arg-type]
    client = connection._client
    monkeypatch.setattr(connection, "_client", httpx.Client(base_url=client.base_url, headers=client.headers, transport=httpx.MockTransport(handle)))
    return connection, asked, waited


def test_a_busy_service_is_asked_again_when_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the seconds of Retry-After, then longer each time; a broken connection counts as busy."""
    answers = [httpx.Response(429, headers={"Retry-After": "7"}, json={}), httpx.Response(503, json=BUSY), httpx.ConnectError("refused"), OK]
    connection, asked, waited = connect(monkeypatch, answers)
    assert connection.get("/v1/kinds") == {"kinds": ["gene"]}
    assert len(asked) == 4 and waited[0] == 7 and 0.2 <= waited[1] <= 2


def test_patience_ends_with_the_error_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the tree where it answered; ServerUnavailable where it did not."""
    connection, asked, _ = connect(monkeypatch, [httpx.Response(503, json=BUSY) for _ in range(2)], attempts=2)
    with pytest.raises(Overloaded, match="too many requests waiting") as raised:
        connection.get("/v1/kinds")
    assert raised.value.retry_after == 3.0 and len(asked) == 2
    connection, _, _ = connect(monkeypatch, [httpx.ConnectError("refused") for _ in range(2)], attempts=2)
    with pytest.raises(ServerUnavailable, match=r"service.example did not answer: ConnectError: refused \(2 attempts\)"):
        connection.get("/v1/kinds")


def test_what_a_service_refuses_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither wrong questions nor its own faults."""
    for status in (404, 422, 500):
        connection, asked, _ = connect(monkeypatch, [httpx.Response(status, json={"detail": "no"})])
        with pytest.raises((BadInput, ServerRefused)):
            connection.get("/v1/kinds")
        assert len(asked) == 1


def test_a_change_is_not_sent_again_once_it_may_have_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Again where no connection was made or it was sent away unseen; else whoever asked is told to look."""
    connection, asked, _ = connect(monkeypatch, [httpx.ConnectError("refused"), httpx.Response(429, json={}), OK])
    assert connection.change("/v1/added", concepts=[]) == {"kinds": ["gene"]} and len(asked) == 3
    connection, asked, _ = connect(monkeypatch, [httpx.ReadError("broken"), OK])
    with pytest.raises(ServerUnavailable, match=r"did not say how it ended \(ReadError: broken\); look whether"):
        connection.change("/v1/added", concepts=[])
    assert len(asked) == 1
    connection, asked, _ = connect(monkeypatch, [httpx.Response(503, json=BUSY), OK])
    with pytest.raises(Overloaded):
        connection.change("/v1/added", concepts=[])
    assert len(asked) == 1


def test_a_file_is_of_the_type_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or refused."""
    connection, asked, _ = connect(monkeypatch, [httpx.Response(200, content=b"x", headers={"Content-Type": "a/b"}), OK])
    assert connection.get_file("/v1/vectors", "a/b") == b"x" and asked[0].headers["accept"] == "a/b"
    with pytest.raises(ServerRefused, match="not a/b"):
        connection.get_file("/v1/vectors", "a/b")


def test_the_key_is_sent_and_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given, or from the environment; never in what is printed."""
    connection, asked, _ = connect(monkeypatch, [OK], api_key="secret-key")
    connection.get("/v1/kinds")
    assert asked[0].headers["authorization"] == "Bearer secret-key" and "secret-key" not in repr(connection.service)
    monkeypatch.setenv("GENEREL_API_KEY", "from-environment")
    assert Service.find("http://service.example/").api_key == "from-environment"
    assert Service.find("http://service.example", api_key="").api_key == ""


def test_parameters_that_are_none_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """And lists are sent value by value."""
    connection, asked, _ = connect(monkeypatch, [OK])
    connection.get("/v1/neighbors", query="a b&c", kind=["gene", "drug"], relation=None, exclude_known=True)
    assert asked[0].url.query == b"query=a%20b%26c&kind=gene&kind=drug&exclude_known=true" or asked[0].url.query == b"query=a+b%26c&kind=gene&kind=drug&exclude_known=true"


def test_problems_become_the_errors_that_they_were() -> None:
    """With their fields; a type that nobody knows is a refusal, and no other class of the module can be called for."""
    unknown = error_of(404, {"type": "urn:generel:error:UnknownConcept", "detail": "no concept is called 'x'", "query": "x", "near": ["a", "b"], "where": ""}, where="there")
    assert type(unknown) is UnknownConcept and unknown.near == ("a", "b") and str(unknown) == "no concept is called 'x'"
    assert type(error_of(409, {"type": "urn:generel:error:AmbiguousConcept", "detail": "two", "candidates": ["a", "b"]}, where="there")) is AmbiguousConcept
    assert type(error_of(401, {"type": "urn:generel:error:NotAuthorized", "detail": "a key"}, where="there")) is NotAuthorized
    assert type(error_of(429, {"type": "urn:generel:error:TooManyRequests", "detail": "slow", "retry_after": 2}, where="there")) is TooManyRequests
    for strange in ("urn:generel:error:Sequence", "urn:generel:error:__builtins__", "about:blank", ""):
        assert type(error_of(500, {"type": strange, "detail": "oh"}, where="http://there")) is ServerRefused
    assert type(error_of(422, {}, where="there")) is BadInput


@pytest.mark.parametrize("url", ["", "service", "ftp://x", "http://", "http://user:pass@host", "http://host?x=1", "file:///etc/passwd"])
def test_addresses_that_are_none_are_refused(url: str) -> None:
    """Before anything is sent, and without showing a password."""
    with pytest.raises(BadInput) as raised:
        generel.connect(url)
    assert "pass@" not in str(raised.value)


def test_something_else_than_a_service_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is not JSON, and JSON of another shape."""
    connection, _, _ = connect(monkeypatch, [httpx.Response(200, text="<html>")])
    with pytest.raises(ServerRefused, match="is it a service of generel"):
        connection.get("/v1/kinds")
    space = RemoteSpace(Service("http://service.example"))
    monkeypatch.setattr(space, "_connection", connect(monkeypatch, [httpx.Response(200, json={"left": None})])[0])
    with pytest.raises(BadInput, match="lacks right, cosine"):
        space.relatedness("a", "b")
