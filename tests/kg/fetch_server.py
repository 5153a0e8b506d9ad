"""A web server on this machine that misbehaves as it is told: cuts, lies, redirects, changes its mind.

    with serving() as server:
        server.put("/a.tsv", Answer(b"...", cut_after=10), Answer(b"..."))   # the first request is cut, later ones are whole
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """One answer to one request.

    Attributes:
        cut_after: how many bytes of the body are sent before the line goes dead; None for all.
        declared: what Content-Length says; None for the truth.
        ranges: whether a Range is honored.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    declared: int | None = None
    ranges: bool = True


@dataclass
class Server:
    """Answers by path: the first is given once, and so on; the last one forever."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, *answers: Answer) -> str:
        """Set what `path` answers; gives its address."""
        self.answers[path] = list(answers)
        return self.url + path

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.asked]

    def next_answer(self, path: str) -> Answer:
        left = self.answers.get(path, [Answer(b"no such page", 404)])
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving() -> Iterator[Server]:
    """A running server on a free port of 127.0.0.1."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    server = Server(f"http://127.0.0.1:{listener.server_port}")
    listener.told = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Server = self.server.told  # type: ignore[attr-defined]
        server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        answer = server.next_answer(self.path)
        start = self._range_start(answer)
        body = answer.body[start:]
        self.send_response(206 if start else answer.status)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(answer.body) - 1}/{len(answer.body)}")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if answer.declared is None else answer.declared))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body if answer.cut_after is None else body[: answer.cut_after])
        self.close_connection = True

    def _range_start(self, answer: Answer) -> int:
        """Where to start; 0, the whole file, if the If-Range does not name the file as it is now."""
        asked, condition = self.headers.get("Range", ""), self.headers.get("If-Range")
        current = {None, answer.headers.get("ETag"), answer.headers.get("Last-Modified")}
        if not asked or not answer.ranges or answer.status != 200 or condition not in current:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, format: str, *args: object) -> None:
        return None
