"""A Qdrant server for tests: real HTTP over a real socket, answered with qdrant-client's own models by its `:memory:` engine.

It proves our side: requests, key, errors, retries, order of steps. It proves nothing of a server's: graphs, quantization,
consistency, clusters. It can fail on request: `faults` is asked before each request and may answer in the engine's place.
"""

import json
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient, models

Body = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What is done to a request: an answer of that status, a wait before the answer, or a line that is cut before or after the engine had it."""

    status: int = 0
    slow_seconds: float = 0.0
    cut: str = ""
    retry_after: str = ""


class Quiet(ThreadingHTTPServer):
    """A server that does not print when a client has gone."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing."""


@dataclass
class FakeQdrant:
    """The state of a server, which outlives its sockets.

    Attributes:
        api_key: what requests must carry; empty for none.
        faults: given method and path, what goes wrong with the request; None for nothing.
        asked: method and path of each request, in order.
    """

    api_key: str = ""
    faults: Callable[[str, str], Fault | None] = lambda method, path: None
    engine: QdrantClient = field(default_factory=lambda: QdrantClient(":memory:"))
    asked: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str, ending: str) -> int:
        """How many requests there were."""
        return sum(each == method and path.endswith(ending) for each, path in self.asked)

    @contextmanager
    def serving(self, *, certificate: Path | None = None) -> Iterator[str]:
        """A context in which it is served on the loopback; the address."""
        server = Quiet(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                """Read, fail if asked to, else let the engine answer."""
                path = urlsplit(self.path).path
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fault = fake.faults(self.command, path)
                fake.asked.append((self.command, path))
                if fake.api_key and self.headers.get("api-key") != fake.api_key:
                    return self.send(401, {"status": {"error": "Must provide an API key"}})
                if fault and fault.slow_seconds:
                    time.sleep(fault.slow_seconds)
                if fault and fault.status:
                    return self.send(fault.status, {"status": {"error": "on request"}}, retry_after=fault.retry_after)
                if fault and fault.cut == "before":
                    return self.hang_up()
                status, answer = fake.reply(self.command, path, json.loads(raw) if raw else {})
                return self.hang_up() if fault and fault.cut == "after" else self.send(status, answer)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

            def hang_up(self) -> None:
                """End the line in the middle of an answer."""
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
                self.close_connection = True

            def send(self, status: int, answer: object, *, retry_after: str = "") -> None:
                """One answer."""
                content = json.dumps(to_jsonable_python(answer)).encode()
                self.send_response(status)
                if retry_after:
                    self.send_header("Retry-After", retry_after)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:
                """Nothing."""

        return Handler

    def reply(self, method: str, path: str, body: Body) -> tuple[int, object]:
        """Status and answer of the engine; what it does not know is 404, what it refuses 400."""
        with self.lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return 200, {"result": self._answer(method, path.strip("/").split("/"), body), "status": "ok", "time": 0.0}
            except ValueError as error:
                return 404 if "not found" in str(error) else 400, {"status": {"error": str(error)}}

    def _answer(self, method: str, path: list[str], body: Body) -> object:
        engine = self.engine
        match method, path:
            case "GET", ["collections"]:
                return engine.get_collections()
            case "GET", ["aliases"]:
                return engine.get_aliases()
            case "POST", ["collections", "aliases"]:
                return engine.update_collection_aliases(models.ChangeAliasesOperation(**body).actions)
            case "GET", ["collections", name, "exists"]:
                return {"exists": engine.collection_exists(name)}
            case "GET", ["collections", name]:
                return engine.get_collection(name)
            case "PUT", ["collections", name]:
                asked = models.CreateCollection(**body)
                return engine.create_collection(name, vectors_config=asked.vectors, metadata=asked.metadata)
            case "PATCH", ["collections", name]:
                return engine.update_collection(name, metadata=models.UpdateCollection(**body).metadata)
            case "DELETE", ["collections", name]:
                return engine.delete_collection(name)
            case "PUT", ["collections", name, "index"]:
                index = models.CreateFieldIndex(**body)
                return engine.create_payload_index(name, index.field_name, index.field_schema)
            case _, ["collections", name, "points", *what]:
                return self._points(name, (method, *what), body)
        raise ValueError(f"{method} /{'/'.join(path)} not found")

    def _points(self, name: str, what: tuple[str, ...], body: Body) -> object:
        engine = self.engine
        match what:
            case "PUT",:
                return engine.upsert(name, models.PointsBatch(**body).batch)
            case "POST",:
                asked = models.PointRequest(**body)
                return engine.retrieve(name, asked.ids, with_payload=asked.with_payload, with_vectors=asked.with_vector)
            case "POST", "scroll":
                scroll = models.ScrollRequest(**body)
                points, offset = engine.scroll(name, limit=scroll.limit or 10, offset=scroll.offset, with_payload=scroll.with_payload)
                return {"points": points, "next_page_offset": offset}
            case "POST", "count":
                return engine.count(name)
            case "POST", "query", "batch":
                return engine.query_batch_points(name, models.QueryRequestBatch(**body).searches)
        raise ValueError(f"{' '.join(what)} not found")
