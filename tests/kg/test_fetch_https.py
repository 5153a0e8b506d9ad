"""Downloads from a server that cuts, lies, redirects and changes its mind."""

import errno
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fetch_server import Answer, Server, serving

from generel.concepts.errors import DiskFull, HashMismatch, SourceUnavailable
from generel.concepts.patience import read_retry_after
from generel.concepts.progress import Advance
from kg.fetch.connection import Connection
from kg.fetch.https import download

BODY = b"rs7903146\tTCF7L2\n" * 20_000
SHA256 = hashlib.sha256(BODY).hexdigest()
V1, V2 = {"ETag": '"v1"'}, {"ETag": '"v2"'}


class Watcher:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bars: list[tuple[str, float | None, float]] = []

    @contextmanager
    def task(self, description: str, *, total: float | None = None) -> Iterator[Advance]:
        amounts: list[float] = []
        try:
            yield amounts.append
        finally:
            self.bars.append((description, total, sum(amounts)))

    def say(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def connection(waits: list[float]) -> Connection:
    return Connection(sleep=waits.append)


def leave_part(target: Path, *, url: str, body: bytes, etag: str, total: int | None = len(BODY)) -> None:
    """What a download killed in the middle leaves behind."""
    target.with_name(f"{target.name}.part").write_bytes(body)
    note = {"asked": url, "url": url, "etag": etag, "last_modified": "", "total": total}
    target.with_name(f"{target.name}.part.json").write_text(json.dumps(note))


def test_whole_file_arrives_with_hash_size_and_etag(server: Server, tmp_path: Path, connection: Connection) -> None:
    """A plain download gives the bytes, their hash, and the server's marks, and leaves nothing beside."""
    url = server.put("/a.tsv", Answer(BODY, headers=V1 | {"Last-Modified": "Fri, 21 Nov 2025 10:00:00 GMT"}))
    watcher = Watcher()
    fetched = download(url, tmp_path / "new" / "a.tsv", expected=SHA256.upper(), connection=connection, progress=watcher)
    assert (tmp_path / "new" / "a.tsv").read_bytes() == BODY
    assert (fetched.sha256, fetched.size, fetched.url) == (SHA256, len(BODY), url)
    assert (fetched.etag, fetched.last_modified) == ('"v1"', "Fri, 21 Nov 2025 10:00:00 GMT")
    assert watcher.bars == [("fetching a.tsv", len(BODY), len(BODY))]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.tsv"]


def test_cut_connection_is_resumed_by_range(server: Server, tmp_path: Path, connection: Connection, waits: list[float]) -> None:
    """After a cut only the rest is asked for, under the condition that the file is the same."""
    url = server.put("/a.tsv", Answer(BODY, headers=V1, cut_after=100_000), Answer(BODY, headers=V1))
    watcher = Watcher()
    assert download(url, tmp_path / "a.tsv", connection=connection, progress=watcher).sha256 == SHA256
    assert (tmp_path / "a.tsv").read_bytes() == BODY
    _, again = server.asked[1]
    assert (again["range"], again["if-range"]) == ("bytes=100000-", '"v1"')
    assert len(waits) == 1 and "trying again" in watcher.said[0]
    assert watcher.bars[-1] == ("fetching a.tsv", len(BODY), len(BODY))


def test_part_of_a_killed_run_is_gone_on_with(server: Server, tmp_path: Path, connection: Connection) -> None:
    """A `.part` with its note is continued by the next run."""
    url = server.put("/a.tsv", Answer(BODY, headers=V1))
    leave_part(tmp_path / "a.tsv", url=url, body=BODY[:5_000], etag='"v1"')
    assert download(url, tmp_path / "a.tsv", connection=connection).sha256 == SHA256
    assert [headers.get("range") for _, headers in server.asked] == ["bytes=5000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.tsv"]


def test_part_that_was_complete_is_not_fetched_again(server: Server, tmp_path: Path, connection: Connection) -> None:
    """Killed between the last byte and the rename: the bytes are checked and used."""
    leave_part(tmp_path / "a.tsv", url=f"{server.url}/a.tsv", body=BODY, etag='"v1"')
    assert download(f"{server.url}/a.tsv", tmp_path / "a.tsv", expected=SHA256, connection=connection).size == len(BODY)
    assert server.asked == []


def test_changed_file_is_not_glued_to_the_old_part(server: Server, tmp_path: Path, connection: Connection) -> None:
    """If the file changed between cut and retry, the server sends all of it and nothing of the old stays."""
    url = server.put("/a.tsv", Answer(b"x" * len(BODY), headers=V1, cut_after=100_000), Answer(BODY, headers=V2))
    fetched = download(url, tmp_path / "a.tsv", connection=connection)
    assert (fetched.sha256, fetched.etag) == (SHA256, '"v2"')


def test_server_that_ignores_ranges_sends_the_whole_file(server: Server, tmp_path: Path, connection: Connection) -> None:
    """Status 200 to a Range means the file from its start."""
    url = server.put("/a.tsv", Answer(BODY, headers=V1, cut_after=1_000, ranges=False), Answer(BODY, headers=V1, ranges=False))
    assert download(url, tmp_path / "a.tsv", connection=connection).sha256 == SHA256
    assert server.asked[1][1]["range"] == "bytes=1000-"


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"v1"'}])
def test_without_a_strong_mark_the_file_starts_over(server: Server, tmp_path: Path, connection: Connection, headers: dict[str, str]) -> None:
    """Without ETag or date, or with a weak ETag, a part cannot be trusted to be of the same file."""
    url = server.put("/a.tsv", Answer(BODY, headers=headers, cut_after=1_000), Answer(BODY, headers=headers))
    assert download(url, tmp_path / "a.tsv", connection=connection).sha256 == SHA256
    assert "range" not in server.asked[1][1]


@pytest.mark.parametrize(("start", "n_asked"), [(BODY[:5_000], 1), (b"?" * 5_000, 2)])
def test_known_hash_makes_a_part_usable_without_a_mark(
    start: bytes, n_asked: int, server: Server, tmp_path: Path, connection: Connection
) -> None:
    """Pieces that may not fit are tried where a hash will tell; if they do not, the whole file is fetched."""
    url = server.put("/a.tsv", Answer(BODY))
    leave_part(tmp_path / "a.tsv", url=url, body=start, etag="")
    assert download(url, tmp_path / "a.tsv", expected=SHA256, connection=connection).sha256 == SHA256
    assert server.asked[0][1]["range"] == "bytes=5000-" and "if-range" not in server.asked[0][1]
    assert len(server.asked) == n_asked


def test_part_of_another_address_is_not_used(server: Server, tmp_path: Path, connection: Connection) -> None:
    """A part belongs to the address it came from, even where two files have one name."""
    url = server.put("/2/a.tsv", Answer(BODY, headers=V1))
    leave_part(tmp_path / "a.tsv", url=f"{server.url}/1/a.tsv", body=b"x" * 5_000, etag='"v1"')
    assert download(url, tmp_path / "a.tsv", connection=connection).sha256 == SHA256


def test_damaged_part_gets_one_whole_download(server: Server, tmp_path: Path, connection: Connection) -> None:
    """A part whose bytes went bad on the disk is found by the hash, and the file is fetched whole."""
    url = server.put("/a.tsv", Answer(BODY, headers=V1))
    leave_part(tmp_path / "a.tsv", url=url, body=b"?" * 5_000, etag='"v1"')
    assert download(url, tmp_path / "a.tsv", expected=SHA256, connection=connection).sha256 == SHA256
    assert (tmp_path / "a.tsv").read_bytes() == BODY


def test_wrong_range_is_not_glued(server: Server, tmp_path: Path, connection: Connection) -> None:
    """A 206 of another range than the one asked for starts the file over."""
    wrong = Answer(b"zzz", status=206, headers={"Content-Range": f"bytes 7-9/{len(BODY)}"}, ranges=False)
    url = server.put("/a.tsv", wrong, Answer(BODY, headers=V1))
    leave_part(tmp_path / "a.tsv", url=url, body=BODY[:5_000], etag='"v1"')
    assert download(url, tmp_path / "a.tsv", connection=connection).sha256 == SHA256


def test_range_that_is_gone_starts_over(server: Server, tmp_path: Path, connection: Connection) -> None:
    """416, the file has shrunk: the part goes and the file is fetched from its start."""
    url = server.put("/a.tsv", Answer(b"", status=416), Answer(BODY, headers=V1))
    leave_part(tmp_path / "a.tsv", url=url, body=b"x" * 5_000, etag='"v1"')
    assert download(url, tmp_path / "a.tsv", connection=connection).sha256 == SHA256


def test_too_great_a_content_length_ends_in_one_clear_sentence(server: Server, tmp_path: Path, waits: list[float]) -> None:
    """A server that says more than it sends is asked a few times, then named; the part stays for later."""
    url = server.put("/a.tsv", Answer(BODY, headers=V1, declared=len(BODY) + 50))
    with pytest.raises(SourceUnavailable, match=r"a\.tsv could not be fetched: .*3 attempts in a row\); check the network"):
        download(url, tmp_path / "a.tsv", connection=Connection(attempts=3, sleep=waits.append))
    assert not (tmp_path / "a.tsv").exists()
    assert (tmp_path / "a.tsv.part").stat().st_size == len(BODY)
    assert len(waits) == 3  # the first attempt brought bytes, three in a row did not


def test_attempts_that_bring_bytes_do_not_count(server: Server, tmp_path: Path, waits: list[float]) -> None:
    """A line that drops again and again brings the file home as long as each attempt adds something."""
    url = server.put("/a.tsv", *[Answer(BODY, headers=V1, cut_after=30_000)] * 11, Answer(BODY, headers=V1))
    assert download(url, tmp_path / "a.tsv", connection=Connection(attempts=2, sleep=waits.append)).sha256 == SHA256
    assert len(waits) == 11


def test_503_is_tried_again_after_as_long_as_it_asks(server: Server, tmp_path: Path, connection: Connection, waits: list[float]) -> None:
    """Retry-After is honored, up to our own patience; without it the wait grows and has jitter."""
    busy, asking = Answer(b"later", 503), Answer(b"later", 429, {"Retry-After": "7"})
    url = server.put("/a.tsv", asking, Answer(b"", 503, {"Retry-After": "86400"}), busy, busy, Answer(BODY))
    assert download(url, tmp_path / "a.tsv", connection=connection).sha256 == SHA256
    assert waits[:2] == [7.0, connection.longest_wait_seconds]
    assert 2.0 <= waits[2] <= 2.5 and 4.0 <= waits[3] <= 4.5


def test_server_that_stays_down_is_named(server: Server, tmp_path: Path, waits: list[float]) -> None:
    """After the last attempt the reason is the server's."""
    url = server.put("/a.tsv", Answer(b"", 503))
    with pytest.raises(SourceUnavailable, match="the server answered 503 Service Unavailable"):
        download(url, tmp_path / "a.tsv", connection=Connection(attempts=3, sleep=waits.append))
    assert len(server.asked) == 3 and len(waits) == 2


def test_404_is_not_tried_again(server: Server, tmp_path: Path, connection: Connection, waits: list[float]) -> None:
    """A refusal is an answer; what was there stays."""
    (tmp_path / "a.tsv").write_bytes(b"old")
    with pytest.raises(SourceUnavailable, match=r"/a\.tsv answered 404 Not Found; look whether its provider has moved it"):
        download(f"{server.url}/a.tsv", tmp_path / "a.tsv", connection=connection)
    assert waits == [] and len(server.asked) == 1
    assert (tmp_path / "a.tsv").read_bytes() == b"old"


def test_nobody_listening_is_tried_again_then_named(tmp_path: Path, connection: Connection, waits: list[float]) -> None:
    """A refused connection may pass, so it is tried again."""
    with serving() as gone:
        url = f"{gone.url}/a.tsv"
    with pytest.raises(SourceUnavailable, match=r"a\.tsv could not be fetched: ConnectError"):
        download(url, tmp_path / "a.tsv", connection=connection)
    assert len(waits) == connection.attempts - 1


def test_time_out_is_tried_again(tmp_path: Path, waits: list[float]) -> None:
    """A server that falls silent is asked again."""
    failures = [httpx.ConnectTimeout("silent"), httpx.ReadTimeout("silent")]

    def answer(request: httpx.Request) -> httpx.Response:
        if failures:
            raise failures.pop()
        return httpx.Response(200, stream=httpx.ByteStream(BODY))

    connection = Connection(transport=httpx.MockTransport(answer), sleep=waits.append)
    assert download("https://far.example/a.tsv", tmp_path / "a.tsv", connection=connection).sha256 == SHA256
    assert len(waits) == 2


def test_other_bytes_than_expected_leave_the_old_file(server: Server, tmp_path: Path, connection: Connection) -> None:
    """The mismatch names the file, both hashes and the way out; the old file stays, and the bad bytes go."""
    url = server.put("/a.tsv", Answer(BODY, headers=V1))
    (tmp_path / "a.tsv").write_bytes(b"old")
    with pytest.raises(HashMismatch) as caught:
        download(url, tmp_path / "a.tsv", expected="0" * 64, way_out="ask Ann", connection=connection)
    assert str(caught.value) == f"a.tsv is not the file that was recorded: SHA-256 {'0' * 64} was expected, {SHA256} came; ask Ann"
    assert (tmp_path / "a.tsv").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.tsv"]


def test_redirects_are_followed_and_the_last_address_kept(server: Server, tmp_path: Path, connection: Connection) -> None:
    """The lock file shall say where the bytes came from in the end, without the token in the query."""
    server.put("/final/a.tsv?token=secret", Answer(BODY))
    server.put("/middle", Answer(b"", 302, {"Location": "/final/a.tsv?token=secret"}))
    url = server.put("/start", Answer(b"", 301, {"Location": f"{server.url}/middle"}))
    fetched = download(url, tmp_path / "a.tsv", connection=connection)
    assert (fetched.sha256, fetched.url) == (SHA256, f"{server.url}/final/a.tsv")


def test_circle_of_redirects_is_left(server: Server, tmp_path: Path, connection: Connection) -> None:
    """Redirects have a limit, and reaching it is not tried again."""
    url = server.put("/round", Answer(b"", 302, {"Location": "/round"}))
    with pytest.raises(SourceUnavailable, match="too many redirects"):
        download(url, tmp_path / "a.tsv", connection=connection)
    assert len(server.asked) == connection.redirects + 1


@pytest.mark.parametrize("there", ["http://far.example/a.tsv", "http://127.0.0.1/a.tsv"])
def test_redirect_from_https_to_http_is_refused(tmp_path: Path, there: str) -> None:
    """Encryption is never given up on the way, not even for this machine."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": there})

    with pytest.raises(SourceUnavailable, match="unencrypted"):
        download("https://far.example/a.tsv", tmp_path / "a.tsv", connection=Connection(transport=httpx.MockTransport(answer)))
    assert asked == ["https://far.example/a.tsv"]


def test_plain_http_to_another_machine_is_refused(tmp_path: Path) -> None:
    """http is for this machine only."""
    with pytest.raises(SourceUnavailable, match="not encrypted"):
        download("http://far.example/a.tsv", tmp_path / "a.tsv", connection=Connection(transport=httpx.MockTransport(lambda _: httpx.Response(200))))


def test_untrusted_certificate_is_said_at_once(tmp_path: Path, waits: list[float]) -> None:
    """A certificate does not get better by asking again; the message says how to name one's own authority."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", request=request)

    with pytest.raises(SourceUnavailable, match="SSL_CERT_FILE"):
        download("https://far.example/a", tmp_path / "a", connection=Connection(transport=httpx.MockTransport(answer), sleep=waits.append))
    assert waits == []


def test_unreadable_certificate_file_is_named(tmp_path: Path) -> None:
    """PIP_CERT that points nowhere."""
    with pytest.raises(SourceUnavailable, match=r"the certificate file .*/none\.pem of pip's settings cannot be read"):
        download("https://far.example/a", tmp_path / "a", connection=Connection(certificates=f"{tmp_path}/none.pem"))


def test_trusted_host_may_speak_http(tmp_path: Path) -> None:
    """pip's trusted-host, by name or with its port, and no other port of it."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(BODY)))
    for host in ("mirror.example", "mirror.example:8080"):
        connection = Connection(trusted_hosts=(host,), transport=transport)
        assert download("http://mirror.example:8080/a.tsv", tmp_path / "a.tsv", connection=connection).sha256 == SHA256
    with pytest.raises(SourceUnavailable, match="not encrypted"):
        download("http://mirror.example:9090/a.tsv", tmp_path / "a.tsv", connection=connection)


def test_compressed_file_stays_compressed(server: Server, tmp_path: Path, connection: Connection) -> None:
    """A `.gz` that a server calls an encoding arrives as it lies there, for its hash is of those bytes."""
    url = server.put("/a.gz", Answer(b"\x1f\x8b not really", headers={"Content-Encoding": "gzip"}))
    download(url, tmp_path / "a.gz", connection=connection)
    assert (tmp_path / "a.gz").read_bytes() == b"\x1f\x8b not really"
    assert server.asked[0][1]["accept-encoding"] == "identity"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_is_one_sentence(server: Server, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room: the message names the file and the folder, and the old file is as it was."""
    real_open: Callable[..., object] = Path.open

    def open_on_full_disk(path: Path, *args: object, **named: object) -> object:
        return real_open(Path("/dev/full") if path.name == "a.tsv.part" else path, *args, **named)

    (tmp_path / "a.tsv").write_bytes(b"old")
    monkeypatch.setattr(Path, "open", open_on_full_disk)
    with pytest.raises(DiskFull, match=r"no room left to write .*a\.tsv; free some space in"):
        download(server.put("/a.tsv", Answer(BODY)), tmp_path / "a.tsv", connection=connection)
    assert (tmp_path / "a.tsv").read_bytes() == b"old"


def test_full_quota_is_one_sentence(server: Server, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A used up quota, found only when flushing, says the same as a full disk."""

    def refuse(descriptor: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr("generel.concepts.atomic.os.fsync", refuse)
    with pytest.raises(DiskFull, match="no room left"):
        download(server.put("/a.tsv", Answer(BODY)), tmp_path / "a.tsv", connection=connection)
    assert not (tmp_path / "a.tsv").exists()


def test_retry_after_is_read_as_number_or_date() -> None:
    """Both forms of the header count; anything else is as if it were absent."""
    assert read_retry_after({"Retry-After": "12"}) == 12.0
    assert read_retry_after({"Retry-After": "Fri, 21 Nov 2014 10:00:00 GMT"}) == 0.0
    assert read_retry_after({"Retry-After": "soon"}) is None
    assert read_retry_after({}) is None
