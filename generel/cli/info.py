"""`generel info`: what a space is made of, under which licenses, and how good it was measured to be."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from generel.cli.output import Record, format_option, write_records
from generel.cli.queries import space_option
from generel.cli.server_option import server_options
from generel.concepts.errors import Corrupt
from generel.concepts.tsv import to_text
from generel.index.edge_folder import current_edge, read_edge_note
from generel.index.freshness import names_are_current
from generel.index.server_connection import Connection, Server
from generel.index.space_folder import Manifest, read_manifest
from generel.query.find_space import find_space

SOURCE_COLUMNS = ("name", "version", "license", "synthetic", "title", "citation")
# Long and of use to no reader; `generel load` checks the files against them.
LEFT_OUT = ("files", "digest", "sources")


@click.command(short_help="Say what a space holds and under which licenses.")
@click.argument("name", required=False, metavar="[SPACE]")
@space_option
@server_options
@format_option
def info(name: str | None, space: str | None, server: Server | None, format: str) -> None:
    """What an embedding space holds: counts by kind, sources with versions, licenses and citations, measured figures.

    With --format jsonl the whole manifest is written, the files' digests included.

    Example: generel info starter
    """
    folder = find_space(name or space)
    manifest = read_manifest(folder)
    index = _describe_server(server, manifest) if server else _describe_index(folder, manifest)
    if format == "jsonl":
        click.echo(json.dumps({"folder": str(folder), "index": index, **manifest.raw}, ensure_ascii=False))
        return
    facts = [{"field": "folder", "value": str(folder)}, {"field": "index", "value": index}, *_facts(manifest)]
    if format == "tsv":
        sources = {source["name"]: source for source in manifest.sources}
        write_records([*facts, *_flatten("sources", sources)], format=format, columns=("field", "value"))
        return
    write_records(facts, format=format, columns=("field", "value"), title=f"Embedding space '{manifest.name}'")
    write_records(manifest.sources, format=format, columns=SOURCE_COLUMNS, title="Sources")


def _describe_index(folder: Path, manifest: Manifest) -> str:
    """The store that would search the space here; with Edge, how it keeps its vectors and what it was measured to find."""
    if not names_are_current(folder, manifest):
        return "not loaded; run: generel load"
    edge = current_edge(folder, manifest)
    if edge is None:
        return "exact"
    try:
        note = read_edge_note(edge)
    except Corrupt as error:
        return f"exact, because the index is damaged: {error}; run: generel load"
    return f"edge, quantization {note.quantization}, {note.recall}" if note.recall else "edge"


def _describe_server(server: Server, manifest: Manifest) -> str:
    """The collection that a server would search for this release of the space."""
    from generel.index.server_collections import find_collection

    found = find_collection(Connection(server), manifest)
    return f"server {server.shown}, collection {found.name}, quantization {found.quantization}, {found.recall}"


def _facts(manifest: Manifest) -> Iterator[Record]:
    yield {"field": "n_concepts", "value": f"{manifest.n_concepts}"}
    for field, value in manifest.raw.items():
        if field not in LEFT_OUT:
            yield from _flatten(field, value)


def _flatten(field: str, value: object) -> Iterator[Record]:
    """One record a leaf, named by the way to it: `counts.gene`."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flatten(f"{field}.{name}", inner)
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        yield from _flatten(field, dict(enumerate(value)))
    else:
        yield {"field": field, "value": to_text(value)}
