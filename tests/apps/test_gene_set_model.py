"""A trained model that was written and read back: what it answers, and what it refuses."""

import json
from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generel.apps.gene_sets import GeneSetModel
from generel.apps.gene_sets.enrichment import exact_p_values, false_discovery_rates, odds_ratios
from generel.apps.gene_sets.model_folder import MANIFEST, NETWORK_FILE, find_model
from generel.concepts.errors import BadInput, Corrupt, NotThere
from tests.apps.gene_set_worlds import LIBRARIES, TINY, identities, write_libraries
from training.gene_sets.libraries import GmtLibrary
from training.gene_sets.pipeline import train_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model of the made-up libraries, each of them measured; not to be changed."""
    folder = tmp_path_factory.mktemp("gene_sets")
    libraries = [GmtLibrary(path) for path in write_libraries(folder)]
    return train_model(libraries, identities(), out=folder / "model", settings=replace(TINY, passes=20, gene_rate=3e-2))


@pytest.fixture(scope="module")
def model(folder: Path) -> GeneSetModel:
    """The model, opened."""
    return GeneSetModel.open(folder)


def test_model_is_safetensors_json_and_parquet_alone(folder: Path) -> None:
    """Nothing is pickled, nothing of the work is left, and the manifest names every file."""
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["aliases.parquet", "concepts.parquet", "model.json", "network.safetensors", "sets.parquet", "sets.safetensors"]
    manifest = json.loads((folder / MANIFEST).read_text())
    assert sorted(manifest["files"]) == sorted(set(names) - {MANIFEST}) and manifest["n_sets"] == 72
    assert not (folder.parent / ".model.work").exists()


def test_list_is_completed_by_its_family(model: GeneSetModel) -> None:
    """Of four A genes, the six others come first; percentiles fall with ranks and scores."""
    found = model.complete(["A0", "A1", "A2", "A3"], 6)
    assert {each.gene.symbol for each in found} == {f"A{place}" for place in range(4, 10)}
    assert [each.rank for each in found] == list(range(1, 7))
    assert found[0].percentile == pytest.approx(35 / 36 * 100) and found[0].score > found[-1].score > 0


def test_names_in_any_form_give_the_same_answer(model: GeneSetModel) -> None:
    """Symbol, former symbol, HGNC, NCBI Gene and Ensembl identifiers; a gene that stands there twice counts once."""
    spelled = [["A0", "A1"], ["OLD0", "A1"], ["HGNC:1", "A1"], ["100", "A1"], ["ENSG00000000100", "A1"], ["A0", "OLD0", "A1", "A1"]]
    vectors = [model.embed(genes) for genes in spelled]
    assert all(np.array_equal(vectors[0], vector) for vector in vectors)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)


def test_unknown_genes_are_counted_and_named(model: GeneSetModel) -> None:
    """What is left is used; a date is told apart from an unknown name."""
    told = " ".join(model.find(["A0", "NOBODY", "1-Mar"]).sentences())
    assert "2 of 3" in told and "NOBODY" in told and "1-Mar" in told and "spreadsheet" in told


@pytest.mark.parametrize("genes", [[], ["NOBODY"], ["1-Mar", "2-Sep"]])
def test_list_without_a_known_gene_is_refused(model: GeneSetModel, genes: list[str]) -> None:
    """By every question."""
    for ask in (model.complete, model.embed, model.similar, model.enrich):
        with pytest.raises(BadInput, match=r"has no genes|none of the"):
            ask(genes)


def test_similar_sets_are_of_the_family(model: GeneSetModel) -> None:
    """Shared genes and Jaccard index are as counted by hand; a library can be chosen, a strange one is refused."""
    genes = ["A0", "A1", "A2", "A3", "A4", "A5"]
    found = model.similar(genes, 3, libraries=["second"])
    assert [each.gene_set.name.split()[:2] for each in found] == [["second", "A"]] * 3
    for each in found:
        members = {line.split("\t")[0]: set(line.split("\t")[2:]) for line in _lines("second", model)}[each.gene_set.set]
        assert each.n_shared == len(members & set(genes)) and each.jaccard == pytest.approx(each.n_shared / len(members | set(genes)))
    with pytest.raises(BadInput, match="no library 'fourth'; its libraries are first, second, third"):
        model.similar(genes, libraries=["fourth"])


def test_annotation_carries_held_out_figures(model: GeneSetModel) -> None:
    """Each set and library has an AUROC of a model that had not seen it; `only_new` leaves the gene's own sets out."""
    found = model.annotate("B0", 5)
    assert all(each.gene_set.name.split()[1] == "B" for each in found)
    assert all(each.gene_set.auroc is not None and 0.5 < each.figures.auroc <= 1 for each in found)  # type: ignore[operator]
    new = model.annotate("B0", 72, only_new=True)
    assert new and not any(each.known for each in new)
    assert len(new) == 72 - sum("B0" in line.split("\t") for library in LIBRARIES for line in _lines(library, model))


def test_enrichment_is_fisher_by_hand(model: GeneSetModel) -> None:
    """p-values are sums of hypergeometric terms over the stated background, rates are those of a plain loop, and only sets with shared genes are told."""
    genes = ["A0", "A1", "A2", "B0"]
    background = [f"{family}{place}" for family in "AB" for place in range(10)]
    found = model.enrich(genes, background=background, minimum=1)
    for each in found:
        tail = sum(comb(each.n_set, n) * comb(20 - each.n_set, 4 - n) for n in range(each.n_shared, min(4, each.n_set) + 1)) / comb(20, 4)
        assert (each.n_background, each.n_list) == (20, 4) and each.p_value == pytest.approx(tail) and each.n_shared == len(each.genes) > 0
    assert [each.p_value for each in found] == sorted(each.p_value for each in found)
    best = found[0]
    # Sets of the families C and D have no gene in the background and are not tested: 12 of 24 are, in each library.
    assert best.fdr >= best.p_value and len([each for each in found if each.gene_set.library == "first"]) <= 12


def test_background_that_leaves_nothing_is_refused(model: GeneSetModel) -> None:
    """A list outside it, and one that is all of it."""
    with pytest.raises(BadInput, match="no gene of the list is in the background"):
        model.enrich(["A0"], background=["B0", "B1"])
    with pytest.raises(BadInput, match="the list has all of them"):
        model.enrich(["A0", "A1"], background=["A0", "A1"])


def test_rates_are_those_of_a_plain_loop() -> None:
    """Benjamini and Hochberg's, worked by hand: .01 * 4 / 1, .02 * 4 / 2, .04 * 4 / 3, .5; a larger one is never below a smaller one's."""
    assert false_discovery_rates(np.array([0.5, 0.01, 0.04, 0.02])) == pytest.approx([0.5, 0.04, 0.04 * 4 / 3, 0.04])
    assert len(false_discovery_rates(np.empty(0))) == 0


@given(st.lists(st.floats(1e-12, 1), min_size=1, max_size=30))
def test_rates_hold_against_a_loop(p_values: list[float]) -> None:
    """The adjusted value of p is the least of q * n / rank(q) over all q >= p."""
    n = len(p_values)
    ranked = sorted(p_values)
    expected = [min(1.0, *(q * n / (rank + 1) for rank, q in enumerate(ranked) if q >= p)) for p in p_values]
    assert false_discovery_rates(np.array(p_values)) == pytest.approx(expected)


def test_odds_ratios_by_hand() -> None:
    """[[3, 1], [2, 14]] has 3 * 14 / (1 * 2) = 21; an empty off-diagonal cell makes it infinite."""
    assert odds_ratios(np.array([3, 4]), np.array([5, 5]), n_list=4, n_background=20).tolist() == [21.0, np.inf]
    assert exact_p_values(np.array([0]), np.array([5]), n_list=4, n_background=20).tolist() == [1.0]


def test_damaged_model_is_refused(folder: Path, tmp_path: Path) -> None:
    """A file cut short, a manifest that is no JSON, a folder without a model."""
    import shutil

    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / NETWORK_FILE).write_bytes((folder / NETWORK_FILE).read_bytes()[:-10])
    with pytest.raises(Corrupt, match=NETWORK_FILE):
        GeneSetModel.open(copy)
    (copy / MANIFEST).write_text("{")
    with pytest.raises(Corrupt, match="not JSON"):
        GeneSetModel.open(copy)
    with pytest.raises(NotThere, match="generel genesets train"):
        GeneSetModel.open(tmp_path / "none" / "such")


def test_the_only_model_needs_no_name(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With several, one must be named."""
    monkeypatch.delenv("GENEREL_GENE_SETS", raising=False)
    monkeypatch.setenv("GENEREL_HOME", str(tmp_path))
    with pytest.raises(NotThere, match="no gene-set model is named"):
        find_model()
    for name in ("one", "two"):
        (tmp_path / "gene_sets" / name).mkdir(parents=True)
        (tmp_path / "gene_sets" / name / MANIFEST).write_text("{}")
        if name == "one":
            assert find_model() == tmp_path / "gene_sets" / "one"
    with pytest.raises(NotThere, match=r"several gene-set models are in .*: one, two"):
        find_model()


def _lines(library: str, model: GeneSetModel) -> list[str]:
    """The library's sets, by symbol, as they lie beside the model."""
    numbers = model.sets.select([library])
    records = model.sets.records(numbers)
    symbols = [model.names.symbols[row] for row in range(model.n_genes)]
    return ["\t".join([each.set, "", *(symbols[row] for row in model.sets.members_of(int(number)))]) for each, number in zip(records, numbers, strict=True)]
