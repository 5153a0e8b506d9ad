"""`generel load`: verify a space and build its index, here or in a Qdrant server."""

from pathlib import Path

import click

from generel.cli.output import tell
from generel.cli.queries import space_option
from generel.cli.server_option import server_options
from generel.index.quantization import NONE, QUANTIZATIONS
from generel.index.server_connection import Server
from generel.query.find_space import find_space


@click.command(short_help="Verify a space and build its index.")
@click.argument("name", required=False, metavar="[SPACE]")
@space_option
@click.option("--quantize", type=click.Choice(QUANTIZATIONS), help="Search vectors of a byte a number (int8) or of two bits (binary), then score by the whole ones; the default is none, and for the index here what it is.")
@click.option("--force", is_flag=True, help="Build the index anew even if it is good.")
@click.option("--no-wait", is_flag=True, help="Fail at once if another process is loading the same space.")
@server_options
@click.option("--on-disk", is_flag=True, help="With --qdrant: leave whole vectors on the server's disk.")
@click.option("--shards", type=click.IntRange(min=1), help="With --qdrant: shards in a cluster, fixed at the first load.")
@click.option("--replicas", type=click.IntRange(min=1), help="With --qdrant: copies of each shard in a cluster.")
@click.option("--rollback", is_flag=True, help="With --qdrant: serve again what was served before the last load.")
def load(
    name: str | None, space: str | None, quantize: str | None, force: bool, no_wait: bool, server: Server | None, on_disk: bool,
    shards: int | None, replicas: int | None, rollback: bool,
) -> None:
    """Check every file of an embedding space against its digest, and build what queries need: names and vector index.

    What is already built from the same files is kept. With --qdrant the vectors go into a new collection of a Qdrant server, which
    takes the place of the one before once it is verified; a load that was cut off goes on where it stopped.

    Example: generel load starter --quantize int8
    """
    folder = find_space(name or space)
    if server is None:
        if on_disk or shards or replicas or rollback:
            raise click.UsageError("--on-disk, --shards, --replicas and --rollback are for a server; name it with --qdrant")
        _load_here(folder, quantize, force=force, wait=not no_wait)
    elif rollback:
        _roll_back(folder, server)
    else:
        _load_there(folder, server, quantization=quantize or NONE, on_disk=on_disk, shards=shards, replicas=replicas, wait=not no_wait)


def _load_here(folder: Path, quantize: str | None, *, force: bool, wait: bool) -> None:
    # Here and not above: `generel --help` imports this module, and rich's bars are slow to import.
    from generel.cli.progress import RichProgress
    from generel.index.load import load_space

    loaded = load_space(folder, quantization=quantize, wait=wait, force=force, progress=RichProgress())
    built = f"built {' and '.join(loaded.built)}" if loaded.built else "its index is up to date"
    kept = f", quantized to {loaded.quantization}" if loaded.quantization != NONE else ""
    recall = f", {loaded.recall}" if loaded.recall is not None else ""
    tell(f"{folder}: {loaded.n_concepts:,} concepts verified, {built}{recall}; neighbors come from the store '{loaded.store}'{kept}")
    if loaded.note:
        tell(loaded.note)


def _load_there(
    folder: Path, server: Server, *, quantization: str, on_disk: bool, shards: int | None, replicas: int | None, wait: bool
) -> None:
    from generel.cli.progress import RichProgress
    from generel.index.server_connection import Connection
    from generel.index.server_load import Layout, load_into_server

    progress = RichProgress()
    layout = Layout(quantization, on_disk, shards, replicas)
    loaded = load_into_server(folder, Connection(server, progress=progress), layout=layout, wait=wait, progress=progress)
    now = loaded.collection
    tell(f"{server.shown}: '{now.alias}' is served by '{now.name}', {now.n_concepts:,} concepts ({loaded.uploaded:,} uploaded now), {now.recall}")
    if now.previous:
        tell(f"what was served before, '{now.previous}', is kept; `generel load {now.alias} --qdrant {server.shown} --rollback` goes back to it")


def _roll_back(folder: Path, server: Server) -> None:
    from generel.index.server_collections import roll_back
    from generel.index.server_connection import Connection
    from generel.index.space_folder import read_manifest

    left, served = roll_back(Connection(server), read_manifest(folder))
    tell(f"{server.shown}: '{served}' is served again in the place of '{left}', which is kept; a reader with the tables of another release reads that release's collection")
