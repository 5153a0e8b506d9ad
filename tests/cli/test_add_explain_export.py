"""`generel add`, `generel explain` and the exports of a space, as a user types them."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Run
from tests.worlds import WordEmbedder

VARIANT = ("add", "--curie", "rs999", "--kind", "variant", "--tie", "variant_of_gene", "hgnc:10959")


@pytest.fixture(autouse=True)
def with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free text goes to the embedder of three words instead of the space's encoder."""
    monkeypatch.setattr("generel.query.space.open_embedder", lambda folder: WordEmbedder())


def test_what_is_added_is_listed_answered_and_removed(run: Run, own_home: Path, tmp_path: Path) -> None:
    """The list is a file that --file reads again."""
    assert run(*VARIANT, home=own_home).stdout == "curie\tkind\tname\ndbsnp:rs999\tvariant\trs999\n"
    assert run("neighbors", "rs999", "-k", "1", "--kind", "gene", home=own_home).stdout.splitlines()[1].split("\t")[3:] == ["hgnc:10959", "gene", "SLCO1B1"]
    listed = run("add", "--list", home=own_home).stdout
    assert listed == "curie\tkind\tname\tsynonyms\tdefinition\tties\ndbsnp:rs999\tvariant\t\t\t\tvariant_of_gene hgnc:10959\n"
    removed = run("add", "--remove", "rs999", home=own_home)
    assert "removed: 1 concept" in removed.stderr
    again = run("add", "--file", "-", stdin=listed, home=own_home)
    assert (again.exit_code, run("add", "--list", home=own_home).stdout) == (0, listed)
    assert "folded in again: 1 concept" in run("add", "--refold", home=own_home).stderr


def test_wrong_input_is_said_at_once_with_file_and_line(run: Run, own_home: Path, tmp_path: Path) -> None:
    """Exit code of bad input; nothing on stdout; nothing added."""
    path = tmp_path / "new.tsv"
    path.write_text("curie\tkind\tname\tties\nrs999\tvariant\t\t\nmondo:0005068\tdisease\tx\tis_a mondo:0000000\n")
    result = run("add", "--file", str(path), home=own_home)
    assert (result.exit_code, result.stdout) == (65, "")
    for part in ("3 things are wrong", "new.tsv, line 2: it has neither a name nor a tie", "line 3: no concept is called 'mondo:0000000'", "line 3: mondo:0005068 is there already"):
        assert part in result.stderr
    assert run("add", "--file", str(tmp_path / "none.tsv"), home=own_home).exit_code == 66
    for wrong in (("add",), ("add", "--curie", "rs1"), (*VARIANT, "--list"), ("add", "--list", "--name", "x")):
        assert run(*wrong, home=own_home).exit_code == 2


def test_explain_shows_evidence_paths_and_words(run: Run) -> None:
    """On the terminal, sections with what the world holds."""
    shown = run("explain", "rs4149056", "mondo:0005068").stdout
    assert "rs4149056 affects the toxicity of simvastatin [pharmgkb] treats myocardial infarction [cpic, pharmgkb]" in shown
    assert "https://www.ncbi.nlm.nih.gov/snp/rs4149056" in shown and "Near both" in shown
    assert "simvastatin treats myocardial infarction – CPIC 1, CC0-1.0, confidence 1.00" in run("explain", "simvastatin", "mondo:0005068").stdout
    assert "heart +0.42" in run("explain", "a broken heart", "hp:0001658").stdout
    assert "no source relates the two" in run("explain", "CAT", "warfarin").stderr
    assert run("explain", "CAT", "catalase").stderr.splitlines()[-1] == "generel: both are the same"


def test_explain_writes_json_and_a_page(run: Run, tmp_path: Path) -> None:
    """Both at once; with --html alone nothing goes to stdout."""
    page = tmp_path / "why.html"
    result = run("explain", "rs4149056", "simvastatin", "--json", "--html", str(page))
    explained = json.loads(result.stdout)
    assert explained["relations"][0]["predicate"] == "affects_toxicity" and explained["links"]["chebi:9150"] == "https://www.ebi.ac.uk/chebi/CHEBI:9150"
    assert page.read_text().startswith("<!doctype html>")
    assert run("explain", "rs4149056", "simvastatin", "--html", str(page)).stdout == ""


def test_exports_write_where_they_are_told(run: Run, tmp_path: Path) -> None:
    """By kind, with the credits beside."""
    out = tmp_path / "drugs.parquet"
    result = run("export", "vectors", "--kind", "drug", "--out", str(out))
    assert result.exit_code == 0 and "wrote 3 vectors" in result.stderr
    assert pl.read_parquet(out)["name"].to_list() == ["simvastatin", "atorvastatin", "warfarin"]
    assert (tmp_path / "drugs.parquet.credits.md").is_file()
    assert run("export", "word2vec", "--out", str(tmp_path / "v.txt")).exit_code == 0
    assert run("export", "projector", "--out", str(tmp_path / "projector")).exit_code == 0
    assert run("export", "vectors", "--kind", "pathway", "--out", str(out)).exit_code == 65


def test_a_file_whose_name_says_another_format_is_refused(run: Run, tmp_path: Path) -> None:
    """Parquet in a file called .csv would be opened as text."""
    for what, name, ending in (("vectors", "v.csv", ".parquet"), ("anndata", "v.h5", ".h5ad")):
        result = run("export", what, "--out", str(tmp_path / name))
        assert result.exit_code == 2 and f"it must end in {ending}" in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())
