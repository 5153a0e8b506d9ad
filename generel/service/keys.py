"""API keys: made here, kept only as digests, several at a time, so that one can be replaced while the other still works.

A key is 32 random bytes behind a name; so much chance needs no slow hash, and SHA-256 is checked at every request. The file is read again
when it changes: a key that was made or revoked counts within a second, in every worker.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from generel.concepts.atomic import write_beside
from generel.concepts.errors import BadInput, Corrupt, NotThere

START = "generel"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Key:
    """What is kept of a key.

    Attributes:
        name: who it was made for.
        digest: SHA-256 of the whole key, in hex.
        created: UTC, ISO 8601.
        may_write: whether who has it may add concepts to the space of a service that takes them; it may not where the file says nothing of it.
    """

    name: str
    digest: str
    created: str
    may_write: bool = False


def make_key(path: Path, name: str, *, may_write: bool = False) -> str:
    """A new key, whose digest is added to the file at `path`; the key itself is nowhere but here.

    Raises:
        BadInput: the name is taken, or is no name.
    """
    if not NAME.fullmatch(name):
        raise BadInput(f"'{name}' is no name for a key; use up to 40 small letters, digits and hyphens")
    there = read_keys(path) if path.exists() else ()
    if name in {key.name for key in there}:
        raise BadInput(f"there is a key called '{name}' in {path} already; revoke it, or take another name")
    key = f"{START}_{name}_{secrets.token_urlsafe(32)}"
    _write(path, (*there, Key(name, digest_of(key), datetime.now(UTC).isoformat(timespec="seconds"), may_write)))
    return key


def revoke_key(path: Path, name: str) -> None:
    """Take a key out of the file.

    Raises:
        NotThere: there is none of that name; those that there are, are named.
    """
    there = read_keys(path)
    left = tuple(key for key in there if key.name != name)
    if len(left) == len(there):
        raise NotThere(f"there is no key called '{name}' in {path}; there are: {', '.join(key.name for key in there) or 'none'}")
    _write(path, left)


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of the file, in the order they were made.

    Raises:
        NotThere: there is no such file.
        Corrupt: it is not what `make_key` writes.
    """
    try:
        return tuple(Key(**each) for each in json.loads(path.read_bytes())["keys"])
    except FileNotFoundError as error:
        raise NotThere(f"there is no file {path} with keys; make one with: generel serve keys new NAME") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{path} is no file of keys ({error}); make it anew with: generel serve keys new NAME") from error


def digest_of(key: str) -> str:
    """SHA-256 of a key, in hex."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    with write_beside(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps({"keys": [asdict(key) for key in keys]}, indent=1) + "\n", encoding="utf-8")


class Keys:
    """The keys of a running service."""

    def __init__(self, path: Path | None) -> None:
        """Of the file at `path`; None for a service that asks for none.

        Raises:
            NotThere, Corrupt: as `read_keys`.
        """
        self._path, self._stamp, self._looked = path, (0, 0), 0.0
        self._keys: tuple[Key, ...] = ()
        if path is not None:
            self._keys, self._stamp = read_keys(path), _stamp(path)

    @property
    def are_needed(self) -> bool:
        """Whether a request needs a key; it does with a file that holds none, too."""
        return self._path is not None

    def find(self, key: str) -> Key | None:
        """What is kept of a key; None for one that is not known."""
        self._read_again()
        digest = digest_of(key)
        # All are compared, whichever fits, so that the time tells nothing.
        fits = [each for each in self._keys if hmac.compare_digest(each.digest, digest)]
        return fits[0] if fits else None

    def _read_again(self) -> None:
        """Read the file if it has changed; one that cannot be read leaves the keys as they were."""
        now = time.monotonic()
        if self._path is None or now - self._looked < LOOK_AGAIN_SECONDS:
            return
        self._looked = now
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._keys, self._stamp = read_keys(self._path), stamp
        except (NotThere, Corrupt, OSError):
            return


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino
