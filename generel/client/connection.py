"""How a service is reached: its address, a key, time limits, and when to try again.

Everything that is asked may be asked twice, so whatever may pass is tried again: a service that is busy or restarting, a connection that
breaks. What changes something is tried again only where it cannot have arrived. The key is in no sentence.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from generel import __version__
from generel.client.problems import error_of
from generel.concepts.errors import BadInput, MissingExtra, ServerRefused, ServerUnavailable
from generel.concepts.patience import PASSING_STATUSES, Patience, TryAgain, read_retry_after

if TYPE_CHECKING:
    import httpx

KEY_VARIABLE = "GENEREL_API_KEY"
# A fault of the service comes again; what passes is that it is busy, restarting or behind a gateway that cannot reach it.
PASSING = PASSING_STATUSES - {500}
# Those with which a request was sent away before anybody looked at it.
REFUSED_UNSEEN = frozenset({429})


@dataclass(frozen=True)
class Service(Patience):
    """Where a service is, and how patient we are with it.

    Attributes:
        url: `http(s)://HOST[:PORT][/PATH]`. Authorities of https are the system's, or SSL_CERT_FILE's.
        api_key: sent with every request; empty for none.
        timeout_seconds: until an answer is there.
    """

    url: str
    api_key: str = field(default="", repr=False)
    timeout_seconds: float = 60.0
    attempts: int = field(default=6, kw_only=True)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise BadInput(f"'{parts.scheme}://{parts.hostname or ''}' is not the address of a service; give http://HOST:PORT or https://HOST, and a key as `api_key`")

    @classmethod
    def find(cls, url: str, *, api_key: str | None = None) -> "Service":
        """The service at an address, with the key given, else that in GENEREL_API_KEY."""
        return cls(url.rstrip("/"), api_key=os.environ.get(KEY_VARIABLE, "") if api_key is None else api_key)


class Connection:
    """Asks one service; keeps connections open, and opens others in a forked child."""

    def __init__(self, service: Service) -> None:
        """To `service`; nothing is sent yet.

        Raises:
            MissingExtra: httpx or tenacity is not installed.
        """
        self.service = service
        self._client, self._process = _open(service), os.getpid()

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON at a path; parameters that are None are left out, those that are lists are sent once for each value."""
        return self._read_json(self._ask("GET", path, params=_given(parameters)))

    def get_file(self, path: str, media_type: str, **parameters: Any) -> bytes:
        """The file of that media type at a path; as `get`.

        Raises:
            ServerRefused: something else is there.
        """
        # Packing costs the service more than it saves.
        response = self._ask("GET", path, params=_given(parameters), headers={"Accept": media_type, "Accept-Encoding": "identity"})
        if response.headers.get("content-type") != media_type:
            raise ServerRefused(f"{self.service.url} answered something that is not {media_type}; it may be of another version of generel")
        return response.content

    def post(self, path: str, **body: Any) -> Any:
        """The JSON that is answered to a body."""
        return self._read_json(self._ask("POST", path, json=_given(body)))

    def change(self, path: str, **body: Any) -> Any:
        """As `post`, for a request that changes something: once it may have arrived, it is not sent again.

        Raises:
            ServerUnavailable: also where nobody knows whether it arrived; says so.
        """
        return self._read_json(self._ask("POST", path, changes=True, json=_given(body)))

    def _ask(self, method: str, path: str, *, changes: bool = False, **said: Any) -> "httpx.Response":
        """The answer.

        Raises:
            GenerelError: of the tree, as the service has it.
            ServerUnavailable: no answer, again and again; the last reason is in the message.
        """
        service = self.service
        try:
            return service.persist(lambda: self._attempt(method, path, said, changes=changes))
        except TryAgain as last:
            if last.__cause__ is not None and not _is_of_transport(last.__cause__):
                raise last.__cause__ from None
            raise ServerUnavailable(f"the service at {service.url} did not answer: {last.reason} ({service.attempts} attempts); see whether it runs and can be reached") from last

    def _attempt(self, method: str, path: str, said: Mapping[str, Any], *, changes: bool) -> "httpx.Response":
        import httpx

        try:
            response = self._own_client().request(method, path, **said)
        except httpx.TransportError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise ServerRefused(f"the certificate of {self.service.url} is not trusted ({error}); name your network's authorities in SSL_CERT_FILE") from error
            if changes and not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
                raise ServerUnavailable(
                    f"the service at {self.service.url} did not say how it ended ({type(error).__name__}: {error}); look whether the change was made before you ask for it again"
                ) from error
            raise TryAgain(f"{type(error).__name__}: {error}") from error
        if response.status_code == httpx.codes.OK:
            return response
        failed = error_of(response.status_code, _read_problem(response), where=self.service.url)
        if response.status_code in (REFUSED_UNSEEN if changes else PASSING):
            raise TryAgain(str(failed), retry_after=read_retry_after(response.headers)) from failed
        raise failed

    def _read_json(self, response: "httpx.Response") -> Any:
        try:
            return response.json()
        except ValueError as error:
            raise ServerRefused(f"{self.service.url} answered something that is not JSON; is it a service of generel?") from error

    def _own_client(self) -> "httpx.Client":
        if self._process != os.getpid():
            # The parent's connections are not ours to write to.
            self._client, self._process = _open(self.service), os.getpid()
        return self._client

    def close(self) -> None:
        """Give the connections back."""
        if self._process == os.getpid():
            self._client.close()


def _open(service: Service) -> "httpx.Client":
    try:
        import httpx
        import tenacity  # noqa: F401 (needed at the first request; better missed now)
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "httpx", "client", "asking a service") from error
    headers = {"Accept": "application/json", "User-Agent": f"generel/{__version__}"}
    if service.api_key:
        headers["Authorization"] = f"Bearer {service.api_key}"
    return httpx.Client(base_url=service.url, headers=headers, timeout=service.timeout_seconds)


def _is_of_transport(error: BaseException) -> bool:
    import httpx

    return isinstance(error, httpx.TransportError)


def _given(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


def _read_problem(response: "httpx.Response") -> Mapping[str, Any]:
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
