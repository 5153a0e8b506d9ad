"""The world with a map, served on the loopback, and a browser to look at it; tests that need one are skipped where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generel.apps.space_map import draw_map_of
from generel.service.settings import Settings
from tests.service.live import live
from tests.worlds import WordEmbedder, write_world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VARIABLE = "GENEREL_TEST_BROWSER"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def mapped_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the world with its map; not to be changed."""
    folder = write_world(tmp_path_factory.mktemp("spaces") / "world")
    draw_map_of(folder)
    return folder


@pytest.fixture(scope="session")
def service(mapped_world: Path) -> Iterator[str]:
    """The address of the service."""
    with live(Settings(space=mapped_world), embedder=WordEmbedder()) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium, without a window."""
    found = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed; {VARIABLE} may name one")
    playwright = pytest.importorskip("playwright.sync_api", reason="no browser driver: playwright is not installed")
    with playwright.sync_playwright() as driver:
        # Chromium refuses to be run by root in a sandbox, which is how containers run tests; it sees nothing but our own pages.
        opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: "Browser", service: str) -> Iterator[Open]:
    """Opens a page of the service by its path, in a window of its own; at the end nothing may have gone wrong in it that a test did not say.

    Keywords: `width`, `height`, `scheme` ('light' or 'dark'), `address` of another service, `may_fail` for pages that show a refusal; others
    go to the browser's context.
    """
    wrong: list[str] = []
    contexts = []

    def open_in_browser(path: str, *, width: int = 1280, height: int = 900, scheme: str = "light", address: str = service, may_fail: bool = False, **options: Any) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
        page.on("console", lambda message: wrong.append(f"{path}: {message.text}") if message.type == "error" and not (may_fail and "status of" in message.text) else None)
        page.on("request", lambda request: wrong.append(f"{path}: asked for {request.url}") if not request.url.startswith((address, "blob:")) else None)
        page.goto(f"{address}{path}")
        return page

    yield open_in_browser
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)
