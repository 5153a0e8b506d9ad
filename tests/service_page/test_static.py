"""What the service sends for the page, without a browser: policy, weight, names that reach no file."""

import gzip
import hashlib
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from generel.service.application import make_application
from generel.service.page.shells import SHARED, SHELLS, render
from generel.service.page.static_files import read_static_files
from generel.service.settings import Settings
from tests.worlds import WordEmbedder

PAGES = ("/", "/concept/chebi:9150", "/compare", "/map", "/about")
IMPORT = re.compile(r'from "\./(\w+\.js)"')


@pytest.fixture(scope="module")
def client(mapped_world: Path) -> Iterator[TestClient]:
    """The world with its map."""
    with TestClient(make_application(Settings(space=mapped_world), embedder=WordEmbedder())) as opened:
        yield opened


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_html_that_may_load_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    """Every address in it is of this service, nothing is written in line, and the policy forbids both."""
    answer = client.get(path)
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';") and "unsafe" not in policy and "require-trusted-types-for 'script'" in policy
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
    assert addresses and all(each.startswith(("/", "#")) and not each.startswith("//") for each in addresses)
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)
    for each in addresses:
        if each.startswith("/static/"):
            assert client.get(each).status_code == 200


def test_the_first_page_weighs_less_than_100_kilobytes(client: TestClient) -> None:
    """All that a browser loads to show it, unpacked; packed it is a third of that."""
    html = client.get("/").text
    loaded = {each.rpartition("/")[2] for each in re.findall(r'(?:src|href)="(/static/[^"]*)"', html)}
    held = read_static_files().by_name
    assert loaded == {"icon.svg", "theme.js", "style.css", "frame.js", "home.js", *SHARED}
    assert len(html) + sum(len(held[name].content) for name in loaded) < 100_000
    assert len(gzip.compress(html.encode())) + sum(len(held[name].gzipped) for name in loaded) < 34_000


def test_what_a_script_imports_is_there_and_loaded_ahead() -> None:
    """Or a browser would ask for one after the other."""
    held = read_static_files().by_name
    for shell in SHELLS.values():
        wanted, seen = {"frame.js", f"{shell.name}.js"}, set[str]()
        while wanted:
            name = wanted.pop()
            seen.add(name)
            wanted |= set(IMPORT.findall(held[name].content.decode())) - seen
        assert seen - {"frame.js", f"{shell.name}.js"} == set(SHARED) | set(shell.modules), shell.name


def test_a_static_file_is_kept_for_ever_under_its_version_and_never_under_another(client: TestClient) -> None:
    """Packed where the browser takes that."""
    version = read_static_files().version
    answer = client.get(f"/static/{version}/style.css", headers={"accept-encoding": "gzip"})
    assert (answer.headers["cache-control"], answer.headers["content-encoding"]) == ("public, max-age=31536000, immutable", "gzip")
    assert answer.headers["content-type"] == "text/css; charset=utf-8" and ":root" in answer.text
    assert client.get("/static/000000000000/style.css").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["../routes.py", "..%2froutes.py", "%2e%2e/routes.py", "../../../../etc/passwd", "vendored/VENDORED.md", "", "style.css/", "vendored"])
def test_no_other_name_reaches_a_file(client: TestClient, name: str) -> None:
    """A name is looked up among those that were read at the start."""
    answer = client.get(f"/static/{read_static_files().version}/{name}")
    assert answer.status_code == 404 and "def " not in answer.text


def test_what_stands_in_the_title_is_escaped() -> None:
    """The only text of a request in the page; the service may lie under a path of a proxy."""
    html = render("concept", root="/lab", static="/lab/static/x", title='</title><script>"$main')
    assert "<title>&lt;/title&gt;&lt;script&gt;&quot;$main · generel</title>" in html
    assert 'data-root="/lab"' in html and 'href="/lab/compare"' in html


def test_vendored_libraries_are_what_their_list_says() -> None:
    """Each with its version, license and digest."""
    folder = files("generel.service.page") / "static" / "vendored"
    listed = dict(re.findall(r"^\| (\S+\.min\.js) \| [\d.]+ \| [^|]*, LICENSE\S+ \| ([0-9a-f]{64}) \|$", (folder / "VENDORED.md").read_text(), re.MULTILINE))
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in listed} == listed
    assert {each.name for each in folder.iterdir()} == {*listed, "VENDORED.md", "LICENSE-d3.txt", "LICENSE-d3-ease.txt", "LICENSE-kdbush.txt"}
