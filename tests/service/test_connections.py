"""What no well-meaning client sends, over real connections: slow, endless, broken, oversized; the service answers others meanwhile."""

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from generel.service.settings import Settings
from tests.service.live import live, send
from tests.worlds import WordEmbedder

Address = tuple[str, int]
POST = b"POST /v1/vectors HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def address(world_folder: Path) -> Iterator[Address]:
    """A real server that has little patience."""
    with live(Settings(space=world_folder, seconds_of_headers=0.3, seconds_of_body=0.3, largest_body=10_000), embedder=WordEmbedder()) as found:
        yield found


def is_well(address: Address) -> bool:
    """Whether an honest question is answered."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request("GET", "/v1/neighbors?query=BRCA1&k=1")
    return connection.getresponse().status == 200


def test_a_connection_that_says_nothing_is_closed(address: Address) -> None:
    """Within the seconds of headers."""
    assert send(address).startswith(b"HTTP/1.1 400 ") and is_well(address)


def test_a_head_that_does_not_end_is_closed(address: Address) -> None:
    """Half a head, then nothing."""
    assert b"did not arrive in time" in send(address, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ") and is_well(address)


def test_a_body_that_does_not_arrive_is_a_408(address: Address) -> None:
    """By its length, and in pieces."""
    assert send(address, POST + b"Content-Length: 100\r\n\r\n", b'{"curies"').startswith(b"HTTP/1.1 408 ")
    assert send(address, POST + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n{" + b" " * 4 + b"\r\n").startswith(b"HTTP/1.1 408 ")
    assert is_well(address)


def test_heads_are_bounded(address: Address) -> None:
    """A header of a megabyte, a thousand of them, an address of as much."""
    assert b" 400 " in send(address, b"GET /healthz HTTP/1.1\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n")[:20]
    assert b" 400 " in send(address, b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % at for at in range(1000)) + b"\r\n")[:20]
    assert send(address, b"GET /" + b"x" * (1 << 20) + b" HTTP/1.1\r\n\r\n")[9:12] in (b"400", b"414", b"")
    assert is_well(address)


def test_a_body_that_is_too_large_closes_the_connection(address: Address) -> None:
    """It says 413 before it has read it all, and takes nothing of the rest for a request."""
    answer = send(address, POST + b"Content-Length: 1000000\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n" * 100)
    assert answer.startswith(b"HTTP/1.1 413 ") and answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower() and is_well(address)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/vectors HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /v1/vectors HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /v1/vectors HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/kinds HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\r\n b\r\n\r\n", b"GET /%zz%00%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_request_is_no_fault(address: Address, sent: bytes) -> None:
    """A refusal or a closed connection, never a 500."""
    assert send(address, sent)[9:12] not in (b"500", b"200") and is_well(address)


def test_several_requests_on_one_connection(address: Address) -> None:
    """One after the other, and all at once."""
    one = b"GET /v1/kinds HTTP/1.1\r\nHost: x\r\n\r\n"
    assert send(address, one * 3 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")).count(b"HTTP/1.1 200 ") == 4
    with socket.create_connection(address, timeout=5) as connection:
        for _ in range(3):
            connection.sendall(one)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
