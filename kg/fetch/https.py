"""Downloads: bytes from a server into `TARGET.part`, and only whole and checked ones into TARGET.

What a cut connection or Ctrl-C left in `TARGET.part` is gone on with, but only if the server says by ETag or date
(`If-Range`) that the file has not changed, or if a known hash will tell in the end; the note beside it, `TARGET.part.json`,
remembers what the server said. The bytes are kept as the server holds them: a `.gz` file stays one even where a server calls
that an encoding.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from generel.concepts.atomic import say_when_full, sync_file
from generel.concepts.errors import HashMismatch
from generel.concepts.patience import TryAgain
from generel.concepts.progress import SILENT, Progress
from kg.fetch.connection import Connection, check_status, persist, shown, translate
from kg.fetch.digest import check_hash, digest

CONTENT_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)")
AGAIN = "run the command again, or give the file with --data"


@dataclass(frozen=True)
class Fetched:
    """What a download brought: hash and size of the file, where it came from in the end, and the server's validators."""

    sha256: str
    size: int
    url: str
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Note:
    """What is known of a half-fetched file; `total` is None where the server did not say."""

    asked: str
    url: str
    etag: str
    last_modified: str
    total: int | None

    @property
    def validator(self) -> str:
        """What `If-Range` may carry: a strong ETag, else the date; empty if the server gave neither."""
        strong = self.etag if not self.etag.startswith("W/") else ""
        return strong or self.last_modified


def download(
    url: str,
    target: Path,
    *,
    expected: str = "",
    way_out: str = AGAIN,
    auth: httpx.Auth | None = None,
    connection: Connection | None = None,
    progress: Progress = SILENT,
) -> Fetched:
    """What was fetched; the file is at `target`, replaced in one step, and what was there before stays until then.

    Args:
        url: of one file.
        target: where it shall lie; its folder is made.
        expected: SHA-256 in hex; empty if any bytes will do.
        way_out: what the message of a `HashMismatch` advises.

    Raises:
        SourceUnavailable: if the server cannot be reached, refuses, or sends less than it says, again and again.
        HashMismatch: if other bytes came than expected; `target` is as it was.
        DiskFull: if there is no room.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with say_when_full(target), (connection or Connection()).open() as client:
        transfer = _Transfer(
            url, target, is_sure=bool(expected), client=client, auth=auth, connection=connection or Connection(), progress=progress
        )
        fetched = transfer.run()
        if transfer.resumed and expected and fetched.sha256 != expected.lower():
            # The part of an earlier run may have been damaged on the disk: the whole file gets one chance.
            transfer.forget()
            fetched = transfer.run()
        try:
            check_hash(target.name, expected=expected, got=fetched.sha256, way_out=way_out)
        except HashMismatch:
            transfer.forget()
            raise
        transfer.finish()
    return fetched


class _Transfer:
    """One file on its way: the part on the disk, its note, and how often in a row nothing new came.

    `is_sure` says that a hash will tell in the end whether the pieces fit, so that a part is gone on with even where the
    server gives neither ETag nor date.
    """

    def __init__(
        self,
        url: str,
        target: Path,
        *,
        is_sure: bool,
        client: httpx.Client,
        auth: httpx.Auth | None,
        connection: Connection,
        progress: Progress,
    ) -> None:
        self.url, self.target, self.is_sure, self.client, self.auth = url, target, is_sure, client, auth
        self.connection, self.progress = connection, progress
        self.part = target.with_name(f"{target.name}.part")
        self.note_path = target.with_name(f"{target.name}.part.json")
        self.resumed = False
        self.fruitless = 0
        self._most = self._size()

    def run(self) -> Fetched:
        """The whole file, in `part`."""
        self.fruitless = 0
        note = self._note()
        if note is None or note.total is None or note.total != self._size():
            persist(self._attempt, connection=self.connection, what=self.target.name, fruitless=lambda: self.fruitless, progress=self.progress)
        else:
            self.resumed = True
        final = self._note()
        url, etag, date = (final.url, final.etag, final.last_modified) if final else (self.url, "", "")
        return Fetched(digest(self.part), self._size(), url, etag, date)

    def finish(self) -> None:
        """Give the part its name."""
        sync_file(self.part)
        self.part.replace(self.target)
        sync_file(self.target.parent)
        self.note_path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove the part, so that the next attempt starts over."""
        self.part.unlink(missing_ok=True)
        self.note_path.unlink(missing_ok=True)

    def _attempt(self) -> None:
        self.fruitless += 1
        start, note = self._size(), self._note()
        headers = {}
        if start and note and (note.validator or self.is_sure) and (note.total is None or start < note.total):
            headers = {"Range": f"bytes={start}-"} | ({"If-Range": note.validator} if note.validator else {})
        try:
            with self.client.stream("GET", self.url, headers=headers, auth=self.auth or httpx.USE_CLIENT_DEFAULT) as response:
                self._receive(response, asked_from=start if headers else 0)
        except httpx.RequestError as error:
            raise translate(error) from error

    def _receive(self, response: httpx.Response, *, asked_from: int) -> None:
        """Read the answer to its end; 200 means the whole file, whatever was asked."""
        if response.status_code == 416:
            self.forget()
            raise TryAgain("the server does not have the rest of what it sent before")
        check_status(response, accepted=frozenset({200, 206} if asked_from else {200}))
        start, total = asked_from, _content_length(response.headers)
        if response.status_code == 206:
            total = self._checked_total(response.headers, start=start)
            self.resumed = True
        else:
            start = 0
            self._remember(response, total=total)
        self._write(response, start=start, total=total)

    def _write(self, response: httpx.Response, *, start: int, total: int | None) -> None:
        with self.progress.task(f"fetching {self.target.name}", total=total) as advance, self.part.open("ab" if start else "wb") as stream:
            advance(start)
            for chunk in response.iter_raw():
                stream.write(chunk)
                advance(len(chunk))
                self._count(stream.tell())
        if total is not None and self._size() != total:
            raise TryAgain(f"the server said {total:,} bytes and sent {self._size():,}")

    def _count(self, size: int) -> None:
        if size > self._most:
            self._most, self.fruitless = size, 0

    def _checked_total(self, headers: Mapping[str, str], *, start: int) -> int | None:
        """The whole file's size by `Content-Range`; another range than the one asked for starts the file over."""
        match = CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
        if match is None or int(match["start"]) != start:
            self.forget()
            raise TryAgain(f"the server sent another part than the one asked for ('{headers.get('Content-Range', '')}')")
        return None if match["total"] == "*" else int(match["total"])

    def _remember(self, response: httpx.Response, *, total: int | None) -> None:
        headers = response.headers
        note = Note(self.url, shown(response.url), headers.get("ETag", ""), headers.get("Last-Modified", ""), total)
        # The old bytes go first: a note must never stand beside bytes of another file.
        self.part.unlink(missing_ok=True)
        self.note_path.write_text(json.dumps(asdict(note), indent=2) + "\n", encoding="utf-8")

    def _note(self) -> Note | None:
        """The note beside the part; None if there is none, it cannot be read, or it is of another address."""
        try:
            note = Note(**json.loads(self.note_path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return note if note.asked == self.url else None

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0


def _content_length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None
