"""axe on every page, in both schemes: nothing serious, nothing critical."""

from typing import Any

import pytest

from tests.service_page.conftest import Open
from tests.service_page.test_pages import PAGES, settle

BLOCKING = ("serious", "critical")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(open_page: Open, scheme: str) -> None:
    """Each page as it is once it has loaded, with the suggestions open on the first one."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    # axe parses markup of its own, which the page's policy forbids; only here is it lifted.
    page = open_page("/", scheme=scheme, may_fail=True, bypass_csp=True)
    base, found = page.url.rstrip("/"), []
    for path in PAGES:
        page.goto(f"{base}{path}")
        settle(page)
        if path == "/":
            page.get_by_role("combobox").press_sequentially("s")
            page.get_by_role("option").first.wait_for()
        found += [f"{path}: {describe(violation)}" for violation in axe.run(page).response["violations"] if violation["impact"] in BLOCKING]
    assert not found, "\n".join(found)


def describe(violation: dict[str, Any]) -> str:
    """The rule, and the first places that break it."""
    places = [f"{node['target']} {node['html'][:120]} {node.get('failureSummary', '')[:160]}" for node in violation["nodes"][:3]]
    return f"{violation['id']} ({violation['impact']}): {violation['help']}; {' | '.join(places)}"
