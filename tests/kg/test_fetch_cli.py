"""`generel sources` and `generel fetch`, as people and programs call them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from fetch_server import Answer, Server, serving

from generel.concepts.errors import BadInput, BadRecipe, NotThere, SourceUnavailable
from kg import cli_sources
from kg.harvest import Harvest
from kg.sources.record import File, Source


def read_nothing(files: Mapping[str, Path], source: Source) -> Harvest:
    return Harvest()


def source_of(name: str, *files: File) -> Source:
    return Source(name, f"The {name}", "2025-11", "CC0-1.0", f"{name} et al.", "https://a.org", files, ("concepts", "relations"), read_nothing)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def known(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sources, 'hpo' of two files and 'mondo' of one, and an empty home."""
    files = [File(name, server.put(f"/{name}.tsv", Answer(name.encode() * 1000)), local=f"{name}.tsv") for name in ("terms", "genes", "diseases")]
    sources = {"hpo": source_of("hpo", *files[:2]), "mondo": source_of("mondo", files[2])}
    monkeypatch.setattr(cli_sources, "SOURCES", sources)
    monkeypatch.setenv("GENEREL_HOME", str(tmp_path / "home"))


def run(command: click.Command, *arguments: str) -> Result:
    """The result of a command that is expected to work."""
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def lines(result: Result) -> list[list[str]]:
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_listing_says_what_is_on_disk_before_and_after(tmp_path: Path) -> None:
    """TSV for programs: numbers are numbers, and nothing is fetched by listing."""
    assert lines(run(cli_sources.sources, "--format", "tsv"))[1:] == [
        ["hpo", "The hpo", "2025-11", "CC0-1.0", "concepts,relations", "2", "0", "0", "False", "https://a.org", "hpo et al."],
        ["mondo", "The mondo", "2025-11", "CC0-1.0", "concepts,relations", "1", "0", "0", "False", "https://a.org", "mondo et al."],
    ]
    assert not (tmp_path / "home").exists()
    run(cli_sources.fetch, "hpo")
    after = [json.loads(line) for line in run(cli_sources.sources, "--format", "jsonl").stdout.splitlines()]
    assert [(each["name"], each["n_on_disk"], each["bytes"], each["tables"]) for each in after] == [
        ("hpo", 2, 10_000, ["concepts", "relations"]),
        ("mondo", 0, 0, ["concepts", "relations"]),
    ]


def test_table_is_for_people() -> None:
    """Files as n/m, sizes in MB, one line a source."""
    run(cli_sources.fetch, "mondo")
    table = run(cli_sources.sources, "mondo", "hpo", "--format", "table").stdout
    rows = [line.split() for line in table.splitlines() if "2025-11" in line]
    assert [(row[0], *row[6:]) for row in rows] == [("mondo", "1/1", "0.0", "MB"), ("hpo", "0/2")]


def test_fetch_lists_files_on_stdout_and_talks_on_stderr(tmp_path: Path) -> None:
    """The paths can be piped on; progress does not get in between."""
    result = run(cli_sources.fetch, "mondo", "hpo", "mondo", "--format", "tsv")
    rows = lines(result)
    assert rows[0] == ["source", "file", "bytes", "path"]
    assert [row[:3] for row in rows[1:]] == [["mondo", "diseases", "8000"], ["hpo", "terms", "5000"], ["hpo", "genes", "5000"]]
    assert Path(rows[1][3]).read_bytes() == b"diseases" * 1000
    assert Path(rows[1][3]).is_relative_to(tmp_path / "home" / "cache")
    assert "fetching diseases.tsv" in result.stderr


def test_recipe_names_the_sources(tmp_path: Path) -> None:
    """A recipe's file by path; names given beside it are fetched as well."""
    (tmp_path / "mine.toml").write_text('sources = ["mondo"]\n')
    rows = lines(run(cli_sources.fetch, "--recipe", str(tmp_path / "mine.toml"), "--format", "tsv"))
    assert [row[0] for row in rows[1:]] == ["mondo"]


def test_a_recipe_with_a_base_has_the_sources_of_that(tmp_path: Path) -> None:
    """And of its own files none is fetched, for they are here."""
    (tmp_path / "base.toml").write_text('sources = ["mondo"]\n')
    own = '[[own]]\nname = "mine"\nformat = "triples"\nfile = "mine.tsv"\nlicense = "private"\n'
    (tmp_path / "mine.toml").write_text(f'base = "{tmp_path / "base.toml"}"\n{own}')
    rows = lines(run(cli_sources.fetch, "--recipe", str(tmp_path / "mine.toml"), "--format", "tsv"))
    assert [row[0] for row in rows[1:]] == ["mondo"]


LIKE = r"'sources' should be a list of names, as in sources = \[\"hpo\", \"mondo\"\]"


@pytest.mark.parametrize(("text", "sentence"), [("sources = 5", LIKE), ("steps = 5", LIKE), ("sources = [5]", LIKE), ("sources = [", "is not TOML")])
def test_recipe_without_sources_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    """The message names the file and shows the line that is missing."""
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadRecipe, match=rf"mine\.toml.*{sentence}"):
        run(cli_sources.fetch, "--recipe", str(tmp_path / "mine.toml"))


def test_unknown_names_are_answered_with_the_nearest() -> None:
    """A source, and a recipe of ours."""
    with pytest.raises(BadInput, match=r"no source is called 'mando'; did you mean mondo\?"):
        run(cli_sources.fetch, "mando")
    with pytest.raises(BadInput, match="no source is called 'zzz'; `generel sources` lists all"):
        run(cli_sources.sources, "zzz")
    with pytest.raises(NotThere, match="there is no recipe 'strater'"):
        run(cli_sources.fetch, "--recipe", "strater")


def test_nothing_named_is_a_usage_error(server: Server) -> None:
    """`generel fetch` alone does not fetch all there is."""
    result = CliRunner().invoke(cli_sources.fetch, [])
    assert result.exit_code == 2 and "generel fetch --recipe starter" in result.stderr
    assert server.asked == []


def test_options_reach_the_fetching(server: Server, tmp_path: Path) -> None:
    """--offline forbids, --data comes first, --verify reads, --update records anew."""
    with pytest.raises(SourceUnavailable, match="hpo: 2 of 2 files"):
        run(cli_sources.fetch, "hpo", "--offline")
    (tmp_path / "mine").mkdir()
    for name in ("terms", "genes"):
        (tmp_path / "mine" / f"{name}.tsv").write_bytes(b"mine")
    rows = lines(run(cli_sources.fetch, "hpo", "--offline", "--data", str(tmp_path / "mine"), "--format", "tsv"))
    assert [row[3] for row in rows[1:]] == [str(tmp_path / "mine" / "terms.tsv"), str(tmp_path / "mine" / "genes.tsv")]
    assert server.asked == []
    path = Path(lines(run(cli_sources.fetch, "mondo", "--format", "tsv"))[1][3])
    path.write_bytes(b"x")
    run(cli_sources.fetch, "mondo", "--verify")
    assert path.read_bytes() == b"diseases" * 1000
    server.put("/diseases.tsv", Answer(b"new"))
    run(cli_sources.fetch, "mondo", "--update")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("command", [cli_sources.sources, cli_sources.fetch])
def test_help_is_sentences_with_an_example(command: click.Command) -> None:
    """Every option has a sentence, and the command shows itself in use."""
    text = run(command, "--help").stdout
    assert f"Example: generel {command.name} --" in text
    assert all(option.help and option.help.endswith(".") for option in command.params if isinstance(option, click.Option))
