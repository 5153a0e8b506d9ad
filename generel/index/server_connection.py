"""How a Qdrant server or cluster is reached: address, key, time limits, and when and how often to try again.

Everything asked of it here may be asked twice: searches change nothing, points have the same ids each time, an alias that has moved
stays where it is. So whatever may pass is tried again, and what a server says for good is one sentence. The API key is in no
sentence. REST is the default, gRPC is spoken where a port for it is given.
"""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from generel.concepts.errors import BadInput, MissingExtra, NotThere, ServerRefused, ServerUnavailable
from generel.concepts.patience import PASSING_STATUSES, Patience, TryAgain
from generel.concepts.progress import SILENT, Progress

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.http.exceptions import UnexpectedResponse

URL_VARIABLE, KEY_VARIABLE = "GENEREL_QDRANT_URL", "GENEREL_QDRANT_API_KEY"
PASSING_CODES = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "UNKNOWN", "CANCELLED"})
REFUSING = frozenset({401, 403, "UNAUTHENTICATED", "PERMISSION_DENIED"})
MISSING = frozenset({404, "NOT_FOUND"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SHOWN = 300
Result = TypeVar("Result")


@dataclass(frozen=True)
class Server(Patience):
    """Where a server is, and how patient we are with it.

    Attributes:
        url: `http(s)://HOST[:PORT]`; the port is 6333 where not given. Authorities of https are the system's, or SSL_CERT_FILE's.
        api_key: sent with every request; empty for none.
        grpc_port: where it speaks gRPC; None for REST.
        timeout_seconds: until an answer is there.
    """

    url: str
    api_key: str = field(default="", repr=False)
    grpc_port: int | None = None
    timeout_seconds: int = 30

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"'{self.shown}' is not the address of a Qdrant server; give http://HOST:PORT or https://HOST:PORT")

    @property
    def shown(self) -> str:
        """The address without user, password, query and fragment."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()

    @classmethod
    def find(cls, given: "str | Server | None" = None) -> "Server | None":
        """The server that is meant: `given`, else the address in GENEREL_QDRANT_URL; None where there is neither.

        An address goes with the key in GENEREL_QDRANT_API_KEY.
        """
        if isinstance(given, Server):
            return given
        url = given or os.environ.get(URL_VARIABLE)
        return cls(url, api_key=os.environ.get(KEY_VARIABLE, "")) if url else None


class Connection:
    """A client of one server that tries again; good in any process, also after a fork."""

    def __init__(self, server: Server, *, client: "QdrantClient | None" = None, progress: Progress = SILENT) -> None:
        """To `server`; nothing is sent yet.

        Args:
            client: asked instead of one that is made for the server.
            progress: is told when something is tried again.

        Raises:
            MissingExtra: qdrant-client is not installed.
        """
        self.server, self._given, self._progress = server, client, progress
        self._client, self._process = client or _connect(server), os.getpid()

    def ask(self, doing: str, request: "Callable[[QdrantClient], Result]") -> Result:
        """What the request returns, once it is answered.

        Args:
            doing: what it is for, as in "searching".

        Raises:
            ServerUnavailable: no answer, or one that may pass, again and again; the last reason is in the message.
            ServerRefused: the key is not accepted, or the request is not.
            NotThere: a collection is not there.
        """
        try:
            return self.server.persist(
                lambda: self._attempt(doing, request), say=lambda reason, seconds: self._progress.say(f"Qdrant, {doing}: {reason}; trying again in {seconds:.1f} s")
            )
        except TryAgain as last:
            raise ServerUnavailable(
                f"Qdrant at {self.server.shown} failed {doing}: {last.reason} ({self.server.attempts} attempts); "
                "see whether it runs and can be reached, then run the command again"
            ) from last

    def _attempt(self, doing: str, request: "Callable[[QdrantClient], Result]") -> Result:
        try:
            return request(self._own_client())
        except Exception as error:
            raise _translate(error, doing, self.server) from error

    def _own_client(self) -> "QdrantClient":
        if self._process != os.getpid():
            # The parent's connections are not ours to write to.
            self._client, self._process = self._given or _connect(self.server), os.getpid()
        return self._client

    def close(self) -> None:
        """Give the connections back."""
        if self._given is None and self._process == os.getpid():
            self._client.close()


def _connect(server: Server) -> "QdrantClient":
    try:
        from qdrant_client import QdrantClient
    except ModuleNotFoundError as error:
        raise MissingExtra("qdrant-client", "server", "a Qdrant server") from error
    with warnings.catch_warnings():
        if urlsplit(server.url).hostname in LOOPBACK:
            # It warns of a key that is sent unencrypted, which here leaves no machine.
            warnings.simplefilter("ignore")
        return QdrantClient(
            url=server.url, api_key=server.api_key or None, prefer_grpc=server.grpc_port is not None, grpc_port=server.grpc_port or 6334,
            timeout=server.timeout_seconds, check_compatibility=False,
        )


def _translate(error: Exception, doing: str, server: Server) -> Exception:
    """What a failed request means: `TryAgain` where it may pass, else an error for the user; a fault of ours stays what it is."""
    import grpc
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    at = f"Qdrant at {server.shown}"
    if isinstance(error, ResourceExhaustedResponse):
        return TryAgain(f"it is asked too much ({error})", retry_after=float(error.retry_after_s))
    if isinstance(error, ResponseHandlingException):
        source = error.source
        if "CERTIFICATE_VERIFY_FAILED" in str(source):
            return ServerRefused(f"the certificate of {at} is not trusted ({_short(source)}); name your network's authorities in SSL_CERT_FILE")
        return TryAgain(f"{type(source).__name__}: {_short(source)}" if str(source) else type(source).__name__)
    if isinstance(error, UnexpectedResponse):
        return _judge(error.status_code or 0, _short(_said(error)), doing, at)
    if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
        return _judge(error.code().name, _short(error.details()), doing, at)
    return error


def _said(error: "UnexpectedResponse") -> str:
    """The server's own words, where it answers as Qdrant does."""
    try:
        return str(error.structured()["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return error.content.decode(errors="replace")


def _judge(status: int | str, said: str, doing: str, at: str) -> Exception:
    """What a status of HTTP, or a code of gRPC, means."""
    if status in PASSING_STATUSES or status in PASSING_CODES:
        return TryAgain(f"it answered {status} ({said})")
    if status in REFUSING:
        return ServerRefused(f"{at} does not let us in ({status}); give its key with --api-key or {KEY_VARIABLE}")
    if status in MISSING:
        return NotThere(f"{at} has not what is asked for, {doing} ({said}); run: generel load --qdrant URL")
    return ServerRefused(f"{at} refused {doing} with {status} ({said})")


def _short(said: object) -> str:
    text = " ".join(str(said).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"
