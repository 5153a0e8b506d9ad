"""Builds: fetch, read, assemble, split, write; and reading one back.

A build is a folder of tables and `build.json`. It is written beside and renamed when complete. Its tables hold no time and no
path, so the same inputs give the same bytes; `inputs` in the manifest is the digest of all that it depends on, and a build
that is there already with the same digest is used as it is.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

import generel
from generel.concepts.atomic import build_beside
from generel.concepts.errors import BadInput, BadTable, Corrupt, NotThere
from generel.concepts.home import Home
from generel.concepts.progress import SILENT, Progress
from generel.concepts.tables import TABLES, Table, read_table, write_table
from generel.index.lock import hold
from kg.assemble import assemble
from kg.fetch import fetch_source, source_state
from kg.graph import AssembledGraph
from kg.harvest import Harvest
from kg.inputs import Input, describe_inputs, digest_inputs
from kg.recipe import Recipe
from kg.report import count_graph, count_split
from kg.selection import keep_allowed, select_sources
from kg.sources.record import Source
from kg.sources.registry import SOURCES
from kg.split import Split, make_split

FORMAT = 2
MANIFEST = "build.json"
OF_GRAPH = ("concepts", "relations", "associations", "variants", "cooccurrences", "gene_sets", "merges", "set_aside")
OF_SPLIT = ("split_relations", "split_names", "split_concepts")


@dataclass(frozen=True)
class Build:
    """A stored build (a `kg.graph.Graph`); each table is read at its first use, and is what its schema says, sorted by key."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def concepts(self) -> pl.DataFrame:
        return self._table("concepts")

    @cached_property
    def relations(self) -> pl.DataFrame:
        return self._table("relations")

    @cached_property
    def associations(self) -> pl.DataFrame:
        return self._table("associations")

    @cached_property
    def variants(self) -> pl.DataFrame:
        return self._table("variants")

    @cached_property
    def cooccurrences(self) -> pl.DataFrame:
        return self._table("cooccurrences")

    @cached_property
    def gene_sets(self) -> pl.DataFrame:
        return self._table("gene_sets")

    @cached_property
    def merges(self) -> pl.DataFrame:
        return self._table("merges")

    @cached_property
    def set_aside(self) -> pl.DataFrame:
        return self._table("set_aside")

    @cached_property
    def split(self) -> Split:
        return Split(*(self._table(name) for name in OF_SPLIT))

    def _table(self, name: str) -> pl.DataFrame:
        return read_table(self.folder / f"{name}.parquet", TABLES[name.upper()])


def build(
    recipe: Recipe,
    *,
    home: Home,
    data: Path | None = None,
    without: Iterable[str] = (),
    license_allow: Collection[str] = (),
    offline: bool = False,
    name: str = "",
    force: bool = False,
    progress: Progress = SILENT,
    sources: Mapping[str, Source] = SOURCES,
) -> Path:
    """The folder of the recipe's build, made now unless it is there already and its inputs are the same.

    Args:
        data: a folder with files that the user has.
        without: sources of the recipe to leave out.
        license_allow: if given, sources under any other license are left out.
        offline: whether the network is forbidden.
        name: of the build; the recipe's if empty.
        force: whether to build though nothing has changed.
        sources: all that are known, by name.

    Raises:
        BadInput: an unknown source, or none left.
        BadTable: a source gave fewer rows than a whole one has, or rows that do not fit.
        GenerelError: whatever fetching raises.
    """
    name = name or recipe.name
    _check_name(name)
    chosen = select_sources(
        recipe, sources, without=without, license_allow=license_allow, is_there=lambda source: source_state(source, cache=home.cache, data=data).is_complete
    )
    fetched = {source.name: (source, fetch_source(source, cache=home.cache, data=data, offline=offline, progress=progress)) for source in chosen.used}
    inputs = describe_inputs(fetched, cache=home.cache)
    digest = digest_inputs(recipe, inputs, license_allow=license_allow)
    folder = home.builds / name
    if not force and _is_made(folder, digest):
        progress.say(f"build '{name}' is there already and nothing it depends on has changed: {folder}")
        return folder
    with hold(home.builds / f".{name}.lock", wait=False):
        _make(folder, recipe=recipe, inputs=inputs, digest=digest, left_out=chosen.left_out, license_allow=license_allow, progress=progress)
    return folder


def read_build(folder: Path) -> Build:
    """The build in this folder; only its manifest is read now.

    Raises:
        NotThere: no build is there.
        Corrupt: its manifest cannot be read.
        BadTable: it has another version's format.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise NotThere(f"there is no build at {folder}; make one with `generel build`")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError("it is not an object")
    except (ValueError, OSError) as error:
        raise Corrupt(f"{path} cannot be read ({error}); build it again with --force") from error
    if manifest.get("format") != FORMAT:
        raise BadTable(f"{path} has format {manifest.get('format')!r}, this version of generel reads {FORMAT}; build it again")
    return Build(folder, manifest)


def find_build(name: str, *, home: Home) -> Build:
    """The build of this name, or the one in the folder at the path `name` if it has a '/' in it.

    Raises:
        NotThere: no build has this name; those that there are, are listed.
    """
    folder = Path(name).expanduser() if "/" in name else home.builds / name
    if not (folder / MANIFEST).exists():
        there = sorted(path.parent.name for path in home.builds.glob(f"[!.]*/{MANIFEST}"))
        raise NotThere(f"there is no build '{name}'; there are: {', '.join(there) or 'none'}; `generel build` makes one")
    return read_build(folder)


def _check_name(name: str) -> None:
    if "/" in name or name.startswith("."):
        raise BadInput(f"'{name}' cannot name a build: it is a folder in GENEREL_HOME/builds, without '/' and with no '.' at the start")


def _is_made(folder: Path, digest: str) -> bool:
    try:
        made = read_build(folder).manifest.get("inputs") == digest
    except (NotThere, Corrupt, BadTable):
        return False
    return made and all((folder / f"{table}.parquet").exists() for table in OF_GRAPH + OF_SPLIT)


def _make(folder: Path, *, recipe: Recipe, inputs: list[Input], digest: str, left_out: Mapping[str, str], license_allow: Collection[str], progress: Progress) -> None:
    harvests: dict[str, Harvest] = {}
    with progress.task("Reading sources", total=len(inputs)) as advance:
        for each in inputs:
            harvests[each.source.name] = keep_allowed(read_source(each), license_allow=license_allow)
            advance(1)
    graph = assemble(harvests, settings=recipe.assembly, progress=progress)
    harvests.clear()
    with progress.task("Splitting", total=1) as advance:
        split = make_split(graph, settings=recipe.split)
        advance(1)
    manifest = {
        "format": FORMAT, "generel": generel.__version__, "inputs": digest, "recipe": recipe.as_record(), "left_out": dict(left_out),
        "sources": {each.source.name: each.as_record() for each in inputs}, "split": asdict(recipe.split),
        "counts": [*count_graph(graph), *count_split(split)],
    }
    with progress.task("Writing the build", total=1) as advance, build_beside(folder) as temporary:
        _write(temporary, graph, split, manifest)
        advance(1)
    progress.say(f"built {folder}: {graph.concepts.height:,} concepts, {graph.relations.height:,} relations")


def read_source(each: Input) -> Harvest:
    """What a source's reader gives, checked.

    Raises:
        BadTable: tables that do not fit their schema, or fewer rows than a whole source has.
    """
    harvest = each.source.read(each.paths, each.source)
    for name, table in _tables_of(Harvest()).items():
        _check_columns(getattr(harvest, name), table, source=each.source.name)
    for name, least in each.source.expected.items():
        height = getattr(harvest, name.lower()).height
        if height < least:
            raise BadTable(
                f"{each.source.name} {each.source.version} gave {height:,} rows of {name.upper()}, where a whole one gives at least {least:,}: "
                f"its files are cut short or of another kind ({', '.join(map(str, each.paths.values()))}); fetch them again with `generel fetch --verify {each.source.name}`"
            )
    return harvest


def _tables_of(harvest: Harvest) -> dict[str, Table]:
    return {name: TABLES[name.upper()] for name in vars(harvest)}


def _check_columns(frame: pl.DataFrame, table: Table, *, source: str) -> None:
    """Nothing where the columns and types are the table's and only nullable ones hold nulls."""
    wrong = [name for name, kind in table.columns.items() if frame.schema.get(name) != kind or (name not in table.nullable and frame[name].null_count())]
    wrong += [name for name in frame.columns if name not in table.columns]
    if wrong or list(frame.columns) != list(table.columns):
        raise BadTable(f"the reader of {source} gave {table.name} that do not fit: {', '.join(wrong) or 'the order of columns'}; mend the reader")


def _write(folder: Path, graph: AssembledGraph, split: Split, manifest: Mapping[str, Any]) -> None:
    frames = {name: getattr(graph, name) for name in OF_GRAPH} | {name: getattr(split, name.removeprefix("split_")) for name in OF_SPLIT}
    for name, frame in frames.items():
        write_table(frame, TABLES[name.upper()], folder / f"{name}.parquet")
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
