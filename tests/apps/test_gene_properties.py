"""Properties of genes from end to end: learned, kept without pickle, told, judged and explained by commands."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from generel.apps.gene_properties.model_folder import read_property
from generel.cli.main import main
from generel.concepts.errors import Corrupt, NotThere
from tests.apps.conftest import Run
from tests.apps.gene_world import write_gene_world

IMMUNE, MUSCLE = ("CD3D", "CD3E", "MS4A1", "CD79A"), ("TTN", "DES")


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty rows of the world's genes and of others that only have a text, each gene once or several times."""
    path: Path = tmp_path_factory.mktemp("labels") / "tissue.csv"
    rows = [f"{gene},immune,cell of blood" for gene in IMMUNE] + [f"{gene},muscle,protein of heart" for gene in MUSCLE]
    rows += [f"X{place},immune,cell {place} of blood" for place in range(20)] + [f"Y{place},muscle,protein {place} of heart" for place in range(20)]
    path.write_text("gene,StrLabel,Summary\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def fitted(home: Path, labels: Path) -> Path:
    """The folder of a fitted property."""
    environment = {"GENEREL_HOME": str(home), "GENEREL_SPACE": "genes"}
    result = CliRunner().invoke(main, ["genes", "fit", str(labels), "--property", "tissue", "--head", "logistic"], env=environment)
    assert result.exit_code == 0, result.output
    assert "wrote the property 'tissue' (immune, muscle)" in result.stderr
    return home / "gene_properties" / "tissue"


def test_a_fitted_property_is_json_and_arrays(fitted: Path) -> None:
    """Its facts can be read by eye, nothing is pickled, and it tells the same when it is read again."""
    facts = json.loads((fitted / "property.json").read_text())
    assert (facts["name"], facts["classes"], facts["space"], facts["facts"]["n_rows"]) == ("tissue", ["immune", "muscle"], "genes", 46)
    assert set(facts["heads"]) == {"text", "words", "space", "ties"}
    assert all(not path.name.endswith((".pkl", ".joblib")) for path in fitted.iterdir())
    model = read_property(fitted)
    assert model.classes == ["immune", "muscle"]
    assert np.exp(model.classifier.gate.powers).min() > 0


def test_genes_are_told(fitted: Path, run: Run, tmp_path: Path) -> None:
    """By symbol or identifier; one that nothing is known of has no class."""
    result = run("genes", "predict", "MS4A1", "ncbigene:7273", "NOGENE", "--property", "tissue", "--format", "jsonl")
    assert result.exit_code == 0, result.output
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["predicted"] for each in told] == ["immune", "muscle", None]
    assert told[0]["immune"] == pytest.approx(told[0]["share"])
    assert "unknown: NOGENE" in result.stderr
    (tmp_path / "genes.csv").write_text("gene,Summary\nZ1,a protein of heart and muscle\n")
    result = run("genes", "predict", "--file", tmp_path / "genes.csv", "--property", "tissue", "--format", "jsonl")
    assert json.loads(result.stdout)["predicted"] == "muscle"


def test_a_property_belongs_to_its_space(fitted: Path, home: Path, run: Run) -> None:
    """Another space is refused, a damaged or missing model told."""
    write_gene_world(home / "spaces" / "same")
    assert run("genes", "predict", "TTN", "--property", "tissue", "--space", "same").exit_code == 0
    with pytest.raises(NotThere, match="holds no property; make one with: generel genes fit"):
        read_property(home / "gene_properties" / "none")
    copy = home / "gene_properties" / "damaged"
    copy.mkdir()
    (copy / "property.json").write_bytes((fitted / "property.json").read_bytes())
    (copy / "heads.skops").write_bytes((fitted / "heads.skops").read_bytes()[:200])
    with pytest.raises(Corrupt, match="cannot be read as a property"):
        read_property(copy)


def test_a_file_with_strange_types_is_refused(fitted: Path, tmp_path: Path) -> None:
    """skops would make them; only what heads are made of is made."""
    import skops.io

    (tmp_path / "property.json").write_bytes((fitted / "property.json").read_bytes())
    skops.io.dump({"text": Path}, tmp_path / "heads.skops")
    with pytest.raises(Corrupt, match="asks for types that no head is made of"):
        read_property(tmp_path)


def test_properties_are_judged_beside_what_knows_nothing(labels: Path, run: Run) -> None:
    """One command for a folder; every method has its five figures with intervals."""
    result = run("genes", "score", labels.parent, "--head", "logistic", "--repetitions", 1, "--format", "jsonl")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    value = {(row["method"], row["metric"]): row["value"] for row in rows}
    assert {method for method, _ in value} == {"majority", "raw encoder", "TF-IDF", "space", "ties", "all views, gated"}
    assert value["TF-IDF", "accuracy"] > 0.9 > value["majority", "accuracy"]
    assert value["all views, gated", "AUROC"] > 0.9
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows if row["value"] is not None)
    assert {row["metric"] for row in rows} == {"accuracy", "weighted F1", "AUROC", "accuracy, well studied", "accuracy, less studied"}


def test_a_prediction_is_explained_word_by_word(fitted: Path, run: Run, tmp_path: Path) -> None:
    """The weights add up to the log odds with the text minus those without; the page needs nothing else and escapes what comes from outside."""
    page = tmp_path / "ttn.html"
    result = run("genes", "explain", "TTN", "--property", "tissue", "--text", "protein <b> heart", "--html", page, "--format", "jsonl")
    assert result.exit_code == 0, result.output
    words = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["word"] for each in words] == ["protein", "<b>", "heart"]
    assert "TTN is told to be muscle" in result.stderr
    html = page.read_text()
    assert "&lt;b&gt;" in html and "<b>" not in html
    assert "http://" not in html and "<script" not in html
    base, whole = (float(text) for text in (html.split("without any word ")[1].split("<")[0], html.split("log odds ")[1].split(",")[0]))
    assert sum(each["weight"] for each in words) == pytest.approx(whole - base, abs=0.02)


def test_genes_are_ranked_for_a_concept_and_a_text(run: Run) -> None:
    """Cardiomyopathy: TTN and DES are tied to it and come first, so AUROC is 1."""
    result = run("genes", "rank", "cardiomyopathy", "-k", 2, "--format", "tsv")
    assert result.exit_code == 0, result.output
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[2] for row in rows[1:]] == ["TTN", "DES"]
    assert [row[4] for row in rows[1:]] == ["True", "True"]
    assert "2 genes are tied to it" in result.stderr and "AUROC 1.000" in result.stderr
    for by in ("votes", "both"):
        result = run("genes", "rank", "cardiomyopathy", "-k", 1, "--by", by, "--format", "tsv")
        # No gene of this world is tied to a process or pathway: nobody votes, and the cosines alone are left.
        assert result.stdout.splitlines()[0] == "rank\tcurie\tsymbol\tscore\tknown"
        assert result.stdout.splitlines()[1].split("\t")[2] == {"votes": "CD3D", "both": "TTN"}[by]
