"""`generel build` and `generel report`: making a concept graph, and saying what is in one."""

from pathlib import Path

import click

from generel.cli.output import format_option, write_records
from generel.cli.progress import RichProgress
from generel.concepts.home import Home
from kg.build import Build, find_build, read_build
from kg.build import build as make_build
from kg.recipe import read_recipe
from kg.report import COLUMNS, LICENSE_COLUMNS, attribution, by_section, count_licenses, license_records, totals


@click.command(short_help="Build the concept graph from its sources.")
@click.option("--recipe", default="starter", show_default=True, metavar="NAME|FILE", help="Which sources, and how: one of ours by name, or a TOML file.")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder with files that you have; it is searched before the network.")
@click.option("--without", multiple=True, metavar="SOURCE", help="Leave this source out; may be given several times.")
@click.option("--license-allow", multiple=True, metavar="LICENSE", help="Use only sources under this license, e.g. CC-BY-4.0; may be given several times.")
@click.option("--out", default="", metavar="NAME", help="Name of the build; that of the recipe where not given.")
@click.option("--offline", is_flag=True, help="Use no network; say what is missing.")
@click.option("--force", is_flag=True, help="Build though nothing has changed.")
@format_option
def build(recipe: str, data: Path | None, without: tuple[str, ...], license_allow: tuple[str, ...], out: str, offline: bool, force: bool, format: str) -> None:
    """Fetch the sources of a recipe, join them to one concept graph, split it, and print what is in it.

    Rows that could not be used are counted with the reason. If nothing has changed since the last build, that one is used.

    Example: generel build --recipe starter --without omop
    """
    progress = RichProgress()
    folder = make_build(
        read_recipe(recipe), home=Home.from_environment(), data=data, without=without, license_allow=license_allow,
        offline=offline, name=out, force=force, progress=progress,
    )
    made = read_build(folder)
    for source, why in made.manifest["left_out"].items():
        progress.say(f"without {source}: {why}")
    _print_counts(made, format=format)


@click.command(short_help="Say what is in a build: counts, licenses, credits.")
@click.argument("name", default="starter")
@click.option("--licenses", is_flag=True, help="Print the table of sources and licenses instead of the counts.")
@click.option("--credits", is_flag=True, help="Print the text that credits every source instead of the counts.")
@format_option
def report(name: str, licenses: bool, credits: bool, format: str) -> None:
    """Print counts by source, kind, predicate and reason of a build (by name or path), or its licenses or credits.

    As a table, all three are printed. Licenses are those that the rows themselves bear: a source may have several.

    Example: generel report starter --licenses --format tsv
    """
    made = find_build(name, home=Home.from_environment())
    everything = format == "table" and not (licenses or credits)
    if everything or not (licenses or credits):
        _print_counts(made, format=format)
    told = count_licenses(made) if licenses or credits or everything else []
    if licenses or everything:
        write_records(license_records(made.manifest, told), format=format, columns=LICENSE_COLUMNS, title="Sources and licenses")
    if credits or everything:
        click.echo(attribution(made.manifest, told))


def _print_counts(made: Build, *, format: str) -> None:
    """The counts: a table a section for people, one table of all sections for programs."""
    counts = made.manifest["counts"]
    if format != "table":
        write_records(counts, format=format, columns=COLUMNS)
        return
    for section, rows in by_section(counts):
        write_records(rows, format=format, columns=COLUMNS[1:], title=section.capitalize())
    write_records(totals(counts), format=format, columns=("section", "n"), title="In all")
