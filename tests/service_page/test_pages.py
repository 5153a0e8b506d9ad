"""The page as people use it: in a browser, over a real server."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from generel.service.keys import make_key
from generel.service.settings import Settings
from tests.service.live import live
from tests.service_page.conftest import Open
from tests.worlds import WordEmbedder, write_world

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ("/", "/?q=heart", "/concept/chebi:9150", "/concept/chebi:9150?kind=disease", "/concept/dbsnp:rs4149056", "/compare", "/compare?a=chebi:9150&b=hgnc:10959", "/map", "/about", "/concept/mondo:9999999")


def test_words_typed_into_the_search_bring_suggestions_and_enter_opens_one(open_page: Open) -> None:
    """A synonym is told apart from the name; arrows move through the options while the focus stays in the field."""
    page = open_page("/")
    field = page.get_by_role("combobox", name="Search concepts")
    field.press_sequentially("stat")
    options = page.get_by_role("option")
    options.first.wait_for()
    assert [text.replace("\n", " ") for text in options.all_inner_texts()][:2] == ["simvastatin drug beginning of a name: statin", "atorvastatin drug beginning of a name: statin"]
    field.press("ArrowDown")
    field.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    assert chosen.count() == 1 and field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    name = chosen.locator("span").first.inner_text()
    field.press("Enter")
    page.get_by_role("heading", level=1, name=name).wait_for()


def test_escape_closes_the_suggestions_and_enter_without_one_searches(open_page: Open) -> None:
    """The search is in the address, so it can be shared, and going back undoes it."""
    page = open_page("/")
    field = page.get_by_role("combobox", name="Search concepts")
    field.press_sequentially("heart attack")
    page.get_by_role("option").first.wait_for()
    field.press("Escape")
    assert page.get_by_role("listbox").count() == 0
    field.press("Enter")
    page.get_by_role("heading", name="Concepts called “heart attack” or much like it").wait_for()
    assert page.url.endswith("/?q=heart+attack")
    assert {"myocardial infarction", "Myocardial infarction"} <= set(page.locator(".results .name").all_inner_texts())
    page.get_by_role("link", name="diseases").click()
    page.wait_for_url("**/?q=heart+attack&kind=disease")
    page.locator(".results .name").first.wait_for()
    assert set(page.locator(".results li .kind").all_inner_texts()) == {"disease"}
    page.go_back()
    page.wait_for_url("**/?q=heart+attack")


def test_only_the_newest_search_is_answered(open_page: Open) -> None:
    """What was asked before is given up when more is typed, however late its answer comes."""
    page = open_page("/")
    page.route("**/v1/concepts?q=s&*", lambda route: (page.wait_for_timeout(400), route.continue_())[0])
    field = page.get_by_role("combobox", name="Search concepts")
    field.fill("s")
    page.wait_for_timeout(150)
    field.fill("warfarin")
    page.get_by_role("option", name="warfarin").wait_for()
    page.wait_for_timeout(500)
    assert page.get_by_role("option").first.locator("span").first.inner_text() == "warfarin"


def test_a_concept_shows_what_it_is_what_is_near_and_by_what_evidence(open_page: Open) -> None:
    """Known ties are marked apart from predicted ones; identifiers lead to their databases; licenses stand with the evidence."""
    page = open_page("/concept/chebi:9150")
    page.get_by_role("heading", level=1, name="simvastatin").wait_for()
    assert page.title() == "simvastatin · generel"
    assert page.get_by_role("link", name="drugbank:DB00641").get_attribute("href") == "https://go.drugbank.com/drugs/DB00641"
    diseases = page.locator(".card[data-kind=disease] li")
    diseases.first.wait_for()
    assert [line.replace("\n", " ") for line in diseases.all_inner_texts()] == ["known tie myocardial infarction 0.47", "predicted breast cancer 0.00"]
    evidence = page.get_by_role("region", name="Evidence").last
    evidence.get_by_role("row").nth(1).wait_for()
    rows = [row.inner_text() for row in evidence.get_by_role("row").all()]
    assert len(rows) == 1 + 4 and any("targets" in row and "SLCO1B1" in row and "CC0-1.0" in row for row in rows)


def test_the_neighbors_of_one_kind_are_a_table_and_their_state_is_in_the_address(open_page: Open) -> None:
    """With ranks, cosines and percentiles; 'predicted only' leaves the known ones out; going back brings them again."""
    page = open_page("/concept/chebi:9150")
    page.get_by_role("button", name="genes", exact=True).click()
    table = page.get_by_role("region", name="Nearest concepts").get_by_role("table")
    table.wait_for()
    assert page.url.endswith("/concept/chebi:9150?kind=gene")
    first = table.get_by_role("row").nth(1)
    assert re.sub(r"\s+", " ", first.inner_text()).startswith("1 SLCO1B1 gene 0.94") and "known" in first.inner_text()
    page.get_by_role("button", name="predicted only").click()
    page.wait_for_url("**?kind=gene&new=1")
    table.get_by_role("link", name="CAT", exact=True).wait_for()
    assert "SLCO1B1" not in table.inner_text()
    page.go_back()
    table.get_by_role("link", name="SLCO1B1", exact=True).wait_for()
    table.get_by_role("link", name="why? SLCO1B1").click()
    page.wait_for_url("**/compare?a=chebi%3A9150&b=hgnc%3A10959")


def test_a_variant_shows_its_genes_and_drugs_first(open_page: Open) -> None:
    """Each with how it is tied, by whom and under which license."""
    page = open_page("/concept/rs4149056")
    page.get_by_role("heading", name="What this variant is tied to").wait_for()
    ties = page.locator(".tied li")
    ties.first.wait_for()
    said = [re.sub(r"\s+", " ", each) for each in ties.all_inner_texts()]
    assert said == ["SLCO1B1 1.00 lies in or near (pharmgkb, CC0-1.0)", "simvastatin 1.00 affects the toxicity of (pharmgkb, CC0-1.0)"]
    assert page.url.endswith("/concept/dbsnp:rs4149056")


def test_a_gene_without_a_gene_set_model_has_no_empty_section(open_page: Open) -> None:
    """Nor is it asked for."""
    page = open_page("/concept/hgnc:10959")
    page.locator(".near-list li").first.wait_for()
    page.get_by_role("region", name="Evidence").first.wait_for()
    assert page.get_by_role("heading", name="Predicted functions").count() == 0


def test_two_concepts_are_compared_in_words_and_explained(open_page: Open) -> None:
    """The numbers are those of the API; direct relations and paths are there; the two can be swapped."""
    page = open_page("/compare")
    first, second = page.get_by_label("One concept"), page.get_by_label("The other")
    first.press_sequentially("simva")
    page.get_by_role("option", name="simvastatin").click()
    second.press_sequentially("SLCO1B1")
    second.press("Enter")
    page.get_by_role("heading", name="What sources say of the two").wait_for()
    assert re.search(r"random drug–gene pairs", page.locator(".say").inner_text())
    assert page.locator("dl.facts").inner_text().split("\n")[:2] == ["Cosine", "0.9412"]
    assert "simvastatin targets SLCO1B1" in page.get_by_role("region", name="Direct relations").inner_text()
    assert page.locator(".path .stop").first.inner_text() == "simvastatin"
    page.get_by_role("button", name="Swap the two").click()
    page.wait_for_url("**/compare?a=SLCO1B1&b=chebi%3A9150")
    page.locator(".say").wait_for()
    assert (first.input_value(), second.input_value()) == ("SLCO1B1", "simvastatin")


def test_free_text_is_compared_by_its_words(open_page: Open) -> None:
    """Without a percentile, which nobody measured, and with the words that count marked."""
    page = open_page("/compare?a=pain+in+a+muscle&b=chebi:9150")
    page.get_by_text("Free text is not calibrated").wait_for()
    page.get_by_role("heading", name="Words that count in “pain in a muscle”").wait_for()
    assert page.locator(".words mark").all_inner_texts() == ["muscle"]


def test_the_map_is_drawn_searched_and_clicked(open_page: Open) -> None:
    """Every concept is a point; what is found is marked and in the address; kinds can be left out."""
    page = open_page("/map")
    page.locator("body[data-ready]").wait_for()
    page.get_by_role("heading", name="In view: 12 concepts").wait_for()
    field = page.get_by_role("combobox", name="Find on the map")
    field.press_sequentially("warfarin")
    page.get_by_role("option", name="warfarin").click()
    picked = page.locator(".picked")
    picked.wait_for()
    assert picked.locator("strong").inner_text() == "warfarin"
    page.wait_for_function("() => location.search.includes('at=chebi:10033') && location.search.includes('view=')")
    page.get_by_role("checkbox", name="drugs").uncheck()
    page.wait_for_function("() => location.search.includes('hide=drug')")
    page.get_by_role("button", name="Clear").click()
    assert picked.count() == 0


def test_a_point_that_is_pointed_at_says_its_name_and_a_click_picks_it(open_page: Open) -> None:
    """The point is where the API says it is."""
    page = open_page("/map?at=hgnc:1100&view=0.5,0.5,0.94")
    page.locator("body[data-ready]").wait_for()
    page.locator(".picked").wait_for()
    page.get_by_role("button", name="Clear").click()
    x, y = place_of(page, "hgnc:1100")
    box = page.locator("#points").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x, box["y"] + y)
    tip = page.locator("#tip:not([hidden])")
    tip.wait_for()
    said = tip.inner_text()
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.locator(".picked").wait_for()
    assert page.locator(".picked strong").inner_text() in said


def place_of(page: "Page", curie: str) -> tuple[float, float]:
    """Where a concept is on the canvas at the first view, in CSS pixels: the middle of the map is that of the canvas, and its side 0.94 of the shorter."""
    place = page.evaluate(
        """async (curie) => {
            const map = await (await fetch("/v1/map")).json();
            const { row } = await (await fetch(`/v1/map/place?query=${curie}`)).json();
            const at = map.row.indexOf(row), canvas = document.getElementById("points");
            const side = 0.94 * Math.min(canvas.clientWidth, canvas.clientHeight);
            return [canvas.clientWidth / 2 + (map.x[at] / map.extent - 0.5) * side, canvas.clientHeight / 2 + (0.5 - map.y[at] / map.extent) * side];
        }""",
        curie,
    )
    return place[0], place[1]


def test_the_map_is_moved_and_zoomed_by_keys(open_page: Open) -> None:
    """Plus comes nearer, arrows move, 0 shows all again."""
    page = open_page("/map")
    page.locator("body[data-ready]").wait_for()
    view = "new URLSearchParams(location.search).get('view')?.split(',').map(Number)"
    page.wait_for_function(f"() => {view}?.[2] === 0.94")
    page.locator("#points").focus()
    page.keyboard.press("+")
    page.wait_for_function(f"() => Math.abs({view}[2] - 0.94 * 1.6) < 0.01")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {view}[0] > 0.52")
    page.keyboard.press("0")
    page.wait_for_function(f"() => {view}[2] === 0.94 && {view}[0] === 0.5")


def test_a_space_without_a_map_says_how_to_make_one(open_page: Open, tmp_path: Path) -> None:
    """In the place of the map."""
    with live(Settings(space=write_world(tmp_path / "plain")), embedder=WordEmbedder()) as (host, port):
        page = open_page("/map", address=f"http://{host}:{port}", may_fail=True)
        page.get_by_role("heading", name="This space has no map yet").wait_for()
        assert "generel map plain" in page.locator(".map-state").inner_text()
        page.context.close()


def test_an_unknown_concept_is_a_sentence_with_the_nearest_as_links(open_page: Open) -> None:
    """They lead to the concepts."""
    page = open_page("/concept/mondo:0005069", may_fail=True)
    alert = page.get_by_role("alert")
    alert.get_by_role("heading", name="There is no such concept here").wait_for()
    alert.get_by_role("link", name="mondo:0005068 myocardial infarction").click()
    page.get_by_role("heading", level=1, name="myocardial infarction").wait_for()


def test_a_name_of_several_concepts_asks_which_one_is_meant(open_page: Open) -> None:
    """Each leads on to what was asked, with itself in the place of the name."""
    page = open_page("/compare?a=warfarin&b=statin", may_fail=True)
    page.get_by_role("heading", name="Several concepts are called so").wait_for()
    page.get_by_role("alert").get_by_role("link", name="chebi:39548 atorvastatin").click()
    page.get_by_role("heading", name="What sources say of the two").wait_for()
    assert page.title() == "warfarin and atorvastatin · generel"


def test_names_that_look_like_markup_stay_text(open_page: Open, tmp_path: Path) -> None:
    """In the title, the page, the suggestions and the address."""
    trap = "<img src=x onerror=document.title='broken'>"
    page = open_page(f"/compare?a={trap}&b=heart")
    page.get_by_text("Free text is not calibrated").wait_for()
    page.goto(page.url.split("/compare")[0] + "/?q=" + trap)
    page.locator(".results").get_by_role("heading").first.wait_for()
    assert page.locator("main img").count() == 0 and "broken" not in page.title().split("onerror")[0]


def test_no_page_scrolls_sideways_on_a_small_phone(open_page: Open) -> None:
    """At 320 pixels, the width that WCAG 1.4.10 asks for."""
    page = open_page("/", width=320, height=700, may_fail=True)
    base = page.url.rstrip("/")
    for path in PAGES:
        page.goto(f"{base}{path}")
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def settle(page: "Page") -> None:
    """Nothing is on its way any more."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => !document.querySelector('.loading, [aria-busy]')")


def test_everything_is_reached_by_keyboard_alone(open_page: Open) -> None:
    """The first stop skips to the content; from the search to a concept, to its neighbors, to a comparison, without a mouse."""
    page = open_page("/concept/chebi:9150")
    settle(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "top-q"
    page.keyboard.type("BRCA1")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="BRCA1").wait_for()
    settle(page)
    tab_to(page, "diseases")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Nearest concepts").get_by_role("table").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "diseases"
    tab_to(page, "why? breast cancer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?*")
    page.locator(".say").wait_for()


def tab_to(page: "Page", text: str) -> None:
    """Press Tab until what has this text has the focus, which must be seen on it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"Tab never came to '{text}'")


def test_dark_follows_the_system_until_somebody_chooses(open_page: Open) -> None:
    """The choice is kept from page to page."""
    page = open_page("/about", scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 22, 26)"
    page.get_by_role("button", name="Switch to light colors").click()
    assert page.evaluate(ground) == "rgb(251, 250, 247)"
    page.goto(page.url.replace("/about", "/compare"))
    assert page.evaluate(ground) == "rgb(251, 250, 247)"
    page.get_by_role("button", name="Switch to dark colors").wait_for()


def test_a_service_with_keys_is_used_after_the_browser_asked_for_one(open_page: Open, mapped_world: Path, tmp_path: Path) -> None:
    """The key is the password of the browser's own window; what the page asks and what it links to carries it."""
    keys = tmp_path / "keys.json"
    key = make_key(keys, "lab")
    with live(Settings(space=mapped_world, keys_file=keys), embedder=WordEmbedder()) as (host, port):
        page = open_page("/concept/chebi:9150?kind=gene", address=f"http://{host}:{port}", http_credentials={"username": "generel", "password": key})
        settle(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="TSV of neighbors of chebi:9150").click()
        assert "hgnc:10959\tgene\tSLCO1B1" in Path(download.value.path()).read_text().splitlines()[1]
        page.context.close()


def test_the_page_prints_without_its_controls(open_page: Open) -> None:
    """A concept on paper is its content."""
    page = open_page("/concept/chebi:9150")
    settle(page)
    page.emulate_media(media="print")
    assert not page.locator(".top .search").is_visible() and not page.get_by_role("group", name="Kinds of neighbors").is_visible()
    assert page.get_by_role("heading", level=1, name="simvastatin").is_visible()
