"""Gene sets over HTTP: a model that was trained here on made-up families of genes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from generel.apps.gene_sets import GeneSetModel
from generel.service.application import make_application
from generel.service.settings import Settings
from tests.apps.gene_set_worlds import TINY, identities, write_libraries
from tests.worlds import WordEmbedder
from training.gene_sets.libraries import GmtLibrary
from training.gene_sets.pipeline import train_model


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model; nothing of it was measured."""
    folder = tmp_path_factory.mktemp("gene_sets")
    return train_model([GmtLibrary(path) for path in write_libraries(folder)], identities(), out=folder / "model", settings=TINY, measure=False)


@pytest.fixture(scope="module")
def client(world_folder: Path, model_folder: Path) -> Iterator[TestClient]:
    """The world with that model."""
    with TestClient(make_application(Settings(space=world_folder, gene_sets=model_folder), embedder=WordEmbedder())) as opened:
        yield opened


def test_a_list_is_completed_and_what_is_unknown_is_said(client: TestClient, model_folder: Path) -> None:
    """As the model itself completes it."""
    said = client.post("/v1/genesets/complete", json={"genes": ["A0", "A1", "A2", "NOBODY"], "k": 3}).json()
    expected = GeneSetModel.open(model_folder).complete(["A0", "A1", "A2"], 3)
    assert said["genes"] == [{"gene": {"curie": each.gene.curie, "symbol": each.gene.symbol}, "rank": each.rank, "score": each.score, "percentile": each.percentile} for each in expected]
    assert said["notes"] == ["1 of 4 genes are not in the space", "unknown: NOBODY"]
    assert client.post("/v1/genesets/complete", json={"genes": ["NOBODY"]}).status_code == 422


def test_a_gene_page_has_the_functions_of_each_library(client: TestClient, model_folder: Path) -> None:
    """By symbol, former symbol or identifier; with the library's figures, null where it was not measured."""
    said = client.get("/v1/genes/OLD0?k=2").json()
    assert said["gene"] == {"curie": "hgnc:1", "symbol": "A0"}
    assert [library["figures"]["library"] for library in said["libraries"]] == ["first", "second", "third"]
    assert [len(library["functions"]) for library in said["libraries"]] == [2, 2, 2]
    best = GeneSetModel.open(model_folder).annotate("A0", 1, libraries=["second"])[0]
    shown = said["libraries"][1]["functions"][0]
    assert (shown["gene_set"]["set"], shown["score"], shown["known"]) == (best.gene_set.set, best.score, best.known)
    assert shown["gene_set"]["auroc"] is None and said["libraries"][1]["figures"]["auroc"] is None
    assert client.get("/v1/genes/hgnc:1?k=2").json() == client.get("/v1/genes/ncbigene:100?k=2").json() == said


def test_options_of_a_gene_page(client: TestClient) -> None:
    """One library, only new sets, a table; unknown genes and libraries are refused."""
    new = client.get("/v1/genes/A0?library=first&only_new=true&k=5").json()["libraries"]
    assert len(new) == 1 and not any(each["known"] for each in new[0]["functions"])
    table = client.get("/v1/genes/A0?k=1&format=tsv").text.splitlines()
    assert table[0].startswith("library\trank\tset\tname\tscore") and len(table) == 4
    assert client.get("/v1/genes/NOBODY").json()["type"] == "urn:generel:error:UnknownConcept"
    assert client.get("/v1/genes/A0?library=fifth").status_code == 422
    assert client.get("/v1/space").json()["gene_sets"] is True
