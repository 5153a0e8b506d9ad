"""The lock file, and what counts as the same bytes."""

import hashlib
import os
from pathlib import Path

import pytest

from generel.concepts.errors import Corrupt
from kg.fetch.cache import Cache, key_of
from kg.fetch.digest import Extent, digest, measure
from kg.fetch.https import Fetched
from kg.fetch.lock import LockFile
from kg.fetch.place import parse_place

PLACE = parse_place("https://a.org/data/x.tsv?v=1")
ENTRY = """\
{
  "format": 1,
  "places": {
    "https://a.org/data/x.tsv?v=1": {
      "path": "https/a.org/DIGITS/x.tsv",
      "sha256": "SHA256",
      "size": 5,
      "n_files": 1,
      "mtime_ns": 1000000000,
      "fetched": "2025-11-21T04:20:00Z",
      "url": "https://b.org/x.tsv",
      "etag": "\\"v1\\""
    }
  }
}
"""


def put(path: Path, body: bytes, *, mtime_ns: int = 10**9) -> Path:
    """A file with a body and a time; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setattr("kg.fetch.cache.now", lambda: "2025-11-21T04:20:00Z")
    return Cache.open(tmp_path)


def test_lock_file_is_readable_and_comes_back_the_same(cache: Cache, tmp_path: Path) -> None:
    """Sorted, indented, one place an entry, without what is empty."""
    path = put(cache.path_of(PLACE), b"hello")
    sha256 = hashlib.sha256(b"hello").hexdigest()
    entry = cache.record(key_of(PLACE), path, fetched=Fetched(sha256, 5, "https://b.org/x.tsv", etag='"v1"'))
    text = (tmp_path / "generel.lock.json").read_text()
    assert text == ENTRY.replace("SHA256", sha256).replace("DIGITS", path.parent.name)
    assert LockFile.read(tmp_path / "generel.lock.json").entries == {key_of(PLACE): entry}


def test_entries_are_sorted_and_those_of_others_kept(cache: Cache, tmp_path: Path) -> None:
    """Whoever writes reads again first, so that two writers after one another lose nothing."""
    other = Cache.open(tmp_path)
    cache.record("https://z.org/a", put(tmp_path / "a", b"a"))
    other.record("https://a.org/a", put(tmp_path / "a", b"a"))
    assert list(LockFile.read(tmp_path / "generel.lock.json").entries) == ["https://a.org/a", "https://z.org/a"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2, "places": {}}', '{"format": 1}', '{"format": 1, "places": {"a": {"size": 5}}}'])
def test_broken_lock_file_is_refused(text: str, tmp_path: Path) -> None:
    """What bytes are checked against is not guessed; the message names the file and the way out."""
    (tmp_path / "generel.lock.json").write_text(text)
    with pytest.raises(Corrupt, match=r"generel\.lock\.json cannot be read .*mend it, or remove it"):
        Cache.open(tmp_path)


def test_untouched_is_told_by_size_and_time_and_same_by_bytes(cache: Cache) -> None:
    """A changed time alone is not a changed file, and a changed byte with the old time is found by reading."""
    path = put(cache.path_of(PLACE), b"hello")
    entry = cache.record(key_of(PLACE), path)
    assert cache.is_untouched(path, entry=entry) and cache.is_same(path, entry=entry)
    put(path, b"hello", mtime_ns=2 * 10**9)
    assert not cache.is_untouched(path, entry=entry) and cache.is_same(path, entry=entry)
    put(path, b"hallo")
    assert cache.is_untouched(path, entry=entry) and not cache.is_same(path, entry=entry)
    path.unlink()
    assert not cache.is_untouched(path, entry=entry) and not cache.is_same(path, entry=entry)


def test_entry_of_another_pinned_hash_does_not_count(cache: Cache) -> None:
    """When a new generel pins other bytes, what was fetched for the old one is not taken for it."""
    cache.record(key_of(PLACE), put(cache.path_of(PLACE), b"hello"))
    assert cache.entry_of(PLACE, pinned=hashlib.sha256(b"hello").hexdigest().upper()) is not None
    assert cache.entry_of(PLACE, pinned="0" * 64) is None
    assert cache.entry_of(parse_place("https://a.org/other")) is None


def test_addresses_that_end_alike_do_not_share_a_file(cache: Cache) -> None:
    """A query or a folder makes another file."""
    urls = ["https://a.org/data/x.tsv?v=1", "https://a.org/data/x.tsv?v=2", "https://a.org/x.tsv", "https://b.org/x.tsv"]
    paths = {cache.path_of(parse_place(url)) for url in urls}
    assert len(paths) == 4 and {path.name for path in paths} == {"x.tsv"}


def test_digest_of_a_folder_depends_on_names_and_bytes_only(tmp_path: Path) -> None:
    """Worked by hand for two files; hidden ones, which are ours, do not count."""
    put(tmp_path / "one" / "b" / "y", b"2")
    put(tmp_path / "one" / "x", b"1", mtime_ns=5)
    put(tmp_path / "two" / "x", b"1")
    put(tmp_path / "two" / "b" / "y", b"2", mtime_ns=7)
    put(tmp_path / "two" / ".x.part", b"half")
    lines = f"{hashlib.sha256(b'2').hexdigest()}  b/y\n{hashlib.sha256(b'1').hexdigest()}  x\n"
    assert digest(tmp_path / "one") == digest(tmp_path / "two") == hashlib.sha256(lines.encode()).hexdigest()
    assert measure(tmp_path / "one") == Extent(n_files=2, size=2, mtime_ns=10**9)
    put(tmp_path / "two" / "b" / "y", b"3")
    assert digest(tmp_path / "one") != digest(tmp_path / "two")
    assert measure(tmp_path / "none") is None
