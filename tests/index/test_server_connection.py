"""What becomes of a request to a server that fails, for a while or for good; over real HTTP on the loopback."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc as rpc
import pytest

from generel.concepts.errors import BadInput, GenerelError, NotThere, ServerRefused, ServerUnavailable
from generel.concepts.progress import Silent
from generel.index.server_connection import Connection, Server
from tests.index.qdrant_fake import FakeQdrant, Fault
from tests.index.qdrant_fake_grpc import serving_grpc

KEY = "a-key-nobody-may-see"


class Listener(Silent):
    """A progress that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        """Keep it."""
        self.said.append(message)


def failing(times: int, fault: Fault) -> Callable[[str, str], Fault | None]:
    """The fault, so many times; then none."""
    left = iter([fault] * times)
    return lambda method, path: next(left, None)


@pytest.fixture
def fake() -> FakeQdrant:
    """A server that asks for the key."""
    return FakeQdrant(api_key=KEY)


@pytest.fixture
def url(fake: FakeQdrant) -> Iterator[str]:
    """Where it is."""
    with fake.serving() as address:
        yield address


def connect(url: str, *, key: str = KEY, waited: list[float] | None = None, progress: Silent | None = None) -> Connection:
    """A connection that waits for nothing in truth; how long it would have is kept in `waited`."""
    server = Server(url, api_key=key, timeout_seconds=1, attempts=4, sleep=(waited if waited is not None else []).append)
    return Connection(server, progress=progress or Silent())


def ask(connection: Connection) -> bool:
    """Something small to ask."""
    return connection.ask("looking", lambda client: client.collection_exists("none"))


@pytest.mark.parametrize(
    "fault", [Fault(500), Fault(502), Fault(503), Fault(504), Fault(429), Fault(cut="before"), Fault(cut="after"), Fault(slow_seconds=1.2)], ids=repr
)
def test_what_passes_is_tried_again(fake: FakeQdrant, url: str, fault: Fault) -> None:
    """After one failure of each sort the answer comes, and the user is told that it was tried again."""
    fake.faults, listener = failing(1, fault), Listener()
    assert ask(connect(url, progress=listener)) is False
    assert len(fake.asked) == 2
    assert len(listener.said) == 1 and listener.said[0].startswith("Qdrant, looking: ")


@pytest.mark.parametrize(("fault", "reason"), [(Fault(500), "answered 500 .on request."), (Fault(429), "429"), (Fault(cut="before"), "RemoteProtocolError")], ids=repr)
def test_what_does_not_pass_ends_in_a_sentence(fake: FakeQdrant, url: str, fault: Fault, reason: str) -> None:
    """After four attempts the last reason, the address and the way out are said."""
    fake.faults = lambda method, path: fault
    with pytest.raises(ServerUnavailable, match=f"Qdrant at {url} failed looking: .*{reason}.*4 attempts.*run the command again"):
        ask(connect(url))
    assert len(fake.asked) == 4


def test_waits_double_and_the_servers_wish_is_followed(fake: FakeQdrant, url: str) -> None:
    """0.2 to 0.4, 0.4 to 0.6, then 0.8 to 1 seconds; with Retry-After that many, but no more than the limit."""
    waited: list[float] = []
    fake.faults = failing(3, Fault(503))
    ask(connect(url, waited=waited))
    assert [low <= seconds <= low + 0.2 for low, seconds in zip((0.2, 0.4, 0.8), waited, strict=True)] == [True] * 3
    waited.clear()
    fake.faults = failing(2, Fault(429, retry_after="7"))
    ask(connect(url, waited=waited))
    assert waited == [7, 7]
    waited.clear()
    fake.faults = failing(1, Fault(429, retry_after="3600"))
    ask(connect(url, waited=waited))
    assert waited == [20]


def test_nobody_there_is_a_sentence() -> None:
    """A port that nobody listens at."""
    with FakeQdrant().serving() as address:
        pass
    with pytest.raises(ServerUnavailable, match="Connect"):
        ask(connect(address))


@pytest.mark.parametrize(("status", "error", "sentence"), [
    (401, ServerRefused, "does not let us in .401.; give its key with --api-key or GENEREL_QDRANT_API_KEY"),
    (403, ServerRefused, "does not let us in"), (404, NotThere, "has not what is asked for"), (400, ServerRefused, "refused looking with 400 .on request."),
    (409, ServerRefused, "refused looking with 409"),
])
def test_what_is_refused_is_not_tried_again(fake: FakeQdrant, url: str, status: int, error: type[GenerelError], sentence: str) -> None:
    """An answer for good is asked for once."""
    fake.faults = failing(9, Fault(status))
    with pytest.raises(error, match=sentence):
        ask(connect(url))
    assert len(fake.asked) == 1


def test_the_key_is_in_no_sentence(fake: FakeQdrant, url: str) -> None:
    """Neither in a refusal, nor in what a server shows of itself, nor is a password in its address."""
    wrong = "another-key"
    with pytest.raises(ServerRefused) as refused:
        ask(connect(url, key=wrong))
    connection = connect(url.replace("//", "//user:password@"), key=KEY)
    shown = [str(refused.value), repr(connection.server), connection.server.shown]
    assert not [text for text in shown[::2] for secret in (wrong, KEY, "password") if secret in text]
    assert KEY not in shown[1]


@pytest.mark.parametrize("url", ["", "localhost:6333", "ftp://host", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """Only http and https with a host."""
    with pytest.raises(BadInput, match="is not the address of a Qdrant server"):
        Server(url)


def test_the_environment_names_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and key; an address that is given goes with the key of the environment; a whole server goes with its own."""
    monkeypatch.delenv("GENEREL_QDRANT_URL", raising=False)
    assert Server.find() is None
    monkeypatch.setenv("GENEREL_QDRANT_URL", "https://one:6333")
    monkeypatch.setenv("GENEREL_QDRANT_API_KEY", KEY)
    assert Server.find() == Server("https://one:6333", api_key=KEY)
    assert Server.find("http://two") == Server("http://two", api_key=KEY)
    assert Server.find(Server("http://two")) == Server("http://two")


def test_https_is_spoken_and_an_unknown_authority_refused(fake: FakeQdrant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its authority in SSL_CERT_FILE the server is trusted; without, nothing is sent and nothing tried again."""
    pem = tmp_path / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "own.pem")], check=True, capture_output=True)
    pem.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "own.pem").read_text())
    with fake.serving(certificate=pem) as address:
        waited: list[float] = []
        with pytest.raises(ServerRefused, match=r"certificate of Qdrant at https://127.0.0.1:[0-9]+ is not trusted"):
            ask(connect(address, waited=waited))
        assert waited == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        assert ask(connect(address)) is False


@pytest.mark.parametrize(("code", "error", "attempts"), [
    ("UNAVAILABLE", ServerUnavailable, 4), ("RESOURCE_EXHAUSTED", ServerUnavailable, 4), ("INTERNAL", ServerUnavailable, 4), ("DEADLINE_EXCEEDED", ServerUnavailable, 4),
    ("PERMISSION_DENIED", ServerRefused, 1), ("NOT_FOUND", NotThere, 1), ("INVALID_ARGUMENT", ServerRefused, 1),
])
def test_grpc_fails_in_the_same_sentences(fake: FakeQdrant, code: str, error: type[GenerelError], attempts: int) -> None:
    """What may pass is tried four times, what is for good once; a wrong key is refused over gRPC too."""
    with serving_grpc(fake) as port:
        connection = Connection(Server("http://127.0.0.1", api_key=KEY, grpc_port=port, attempts=4, sleep=lambda seconds: None))
        assert ask(connection) is False
        fake.asked.clear()
        fake.faults = lambda method, path: Fault(getattr(rpc.StatusCode, code).value[0])
        with pytest.raises(error, match=r"^Qdrant at http://127\.0\.0\.1 "):
            ask(connection)
        assert len(fake.asked) == attempts
        with pytest.raises(ServerRefused, match=r"does not let us in .UNAUTHENTICATED."):
            ask(Connection(Server("http://127.0.0.1", api_key="wrong", grpc_port=port)))
