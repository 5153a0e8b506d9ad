"""What the page weighs and how fast it is in a browser on the loopback: two tables on stdout.

    python tests/benchmarks/page_weight.py --space starter

A weight is all that a browser loads to show the page before it asks the API, as it is sent (packed) and as it is (unpacked). Interactive is the
time from the request to a page that listens: its scripts have run. Suggestions are timed from the last key to the list, whose first 60 ms are
the pause that the page waits for more keys. Medians of several runs in a new window each; nothing is in the browser's cache.
"""

import argparse
import os
import shutil
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from generel.query.find_space import find_space
from generel.service.settings import Settings
from tests.service.live import live

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUNS = 7
PAGES = ("/", "/concept/chebi:9150", "/compare?a=chebi:9150&b=hgnc:10959", "/map", "/about")
WORDS = ("simvastat", "diabetes mel", "BRCA", "rs4149", "myocardal infarct")
# Filled in by the page's own clock, so that what drives the browser is not in it.
WATCH = """() => new Promise((resolve) => {
  const input = document.getElementById('q');
  const began = performance.now();
  const list = document.querySelector('.options');
  new MutationObserver((_, watcher) => { if (!list.hidden) { watcher.disconnect(); resolve(performance.now() - began); } }).observe(list, { attributes: true, childList: true });
  input.dispatchEvent(new Event('input'));
})"""


def weigh(browser: "Browser", base: str, path: str) -> dict[str, object]:
    """Bytes of one page and how many milliseconds until it is interactive and complete."""
    sizes: list[tuple[int, int]] = []
    interactive, complete = [], []
    for _ in range(RUNS):
        page = new_page(browser)
        loaded: list[tuple[int, int]] = []
        page.on("requestfinished", lambda request, loaded=loaded: loaded.append(size_of(request)) if "/v1/" not in request.url else None)
        page.goto(f"{base}{path}", wait_until="networkidle")
        interactive.append(page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
        complete.append(page.evaluate("Math.max(...performance.getEntries().map((each) => each.responseEnd ?? 0))"))
        sizes = loaded
        page.context.close()
    sent, held = (sum(column) / 1000 for column in zip(*sizes, strict=True))
    return {"page": path, "files": len(sizes), "sent kB": f"{sent:.1f}", "unpacked kB": f"{held:.1f}", "interactive ms": f"{statistics.median(interactive):.0f}", "last answer ms": f"{statistics.median(complete):.0f}"}


def size_of(request: object) -> tuple[int, int]:
    """Bytes of the answer's body, as sent and unpacked."""
    return request.sizes()["responseBodySize"], len(request.response().body())  # type: ignore[attr-defined]


def new_page(browser: "Browser") -> "Page":
    """A page in a window that has seen nothing."""
    return browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce").new_page()


def type_ahead(browser: "Browser", base: str, text: str) -> dict[str, object]:
    """Milliseconds from the last key of a text to its suggestions."""
    page = new_page(browser)
    page.goto(base, wait_until="networkidle")
    times = []
    for run in range(RUNS):
        page.focus("#q")
        page.keyboard.press("Escape")
        # Another letter each time: neither the service nor the browser has had the question.
        page.evaluate("(text) => { document.getElementById('q').value = text; }", text + " abcdefg"[:run])
        times.append(page.evaluate(WATCH))
    page.context.close()
    return {"typed": text, "suggestions ms, median": f"{statistics.median(times):.0f}", "longest": f"{max(times):.0f}"}


def frames(browser: "Browser", base: str) -> dict[str, object]:
    """Milliseconds that one drawing of all points of the map takes."""
    page = new_page(browser)
    page.goto(f"{base}/map")
    page.locator("body[data-ready]").wait_for(timeout=60_000)
    took = []
    page.locator("#points").focus()
    for _ in range(RUNS):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(120)
        took.append(float(page.evaluate("document.getElementById('points').dataset.took")))
    n = page.evaluate("fetch('/v1/map').then((answer) => answer.json()).then((map) => map.row.length)")
    page.context.close()
    return {"points": f"{n:,}", "drawing ms, median": f"{statistics.median(took):.1f}", "longest": f"{max(took):.1f}"}


def show(rows: list[dict[str, object]]) -> None:
    """A table in Markdown."""
    print(f"| {' | '.join(rows[0])} |\n|{' --- |' * len(rows[0])}")
    for row in rows:
        print(f"| {' | '.join(map(str, row.values()))} |", flush=True)
    print()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="starter", help="name or path; a map must be there for the last table")
    arguments = parser.parse_args()
    found = os.environ.get("GENEREL_TEST_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    with live(Settings(space=Path(find_space(arguments.space)))) as (host, port), sync_playwright() as driver:
        base = f"http://{host}:{port}"
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        show([weigh(browser, base, path) for path in PAGES])
        show([type_ahead(browser, base, text) for text in WORDS])
        show([frames(browser, base)])
        browser.close()


if __name__ == "__main__":
    main()
