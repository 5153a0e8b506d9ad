"""A build exported from the command line: what is in the folder, what is not overwritten, and that equal builds give equal bytes."""

import json
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_exports import gene_sets_of, made_of, merges_of

import generel.cli.export as export_group
import kg.cli_export
from generel.cli.main import main
from generel.concepts.errors import BadInput, NotThere, NotWritable
from kg.interchange.export import FORMATS, export_build

FILES = {
    "gmt": {"L.gmt": 1}, "kgx": {"nodes.tsv": 8, "edges.tsv": 8}, "pykeen": {"train.tsv": 7, "validation.tsv": 0, "test.tsv": 0}, "sssom": {"merges.sssom.tsv": 1},
}
MADE = made_of(merges=merges_of(("disease", "doid:9352", "mondo:0005148")), gene_sets=gene_sets_of(("L", "go:0006006", "x", "hgnc:6081")))


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_a_folder_holds_the_files_the_credits_and_what_was_written(tmp_path: Path, to: str) -> None:
    """Nothing else, no matter what was there of an earlier export; and the same bytes again."""
    folder = tmp_path / "out"
    assert export_build(MADE, to=to, folder=folder, credits="Thanks.") == FILES[to]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {*FILES[to], "CREDITS.txt", "export.json"} and before["CREDITS.txt"] == b"Thanks.\n"
    assert json.loads(before["export.json"]) | {"generel": ""} == {"format": to, "build": "small", "inputs": "0123abcd", "generel": "", "rows": FILES[to]}
    (folder / "left.txt").write_text("from an earlier export", encoding="utf-8")
    export_build(MADE, to=to, folder=folder, credits="Thanks.")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_files_are_never_replaced(tmp_path: Path) -> None:
    """A folder with something else in it, or a file, is refused; an empty folder is taken."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(NotWritable, match="holds other files"):
        export_build(MADE, to="kgx", folder=tmp_path / "mine", credits="")
    with pytest.raises(NotWritable, match="is a file"):
        export_build(MADE, to="kgx", folder=tmp_path / "mine" / "thesis.tex", credits="")
    (tmp_path / "empty").mkdir()
    assert export_build(MADE, to="sssom", folder=tmp_path / "empty", credits="") == {"merges.sssom.tsv": 1}
    assert (tmp_path / "mine" / "thesis.tex").read_text(encoding="utf-8") == "x"


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier export is whole, and nothing lies beside it."""
    folder = tmp_path / "out"
    export_build(MADE, to="gmt", folder=folder, credits="Thanks.")

    def fail(made: object, folder: Path) -> dict[str, int]:
        (folder / "half.tsv").write_text("x", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setitem(FORMATS, "gmt", fail)
    with pytest.raises(KeyboardInterrupt):
        export_build(MADE, to="gmt", folder=folder, credits="")
    assert sorted(path.name for path in folder.iterdir()) == ["CREDITS.txt", "L.gmt", "export.json"] and [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """Those that there are, are listed."""
    with pytest.raises(BadInput, match="'rdf' is no format of exports; there are: gmt, kgx, pykeen, sssom"):
        export_build(MADE, to="rdf", folder=tmp_path / "out", credits="")


def test_the_command_exports_and_prints_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records to standard output, talk to standard error; the credits name each license that rows of a source bear."""
    monkeypatch.setattr(kg.cli_export, "find_build", lambda name, home: MADE)
    made = CliRunner().invoke(kg.cli_export.build, ["small", "--to", "kgx", "--out", str(tmp_path / "out"), "--format", "tsv"])
    assert made.exit_code == 0, made.output
    assert made.stdout == "file\trows\nnodes.tsv\t8\nedges.tsv\t8\n" and "Writing kgx" in made.stderr
    credits = (tmp_path / "out" / "CREDITS.txt").read_text(encoding="utf-8")
    assert "Source S, 1. Doe 2025. https://s.example License: CC0-1.0." in credits and "Source T, 1. Roe 2024. https://t.example License: CC-BY-4.0." in credits


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two exports join by entry point; the library of one is missing."""
    points = [EntryPoint("build", "kg.cli_export:build", export_group.GROUP), EntryPoint("space", "a_library_that_nobody_has.cli:space", export_group.GROUP)]
    monkeypatch.setattr(export_group, "entry_points", lambda group: points if group == export_group.GROUP else [])
    export_group.export.__dict__.pop("_joined", None)


@pytest.mark.usefixtures("joined")
def test_exports_join_one_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`generel export build` is found by entry point; a build that is not there, and a library that is not, are said."""
    listed = CliRunner().invoke(main, ["export", "--help"]).stdout
    assert [line.split()[0] for line in listed.partition("Commands:")[2].splitlines() if line.strip()] == ["build", "space"]
    monkeypatch.setenv("GENEREL_HOME", str(tmp_path))
    asked = CliRunner().invoke(main, ["export", "build", "nowhere", "--to", "kgx", "--out", str(tmp_path / "out")])
    assert asked.exit_code == NotThere.exit_code and "there is no build 'nowhere'" in asked.stderr
    assert not (tmp_path / "out").exists()
    missing = CliRunner().invoke(main, ["export", "space", "--to", "parquet"])
    assert "MissingExtra: `generel export space` needs a_library_that_nobody_has" in missing.stderr
    assert CliRunner().invoke(main, ["export", "buidl"]).exit_code == 2
    export_group.export.__dict__.pop("_joined", None)


def test_the_package_says_where_its_export_is() -> None:
    """As `pyproject.toml` has it, the name leads to the command."""
    points = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][export_group.GROUP]
    assert EntryPoint("build", points["build"], export_group.GROUP).load() is kg.cli_export.build
