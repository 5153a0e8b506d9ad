"""How servers are reached: time limits, certificates, redirects, and when and how long to wait before trying again.

Redirects are httpx's own, so that a password never follows to another host; what we add is that no step of the way leaves
https. Attempts are counted since the last new byte: a line that drops every minute still brings a large file home.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from netrc import NetrcParseError
from typing import TypeVar

import httpx

from generel import __version__
from generel.concepts.errors import SourceUnavailable
from generel.concepts.patience import PASSING_STATUSES, Patience, TryAgain, read_retry_after
from generel.concepts.progress import SILENT, Progress
from kg.fetch.place import is_loopback

Result = TypeVar("Result")


@dataclass(frozen=True)
class Connection(Patience):
    """How patient and how trusting we are.

    Attributes:
        connect_seconds: until a server answers the call.
        read_seconds: between two pieces of an answer.
        redirects: how many in a row are followed.
        certificates: PEM file of the authorities to trust instead of the usual ones; empty for those.
        trusted_hosts: `HOST` or `HOST:PORT` whose certificates are not checked, and that may speak http, as pip has it.
        transport: what carries requests; None for the network.
    """

    first_wait_seconds: float = field(default=0.5, kw_only=True)
    longest_wait_seconds: float = field(default=60.0, kw_only=True)
    connect_seconds: float = 15.0
    read_seconds: float = 60.0
    redirects: int = 10
    certificates: str = ""
    trusted_hosts: tuple[str, ...] = ()
    transport: httpx.BaseTransport | None = None

    def open(self) -> httpx.Client:
        """A client that asks for bytes as they lie, follows redirects, and never goes from https to http."""
        return httpx.Client(
            headers={"Accept-Encoding": "identity", "User-Agent": f"generel/{__version__}"},
            auth=_netrc(),
            timeout=httpx.Timeout(self.read_seconds, connect=self.connect_seconds),
            follow_redirects=True,
            max_redirects=self.redirects,
            verify=_trust(self.certificates),
            mounts={f"all://{host}": self.transport or httpx.HTTPTransport(verify=False) for host in self.trusted_hosts},
            transport=self.transport,
            event_hooks={"request": [self._refuse_plain], "response": [self._refuse_downgrade]},
        )

    def _refuse_plain(self, request: httpx.Request) -> None:
        if request.url.scheme == "https" or self._may_be_plain(request.url):
            return
        raise SourceUnavailable(f"{shown(request.url)} is not encrypted and is not asked; give the https: address")

    def _refuse_downgrade(self, response: httpx.Response) -> None:
        there = response.headers.get("Location", "").lower()
        if response.is_redirect and response.url.scheme == "https" and there.startswith("http:"):
            raise SourceUnavailable(f"{shown(response.url)} sends us on to the unencrypted {shown(httpx.URL(there))}, which is not followed")

    def _may_be_plain(self, url: httpx.URL) -> bool:
        return is_loopback(url.host) or bool({url.host, f"{url.host}:{url.port}"} & set(self.trusted_hosts))


def persist(
    attempt: Callable[[], Result], *, connection: Connection, what: str, fruitless: Callable[[], int] | None = None, progress: Progress = SILENT
) -> Result:
    """What `attempt` returns once it no longer raises `TryAgain`; waits longer each time, with jitter, or as the server asks.

    Args:
        attempt: what to do.
        what: its name in messages.
        fruitless: how many attempts in a row have brought nothing so far, on which the limit is; None if all count.

    Raises:
        SourceUnavailable: if it failed too often, with the last reason.
    """
    try:
        return connection.persist(attempt, failures=fruitless, say=lambda reason, seconds: progress.say(f"{what}: {reason}; trying again in {seconds:.0f} s"))
    except TryAgain as last:
        raise SourceUnavailable(
            f"{what} could not be fetched: {last.reason} ({connection.attempts} attempts in a row); "
            "check the network and run the command again: it goes on where it stopped"
        ) from last


def translate(error: httpx.RequestError) -> Exception:
    """What a failed request means: `TryAgain` where it may pass, else `SourceUnavailable`."""
    address = shown(error.request.url)
    if isinstance(error, httpx.TooManyRedirects):
        return SourceUnavailable(f"{address} leads nowhere: too many redirects; look whether its provider has moved it")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SourceUnavailable(f"the certificate of {address} is not trusted ({error}); name your network's in SSL_CERT_FILE or PIP_CERT")
    if isinstance(error, httpx.TransportError):
        return TryAgain(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    return SourceUnavailable(f"{address} could not be read: {error}")


def check_status(response: httpx.Response, *, accepted: frozenset[int] = frozenset({200})) -> None:
    """Nothing where the status is one of `accepted`.

    Raises:
        TryAgain: on 429, 5xx and their like.
        SourceUnavailable: on any other.
    """
    if response.status_code in accepted:
        return
    answer = f"answered {response.status_code} {response.reason_phrase}".rstrip()
    if response.status_code in PASSING_STATUSES:
        raise TryAgain(f"the server {answer}", retry_after=read_retry_after(response.headers))
    raise SourceUnavailable(f"{shown(response.url)} {answer}; look whether its provider has moved it, or give the file with --data")


def shown(url: httpx.URL) -> str:
    """An address as messages and the lock file may show it: without user, password, query and fragment."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


@cache
def _trust(certificates: str) -> ssl.SSLContext:
    """Whose certificates are trusted: those of the file, or the usual ones. Made once, for it takes 30 ms."""
    try:
        return ssl.create_default_context(cafile=certificates) if certificates else httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        raise SourceUnavailable(f"the certificate file {certificates} of pip's settings cannot be read: {error}") from None


def _netrc() -> httpx.Auth | None:
    """The passwords of the user's ~/.netrc; None where there is none that can be read."""
    try:
        return httpx.NetRCAuth()
    except (OSError, NetrcParseError):
        return None
