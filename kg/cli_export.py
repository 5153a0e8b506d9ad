"""`generel export build`: a concept graph in the formats that other programs read."""

from pathlib import Path

import click

from generel.cli.output import format_option, write_records
from generel.cli.progress import RichProgress
from generel.concepts.home import Home
from kg.build import find_build
from kg.interchange.export import FORMATS, export_build
from kg.report import attribution, count_licenses


@click.command(short_help="Write a concept graph as KGX, SSSOM, GMT or PyKEEN triples.")
@click.argument("name", default="starter")
@click.option("--to", required=True, type=click.Choice(sorted(FORMATS)), help="kgx: nodes and edges; sssom: merged identifiers; gmt: gene sets; pykeen: the split's triples.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the files go; an earlier export there is replaced.")
@format_option
def build(name: str, to: str, out: Path, format: str) -> None:
    """Write a build (by name or path) to a folder, with the credits of its sources, and print the files with their numbers of rows.

    Example: generel export build starter --to kgx --out starter-kgx
    """
    made = find_build(name, home=Home.from_environment())
    rows = export_build(made, to=to, folder=out.expanduser().resolve(), credits=attribution(made.manifest, count_licenses(made)), progress=RichProgress())
    write_records(({"file": file, "rows": n} for file, n in rows.items()), format=format, columns=("file", "rows"), title=f"{made.name} as {to}")
