"""The one tree of errors: every failure a user can cause or mend has its type here.

A message says what was wrong, the value, where, and the way out. `exit_code` (after sysexits.h) and `status`
(HTTP) are read by the command line and the service from these classes and stand nowhere else.
"""

from collections.abc import Sequence


class GenerelError(Exception):
    """Anything generel refuses or cannot do; catch this to catch them all."""

    exit_code = 70
    status = 500


class BadInput(GenerelError):
    """Input that does not have the form it should: a line, a value, an argument."""

    exit_code = 65
    status = 422


class UnknownPrefix(BadInput):
    """A CURIE whose prefix is not in the table of prefixes."""

    def __init__(self, prefix: str, text: str, *, where: str = "", near: str | None = None) -> None:
        self.prefix, self.text, self.where, self.near = prefix, text, where, near
        place = f" ({where})" if where else ""
        hint = f"; did you mean '{near}'?" if near else ""
        super().__init__(f"'{prefix}' in '{text}'{place} is not a known prefix{hint}")


class BadIdentifier(BadInput):
    """A CURIE whose identifier does not look like one of its prefix."""


class BadTable(BadInput):
    """A table or file with missing or wrong columns, the wrong stamp, or rows that cannot be read."""


class BadRecipe(BadInput):
    """A recipe (TOML) with an unknown, missing or impossible setting."""


class UnknownConcept(BadInput):
    """A query that names no concept of the space; carries the nearest names there are."""

    status = 404

    def __init__(self, query: str, near: Sequence[str] = (), *, where: str = "") -> None:
        self.query, self.near = query, tuple(near)
        place = f" ({where})" if where else ""
        hint = f"; nearest: {', '.join(near)}" if near else "; `generel lookup` searches names and synonyms"
        super().__init__(f"no concept is called '{query}'{place}{hint}")


class AmbiguousConcept(BadInput):
    """A query that names several concepts equally well; carries them all."""

    status = 409

    def __init__(self, query: str, candidates: Sequence[str]) -> None:
        self.query, self.candidates = query, tuple(candidates)
        super().__init__(
            f"'{query}' names {len(candidates)} concepts: {', '.join(candidates)}; give the CURIE of the one you mean"
        )


class NotThere(GenerelError):
    """A space, build, run, recipe or file that should exist and does not."""

    exit_code = 66
    status = 404


class SourceUnavailable(GenerelError):
    """A source that could not be fetched: no network, no such file, the server gave up."""

    exit_code = 69
    status = 503


class ServerUnavailable(GenerelError):
    """A server (Qdrant's, or a service of generel) that cannot be reached, does not answer in time, or fails again and again."""

    exit_code = 69
    status = 503


class ServerRefused(GenerelError):
    """A server that does not accept our key, our request, or whose certificate we do not trust."""

    exit_code = 69
    status = 502


class NotAuthorized(GenerelError):
    """A service that asks for a key and was given none, or one that it does not know."""

    exit_code = 77
    status = 401


class NotPermitted(GenerelError):
    """Something that a service, or the key that was given, does not allow."""

    exit_code = 77
    status = 403


class NotOffered(GenerelError):
    """Something that this service could answer and does not, because what it needs is not there."""

    exit_code = 69
    status = 404


class TooLarge(BadInput):
    """A request that holds more than the service takes at once."""

    status = 413


class TooSlow(GenerelError):
    """A request that did not arrive in the time that the service waits."""

    exit_code = 75
    status = 408


class TryLater(GenerelError):
    """A service that answers, but not now; `retry_after` is in how many seconds it may."""

    exit_code = 75
    status = 503

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class TooManyRequests(TryLater):
    """More requests of one key or address than the service takes from it."""

    status = 429


class Overloaded(TryLater):
    """More requests than the service can answer in time, or a service that is not ready yet."""


class HashMismatch(GenerelError):
    """Fetched bytes that are not the ones recorded: another archive, a changed file, a cut transfer."""

    exit_code = 65


class UnsafeArchive(BadInput):
    """An archive with a member that would land outside its folder, is a link, or unpacks to far more than it says."""


class BuildMismatch(BadInput):
    """Two inputs that do not belong together: another genome build, another build of the graph."""


class Corrupt(GenerelError):
    """A file of generel's own that does not match its digest, is cut short, or cannot be read."""

    exit_code = 74


class DiskFull(GenerelError):
    """No room left, on the disk or in the quota, for what was being written; what was there before is whole."""

    exit_code = 74
    status = 507


class Busy(GenerelError):
    """Somebody else holds the lock; says who."""

    exit_code = 75
    status = 409


class NotWritable(GenerelError):
    """A folder that has to be written and may not be."""

    exit_code = 73


class MissingExtra(GenerelError):
    """A library that only an extra installs; says which."""

    exit_code = 69
    status = 501

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        self.library, self.extra = library, extra
        super().__init__(f"{purpose} needs {library}; install it with: pip install 'generel[{extra}]'")
