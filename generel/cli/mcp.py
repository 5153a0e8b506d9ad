"""`generel mcp`: a space for assistants, over the Model Context Protocol."""

import click

from generel.cli.output import tell
from generel.cli.queries import space_option
from generel.cli.server_option import server_options
from generel.concepts.errors import MissingExtra
from generel.index.server_connection import Server
from generel.query.space import EmbeddingSpace

# What the extra brings; any other module that is missing is a fault of generel's own.
LIBRARIES = frozenset({"anyio", "mcp", "mcp_types", "pydantic", "pydantic_core"})


@click.command(short_help="Let assistants ask a space (MCP).")
@space_option
@server_options
@click.option("--http", is_flag=True, help="Answer over streamable HTTP on this machine's loopback, for several assistants, in the place of stdin and stdout.")
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="With --http: the port.")
@click.pass_context
def mcp(ctx: click.Context, space: str | None, server: Server | None, http: bool, port: int) -> None:
    """Serve an embedding space to assistants as an MCP server: the tools lookup, neighbors, relatedness and explain.

    An assistant starts this command itself and talks to it over stdin and stdout. To register it with one that reads a JSON file:

    \b
      {"mcpServers": {"generel": {"command": "generel", "args": ["mcp", "--space", "starter"]}}}

    Example: generel mcp --space starter
    """
    if not http and ctx.get_parameter_source("port") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--port goes with --http")
    try:
        from generel.mcp.server import LOOPBACK, serve
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in LIBRARIES:
            raise
        raise MissingExtra(library, "mcp", "`generel mcp`") from error
    with EmbeddingSpace.open(space, qdrant=server) as opened:
        if http:
            tell(f"the space '{opened.manifest.name}' answers assistants at http://{LOOPBACK}:{port}/mcp")
        serve(opened, port=port if http else None)
