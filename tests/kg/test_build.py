"""Builds from end to end, out of hand-written sources whose readers stand here."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from small_graphs import concepts_of, lines_of, mappings_of, relations_of

import kg.cli
from generel.concepts.errors import BadInput, BadRecipe, BadTable, Busy, Corrupt, NotThere
from generel.concepts.home import Home
from generel.concepts.progress import Advance
from generel.index.lock import hold
from kg.assemble import AssemblySettings
from kg.build import build, find_build, read_build
from kg.harvest import Harvest
from kg.recipe import Recipe, parse_recipe
from kg.sources.record import File, Source
from kg.split import SplitSettings
from kg.split.leaks import find_leaks

RECIPE = Recipe("tiny", "A tiny world", ("names", "ties"), AssemblySettings(keep_untied={"names": "all"}), SplitSettings())


class Told:
    """A progress that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def task(self, description: str, *, total: float | None = None) -> Iterator[Advance]:
        yield lambda amount: None

    def say(self, message: str) -> None:
        self.said.append(message)


def read_names(files: Mapping[str, Path], source: Source) -> Harvest:
    """Concepts of a file with 'curie name' a line; the first disease is Orphanet's 558 too."""
    rows = [line.split(" ", 1) for line in files["names.txt"].read_text(encoding="utf-8").splitlines()]
    return Harvest(concepts=concepts_of(*map(tuple, rows), source="names"), mappings=mappings_of(("mondo:0007947", "orphanet:558"), source="names"))


def read_ties(files: Mapping[str, Path], source: Source) -> Harvest:
    """Relations as they stand in the file."""
    return Harvest(relations=relations_of(*files["ties.txt"].read_text(encoding="utf-8").splitlines(), source="ties", license=source.license))


def source_of(name: str, folder: Path, read: Callable[[Mapping[str, Path], Source], Harvest], *, license: str = "CC0-1.0", **changes: object) -> Source:
    made = Source(
        name=name, title=f"The {name}", version="1", license=license, citation="Doe 2025.", homepage="https://example.org",
        files=(File(f"{name}.txt", str(folder / f"{name}.txt")),), gives=("RELATIONS",), read=read,
    )
    return replace(made, **changes)


@pytest.fixture
def world(tmp_path: Path) -> tuple[Home, dict[str, Source]]:
    """A home and two sources: six names, and five ties of which one leads nowhere."""
    folder = tmp_path / "files"
    folder.mkdir()
    names = ["mondo:0007947 Marfan syndrome", "mondo:0000002 gout", "hp:0001166 Arachnodactyly", "hp:0002315 Headache", "hgnc:3603 FBN1", "chebi:10033 warfarin"]
    ties = ["hgnc:3603 gene_of_disease orphanet:558", "orphanet:558 has_phenotype hp:0001166", "mondo:0000002 has_phenotype hp:0002315", "~drug:Warfarin treats mondo:0000002", "hgnc:9 gene_of_disease mondo:0000002"]
    (folder / "names.txt").write_text("\n".join(names), encoding="utf-8")
    (folder / "ties.txt").write_text("\n".join(ties), encoding="utf-8")
    return Home(tmp_path / "home"), {"names": source_of("names", folder, read_names), "ties": source_of("ties", folder, read_ties, license="CC-BY-4.0")}


def test_a_build_from_files_to_tables(world: tuple[Home, dict[str, Source]]) -> None:
    """Names and ties become one graph, split, with a manifest that says what it was made of."""
    home, sources = world
    made = read_build(build(RECIPE, home=home, sources=sources))
    assert lines_of(made.relations) == [
        "chebi:10033 treats mondo:0000002", "hgnc:3603 gene_of_disease mondo:0007947", "mondo:0000002 has_phenotype hp:0002315", "mondo:0007947 has_phenotype hp:0001166"
    ]
    assert made.concepts.height == 6 and made.merges["alias"].to_list() == ["orphanet:558"]
    assert made.set_aside.select("source", "key", "reason").rows() == [("ties", "hgnc:9", "no concept has the identifier")]
    assert made.associations.is_empty() and made.variants.is_empty() and made.cooccurrences.is_empty()
    assert made.split.relations.height == 4 and find_leaks(made.split, made).is_empty()
    assert made.manifest["recipe"]["sources"] == ["names", "ties"] and made.manifest["split"]["seed"] == 1
    assert made.manifest["sources"]["ties"]["license"] == "CC-BY-4.0"
    assert len(made.manifest["sources"]["ties"]["files"]["ties.txt"]["sha256"]) == 64
    assert {"section": "relations", "what": "treats", "source": "ties", "n": 1} in made.manifest["counts"]


def test_two_builds_of_the_same_inputs_are_equal_byte_for_byte(world: tuple[Home, dict[str, Source]]) -> None:
    """No time and no name of the build is in any of its files."""
    home, sources = world
    first, second = (build(RECIPE, home=home, sources=sources, name=name) for name in ("first", "second"))
    files = sorted(path.name for path in first.iterdir())
    assert len(files) == 12 and files == sorted(path.name for path in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_a_build_that_is_there_is_used_again(world: tuple[Home, dict[str, Source]]) -> None:
    """Readers are not called a second time, unless it is forced; it is said."""
    home, sources = world
    folder = build(RECIPE, home=home, sources=sources)
    told = Told()
    def refuse(files: Mapping[str, Path], source: Source) -> Harvest:
        raise AssertionError("read again")

    idle = {name: replace(source, read=refuse) for name, source in sources.items()}
    assert build(RECIPE, home=home, sources=idle, progress=told) == folder
    assert told.said == [f"build 'tiny' is there already and nothing it depends on has changed: {folder}"]
    with pytest.raises(AssertionError, match="read again"):
        build(RECIPE, home=home, sources=idle, force=True)


def test_changed_inputs_are_built_anew(world: tuple[Home, dict[str, Source]]) -> None:
    """A changed file, a source left out, another seed, or a table that is gone: each makes another build."""
    home, sources = world
    folder = build(RECIPE, home=home, sources=sources)
    ties = Path(sources["ties"].files[0].place)
    ties.write_text("hgnc:3603 gene_of_disease mondo:0007947", encoding="utf-8")
    assert read_build(build(RECIPE, home=home, sources=sources)).relations.height == 1
    assert read_build(build(RECIPE, home=home, sources=sources, without=["ties"])).relations.is_empty()
    other = replace(RECIPE, split=SplitSettings(seed=2))
    assert read_build(build(other, home=home, sources=sources)).manifest["split"]["seed"] == 2
    (folder / "relations.parquet").unlink()
    assert read_build(build(other, home=home, sources=sources)).relations.height == 1


def test_sources_are_left_out_by_license(world: tuple[Home, dict[str, Source]]) -> None:
    """Only allowed licenses are used; the manifest says what was left out and why."""
    home, sources = world
    made = read_build(build(RECIPE, home=home, sources=sources, license_allow=["cc0-1.0"]))
    assert list(made.manifest["sources"]) == ["names"]
    assert made.manifest["left_out"] == {"ties": "its license CC-BY-4.0 is not among the allowed"}


@pytest.mark.parametrize(
    ("choice", "error", "sentence"),
    [
        ({"without": ["tis"]}, BadInput, r"no source to leave out called 'tis' \(did you mean 'ties'\?\)"),
        ({"without": ["names", "ties"]}, BadInput, "is left: names left out by name; ties left out by name"),
        ({"license_allow": ["MIT"]}, BadInput, "no source of recipe 'tiny' has the license mit; they have: CC-BY-4.0, CC0-1.0"),
        ({"name": "../x"}, BadInput, r"'../x' cannot name a build"),
    ],
)
def test_impossible_choices_are_refused(world: tuple[Home, dict[str, Source]], choice: dict, error: type[Exception], sentence: str) -> None:
    """Before anything is fetched, in a sentence with the way out."""
    home, sources = world
    with pytest.raises(error, match=sentence):
        build(RECIPE, home=home, sources=sources, **choice)
    assert not home.builds.exists()


def test_an_unknown_source_of_a_recipe_is_named(world: tuple[Home, dict[str, Source]]) -> None:
    """With the nearest that there is."""
    home, sources = world
    with pytest.raises(BadRecipe, match=r"'name' \(did you mean 'names'\?\)"):
        build(replace(RECIPE, sources=("name",)), home=home, sources=sources)


def test_a_source_that_gives_too_little_is_refused(world: tuple[Home, dict[str, Source]]) -> None:
    """A file cut short is noticed by its counts, and the build that was there stays as it was."""
    home, sources = world
    folder = build(RECIPE, home=home, sources=sources)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    sources["ties"] = replace(sources["ties"], expected={"RELATIONS": 100}, version="2")
    with pytest.raises(BadTable, match="ties 2 gave 5 rows of RELATIONS, where a whole one gives at least 100"):
        build(RECIPE, home=home, sources=sources)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in home.builds.iterdir() if path.is_dir()) == ["tiny"]


def test_a_reader_that_gives_other_columns_is_refused(world: tuple[Home, dict[str, Source]]) -> None:
    """The message names source, table and columns."""
    home, sources = world
    wrong = relations_of("hgnc:1 gene_of_disease mondo:0000002").with_columns(pl.lit("1").alias("confidence"), license=pl.lit(None, dtype=pl.String))
    sources["ties"] = replace(sources["ties"], read=lambda files, source: Harvest(relations=wrong))
    with pytest.raises(BadTable, match="the reader of ties gave RELATIONS that do not fit: license, confidence"):
        build(RECIPE, home=home, sources=sources)


def test_one_build_of_a_name_at_a_time(world: tuple[Home, dict[str, Source]]) -> None:
    """Whoever comes second is told who is at it."""
    home, sources = world
    with hold(home.builds / ".tiny.lock", wait=False), pytest.raises(Busy):
        build(RECIPE, home=home, sources=sources)


def test_a_build_that_is_not_there_is_said(world: tuple[Home, dict[str, Source]]) -> None:
    """Those that there are, are listed; a damaged manifest is called so."""
    home, sources = world
    folder = build(RECIPE, home=home, sources=sources)
    assert find_build("tiny", home=home).name == find_build(str(folder), home=home).name == "tiny"
    with pytest.raises(NotThere, match="there is no build 'tyni'; there are: tiny"):
        find_build("tyni", home=home)
    (folder / "build.json").write_text("{", encoding="utf-8")
    with pytest.raises(Corrupt, match="build it again with --force"):
        read_build(folder)
    assert read_build(build(RECIPE, home=home, sources=sources)).concepts.height == 6


def test_the_commands_print_what_is_in_a_build(world: tuple[Home, dict[str, Source]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Counts go to standard output, talk does not; the report of the stored build is the same."""
    home, sources = world
    monkeypatch.setenv("GENEREL_HOME", str(home.root))
    monkeypatch.setattr(kg.cli, "make_build", lambda recipe, **choices: build(recipe, sources=sources, **choices))
    recipe = tmp_path / "tiny.toml"
    recipe.write_text('sources = ["names", "ties"]\n[assembly.keep_untied]\nnames = "all"\n', encoding="utf-8")
    built = CliRunner().invoke(kg.cli.build, ["--recipe", str(recipe), "--format", "tsv"])
    assert built.exit_code == 0, built.output
    assert "relations\ttreats\tties\t1\n" in built.stdout and "tiny: 6 concepts, 4 relations" in built.stderr and "built" not in built.stdout
    report = CliRunner().invoke(kg.cli.report, ["tiny", "--format", "tsv"])
    assert report.stdout == built.stdout
    licenses = CliRunner().invoke(kg.cli.report, ["tiny", "--licenses", "--format", "jsonl"])
    assert [json.loads(line)["license"] for line in licenses.stdout.splitlines()] == ["CC0-1.0", "CC-BY-4.0"]
    table = CliRunner().invoke(kg.cli.report, ["tiny", "--format", "table"])
    assert "Sources and licenses" in table.stdout and "Doe 2025." in table.stdout and "Set aside" in table.stdout


def test_a_source_that_is_not_on_this_disk_may_be_left_out(world: tuple[Home, dict[str, Source]]) -> None:
    """Only where the recipe says so; the manifest says how to get it, and with its file there it is used."""
    home, sources = world
    (home_file := Path(sources["ties"].files[0].place)).rename(kept := home_file.with_suffix(".away"))
    with pytest.raises(NotThere):
        build(RECIPE, home=home, sources=sources)
    optional = replace(RECIPE, if_there=("ties",))
    made = read_build(build(optional, home=home, sources=sources))
    assert made.manifest["left_out"] == {"ties": "its files are not on this disk; `generel fetch ties` gets them"} and made.relations.is_empty()
    kept.rename(home_file)
    assert read_build(build(optional, home=home, sources=sources)).relations.height == 4


@pytest.mark.parametrize(("version_of", "version"), [(lambda files: "2026-07-31", "2026-07-31"), (lambda files: None, r"sha256 [0-9a-f]{12}"), (None, r"sha256 [0-9a-f]{12}")])
def test_a_source_without_a_fixed_version_has_the_one_its_files_say(world: tuple[Home, dict[str, Source]], version_of: object, version: str) -> None:
    """Else the hash of its files; the reader stamps its rows with it."""
    home, sources = world

    def read(files: Mapping[str, Path], source: Source) -> Harvest:
        return Harvest(concepts=read_names(files, source).concepts.with_columns(source_version=pl.lit(source.version)))

    sources["names"] = replace(sources["names"], version="", version_of=version_of, read=read)
    made = read_build(build(replace(RECIPE, sources=("names",)), home=home, sources=sources))
    said = made.manifest["sources"]["names"]["version"]
    assert re.fullmatch(version, said) and made.concepts["source_version"].unique().to_list() == [said]


def test_a_users_own_file_is_a_source(world: tuple[Home, dict[str, Source]], tmp_path: Path) -> None:
    """An entry under [[own]] is read by its format, relative to the recipe, and keeps its license; a name that is taken is refused."""
    home, sources = world
    (tmp_path / "mine.tsv").write_text("hgnc:3603\tgene_of_disease\tmondo:0000002\n", encoding="utf-8")
    own = {"name": "mine", "format": "triples", "file": "mine.tsv", "license": "private"}
    recipe = parse_recipe({"sources": ["names"], "own": [own]}, name="tiny", where=str(tmp_path / "tiny.toml"))
    assert recipe.sources == ("names", "mine") and recipe.as_record()["own"] == [own]
    made = read_build(build(recipe, home=home, sources=sources))
    assert made.relations.select("subject", "predicate", "object", "source", "license").rows() == [("hgnc:3603", "gene_of_disease", "mondo:0000002", "mine", "private")]
    with pytest.raises(BadRecipe, match="under names that are taken: names"):
        build(parse_recipe({"own": [own | {"name": "names"}]}, name="tiny", where=str(tmp_path / "tiny.toml")), home=home, sources=sources)


def test_rows_under_a_license_that_is_not_allowed_are_set_aside(world: tuple[Home, dict[str, Source]]) -> None:
    """A source of several licenses is used for those of its rows that are allowed; the same choice twice is the same build, another is not."""
    home, sources = world

    def read(files: Mapping[str, Path], source: Source) -> Harvest:
        relations = read_ties(files, source).relations
        return Harvest(relations=relations.with_columns(license=pl.when(pl.col("predicate") == "treats").then(pl.lit("CC-BY-NC-4.0")).otherwise(pl.lit("CC0-1.0"))))

    sources["ties"] = replace(sources["ties"], read=read, license="mixed", row_licenses=("CC-BY-NC-4.0", "CC0-1.0"))
    everything = read_build(build(RECIPE, home=home, sources=sources))
    allowed = read_build(build(RECIPE, home=home, sources=sources, license_allow=["cc0-1.0"], name="allowed"))
    assert everything.relations.height == 4 and allowed.relations.height == 3 and set(allowed.relations["license"]) == {"CC0-1.0"}
    assert ("ties", "RELATIONS", "CC-BY-NC-4.0", "the license is not among the allowed", 1) in allowed.set_aside.rows()
    assert allowed.manifest["inputs"] != everything.manifest["inputs"]
