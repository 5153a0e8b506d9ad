"""`generel serve`: the HTTP service and its page; `generel serve keys`: who may ask it."""

from pathlib import Path

import click

from generel.cli.extras import ExtraGroup
from generel.cli.output import format_option, tell, write_records
from generel.cli.queries import exact_option, space_option
from generel.concepts.home import Home

KEYS_FILE = "service-keys.json"


@click.group(
    cls=ExtraGroup, extra="service", invoke_without_command=True, short_help="Answer over HTTP, with a page for people.",
)
@space_option
@click.option("--gene-sets", metavar="NAME", help="The gene-set model, by name or path; else GENEREL_GENE_SETS, else the only one there is.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at; 0.0.0.0 for all of this machine's.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="The port; 0 for any that is free.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that answer; one a core is good.")
@exact_option
@click.option("--qdrant", metavar="URL", envvar="GENEREL_QDRANT_URL", help="Search with this Qdrant server instead of the index in the space's folder.")
@click.option("--keys", type=click.Path(path_type=Path, dir_okay=False), envvar="GENEREL_SERVE_KEYS", help="File of API keys, made with `generel serve keys new`; without it anybody may ask.")
@click.option("--rate", type=click.FloatRange(min=0), default=0.0, help="Requests a second that each key or address may ask for; the default is any number.")
@click.option("--burst", type=click.IntRange(min=1), default=100, show_default=True, help="How many of them may come at once.")
@click.option("--origin", "origins", multiple=True, metavar="URL", help="A site whose pages may ask from a browser (CORS); may be given several times.")
@click.option("--trust-proxy", "proxies", multiple=True, metavar="ADDRESS", help="A proxy whose X-Forwarded-For is believed; may be given several times.")
@click.option("--largest-body", type=click.IntRange(min=1024), default=4 << 20, show_default=True, help="Bytes that a request may have.")
@click.option("--largest-batch", type=click.IntRange(min=1), default=1000, show_default=True, help="Queries, pairs or texts that a request may have.")
@click.option("--waiting", type=click.IntRange(min=1), default=128, show_default=True, help="Requests that may wait in a worker before others are turned away.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds that a request may wait for its answer.")
@click.option("--writable", is_flag=True, help="Let requests add concepts to the space, as `generel add` does; where there are keys, with one made with --write.")
@click.option("--log-queries", is_flag=True, help="Log what was asked, and not only which page.")
@click.pass_context
def serve(
    ctx: click.Context, space: str | None, gene_sets: str | None, host: str, port: int, workers: int, exact: bool, qdrant: str | None, keys: Path | None,
    rate: float, burst: int, origins: tuple[str, ...], proxies: tuple[str, ...], largest_body: int, largest_batch: int, waiting: int, timeout: float, writable: bool, log_queries: bool,
) -> None:
    """Serve an embedding space: the page at /, the API at /v1, its reference at /docs, numbers for Prometheus at /metrics.

    A new release of the space, a new index and added concepts are taken up while the service answers. Logs are JSON on standard error.

    Example: generel serve --space starter --port 8080 --workers 2
    """
    if ctx.invoked_subcommand is not None:
        return
    from generel.service.memory import give_back_at_once

    # Before the import of polars, which the service brings with it.
    give_back_at_once()
    from generel.service.server import serve as run
    from generel.service.settings import Settings

    defaults = Settings()
    run(Settings(
        space=space, gene_sets=gene_sets, exact=exact, qdrant=qdrant, host=host, port=port, workers=workers, keys_file=keys, requests_a_second=rate, burst=burst,
        origins=origins, trusted_proxies=proxies or defaults.trusted_proxies, largest_body=largest_body, largest_batch=largest_batch, waiting=waiting, seconds_of_answer=timeout,
        writable=writable, log_queries=log_queries,
    ))


@serve.group()
def keys() -> None:
    """Make, list and revoke API keys; a running service follows within a second.

    To replace a key, make a second one, hand it out, and revoke the first.

    Example: generel serve keys new lab
    """


file_option = click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False), envvar="GENEREL_SERVE_KEYS", help=f"The file of keys; the default is {KEYS_FILE} in GENEREL_HOME.",
)


def _file(given: Path | None) -> Path:
    return given or Home.from_environment().root / KEYS_FILE


@keys.command(short_help="Make a key.")
@click.argument("name")
@click.option("--write", is_flag=True, help="A key with which concepts may be added to the space of a service that runs with --writable.")
@file_option
def new(name: str, write: bool, file: Path | None) -> None:
    """Make a key for NAME and write it to standard output: it is shown this once, and kept only as a digest.

    Example: generel serve keys new lab
    """
    from generel.service.keys import make_key

    click.echo(make_key(_file(file), name, may_write=write))
    tell(f"this key is shown once; {_file(file)} keeps its digest. Serve with: generel serve --keys {_file(file)}")


@keys.command("list", short_help="List the keys there are.")
@file_option
@format_option
def list_keys(file: Path | None, format: str) -> None:
    """The names of the keys, when they were made, and whether they may write.

    Example: generel serve keys list
    """
    from generel.service.keys import read_keys

    write_records(({"name": key.name, "created": key.created, "may_write": key.may_write} for key in read_keys(_file(file))), format=format, columns=("name", "created", "may_write"))


@keys.command(short_help="Revoke a key.")
@click.argument("name")
@file_option
def revoke(name: str, file: Path | None) -> None:
    """Revoke the key of NAME.

    Example: generel serve keys revoke lab
    """
    from generel.service.keys import revoke_key

    revoke_key(_file(file), name)
    tell(f"'{name}' is revoked")
