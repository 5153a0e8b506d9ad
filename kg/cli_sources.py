"""`generel sources` and `generel fetch`: what data there is, what of it lies on this disk, and getting the rest."""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from generel.cli.output import Record, format_option, write_records
from generel.cli.progress import RichProgress
from generel.concepts.errors import BadInput
from generel.concepts.home import Home
from kg.fetch import SourceState, fetch_source, source_state
from kg.fetch.digest import measure
from kg.recipe import Recipe, read_recipe
from kg.sources.record import Source
from kg.sources.registry import SOURCES

FOR_PEOPLE = ("name", "title", "version", "license", "tables", "on_disk", "size")
FOR_PROGRAMS = ("name", "title", "version", "license", "tables", "n_files", "n_on_disk", "bytes", "synthetic", "homepage", "citation")
FETCHED = ("source", "file", "bytes", "path")

data_option = click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder with files that you have; it is searched before the network."
)


@click.command(short_help="List all known sources and what of them is on this disk.")
@click.argument("names", nargs=-1)
@data_option
@format_option
def sources(names: tuple[str, ...], data: Path | None, format: str) -> None:
    """List the known sources, or the ones named: version, license, the tables each gives, and what of it is on this disk.

    Nothing is fetched. The cache lies in GENEREL_HOME.

    Example: generel sources --format tsv
    """
    cache = Home.from_environment().cache
    states = (source_state(source, cache=cache, data=data) for source in find_sources(names or SOURCES))
    if format == "table":
        write_records(map(_for_people, states), format=format, columns=FOR_PEOPLE, title="Sources")
    else:
        write_records(map(_for_programs, states), format=format, columns=FOR_PROGRAMS)


@click.command(short_help="Fetch sources into the cache, and check them.")
@click.argument("names", nargs=-1)
@click.option("--recipe", metavar="NAME|FILE", help="Fetch the sources of a build's recipe, e.g. 'starter'.")
@data_option
@click.option("--offline", is_flag=True, help="Use no network; say what is missing.")
@click.option("--verify", is_flag=True, help="Read and check every byte in the cache; what went bad is fetched again.")
@click.option("--update", is_flag=True, help="Fetch files without a fixed hash anew, and record what they are now.")
@format_option
def fetch(
    names: tuple[str, ...], recipe: str | None, data: Path | None, offline: bool, verify: bool, update: bool, format: str
) -> None:
    """Fetch the sources named, or those of a recipe, into the cache, and list their files.

    A fetch that was interrupted goes on where it stopped. The hash of every file is recorded at the first
    fetch in generel.lock.json, and checked ever after.

    Example: generel fetch --recipe starter
    """
    of_recipe = _sources_of(read_recipe(recipe)) if recipe else []
    wanted = find_sources([*names, *of_recipe])
    if not wanted:
        raise click.UsageError("name the sources to fetch, or a recipe: generel fetch --recipe starter")
    records = [record for source in wanted for record in _fetch_one(source, data=data, offline=offline, verify=verify, update=update)]
    write_records(records, format=format, columns=FETCHED, title="Fetched")


def find_sources(names: Iterable[str]) -> list[Source]:
    """The sources of these names, each once, in the order given.

    Raises:
        BadInput: for a name that no source has; the nearest ones are given.
    """
    found: dict[str, Source] = {}
    for name in names:
        if name not in SOURCES:
            near = difflib.get_close_matches(name, SOURCES, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "`generel sources` lists all"
            raise BadInput(f"no source is called '{name}'; {hint}")
        found[name] = SOURCES[name]
    return list(found.values())


def _sources_of(recipe: Recipe) -> list[str]:
    """The recipe's sources but for its own files, which are on this disk already."""
    own = {source.name for source in recipe.own_sources}
    return [name for name in recipe.sources if name not in own]


def _fetch_one(source: Source, *, data: Path | None, offline: bool, verify: bool, update: bool) -> Iterator[Record]:
    cache = Home.from_environment().cache
    paths = fetch_source(source, cache=cache, data=data, offline=offline, verify=verify, update=update, progress=RichProgress())
    for name, path in paths.items():
        extent = measure(path)
        yield {"source": source.name, "file": name, "bytes": extent.size if extent else 0, "path": str(path)}


def _for_people(state: SourceState) -> Record:
    size = f"{state.size / 1e6:,.1f} MB" if state.size else ""
    return {**_about(state.source), "on_disk": f"{state.n_on_disk}/{len(state.files)}", "size": size}


def _for_programs(state: SourceState) -> Record:
    source = state.source
    counts = {"n_files": len(state.files), "n_on_disk": state.n_on_disk, "bytes": state.size}
    return {**_about(source), **counts, "synthetic": source.synthetic, "homepage": source.homepage, "citation": source.citation}


def _about(source: Source) -> Record:
    return {"name": source.name, "title": source.title, "version": source.version, "license": source.license, "tables": list(source.gives)}
