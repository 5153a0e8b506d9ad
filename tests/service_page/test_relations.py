"""The page of a concept that can be asked by a relation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from generel.service.settings import Settings
from tests.service.live import live
from tests.service.test_relations import RANKINGS
from tests.service_page.conftest import Open
from tests.worlds import WordEmbedder, write_world


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service whose space has learned to rank what drugs treat."""
    folder: Path = write_world(tmp_path_factory.mktemp("spaces") / "world", rankings=RANKINGS)
    with live(Settings(space=folder), embedder=WordEmbedder()) as (host, port):
        yield f"http://{host}:{port}"


def test_a_relation_is_chosen_and_kept_in_the_address(open_page: Open, ranked: str) -> None:
    """The likeliest answers first, known ones marked; other kinds go, the address leads back, and none in particular shows all kinds again."""
    page = open_page("/concept/chebi:9150", address=ranked)
    page.get_by_label("that it").select_option("treats")
    page.wait_for_selector("#neighbors table")
    assert page.url.endswith("?relation=treats")
    names = page.locator("#neighbors tbody tr td:nth-child(2)").all_inner_texts()
    assert names[0].startswith("myocardial infarction") and len(names) == 4
    assert page.locator("#neighbors tbody tr td:nth-child(6)").all_inner_texts() == ["known", "predicted", "predicted", "predicted"]
    assert not page.locator("#neighbors .tabs button", has_text="genes").count()
    again = open_page("/concept/chebi:9150?relation=treats&new=1", address=ranked)
    again.wait_for_selector("#neighbors table")
    assert again.get_by_label("that it").input_value() == "treats" and again.locator("#neighbors tbody tr").count() == 3
    again.get_by_label("that it").select_option("")
    again.wait_for_function("!location.search.includes('relation')")


def test_a_space_without_rankings_offers_none(open_page: Open) -> None:
    """Nothing to choose from where nothing was learned."""
    page = open_page("/concept/chebi:9150")
    page.wait_for_selector("#neighbors .card")
    assert not page.get_by_label("that it").count()
