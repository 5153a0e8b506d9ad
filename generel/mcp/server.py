"""The MCP server over one open space: the tools, what the space is as a resource, and every refusal as a sentence.

Whatever an assistant sends, it gets an answer that it can act on; only a fault of generel's own keeps its traceback, on stderr. Tools are run one
at a time: the vector engine holds the interpreter's lock, so that more at once would only be slower.
"""

import json
import logging
from collections.abc import Iterable
from typing import Any

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from generel import __version__
from generel.concepts.errors import GenerelError
from generel.mcp.tools import SpaceTools
from generel.query.space import EmbeddingSpace

LOOPBACK = "127.0.0.1"
SHOWN = 40
# Digests of files are of no use to an assistant.
LEFT_OUT = ("files", "digest")
HOW = (
    "Give CURIEs where you know them, names otherwise; `lookup` turns names into CURIEs. Cosines and percentiles are predictions of a model, "
    "not evidence; `explain` gives the evidence, with sources and licenses, that must be cited. The resource generel://space says what the space is made of."
)


class SpaceServer(MCPServer):
    """An MCP server whose tools refuse with sentences; made by `make_server`."""

    def __init__(self, **options: Any) -> None:
        super().__init__("generel", version=__version__, log_level="WARNING", **options)
        self._one_at_a_time = anyio.Lock()

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None) -> CallToolResult | InputRequiredResult:
        """What the tool answers.

        Raises:
            ToolError: no such tool or argument, a bad value, or whatever the space refuses or cannot do; the message is a sentence.
        """
        await self._check_names(name, arguments)
        try:
            async with self._one_at_a_time:
                return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(f"{name} cannot take that: {'; '.join(map(_say, error.__cause__.errors()))}") from error
            if isinstance(error.__cause__, GenerelError | OSError):
                raise ToolError(f"{type(error.__cause__).__name__}: {error.__cause__}") from error
            raise

    async def _check_names(self, name: str, arguments: Iterable[str]) -> None:
        """The SDK leaves arguments that it does not know aside; an assistant would take the answer for what it asked."""
        takes = {tool.name: list(tool.input_schema["properties"]) for tool in await self.list_tools()}
        if name not in takes:
            raise ToolError(f"there is no tool {_shortly(name)}; the tools are {', '.join(takes)}")
        if unknown := [argument for argument in arguments if argument not in takes[name]]:
            raise ToolError(f"{name} has no argument {', '.join(map(_shortly, unknown[:5]))}; it takes {', '.join(takes[name])}")


def make_server(space: EmbeddingSpace) -> SpaceServer:
    """The server of an open space."""
    server, tools = SpaceServer(title="generel", instructions=f"{describe(space)} {HOW}"), SpaceTools(space)
    for tool in (tools.lookup, tools.neighbors, tools.relatedness, tools.explain):
        server.add_tool(tool, annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False))

    @server.resource("generel://space", name="space", mime_type="application/json", description="What the space holds: counts by kind, sources with versions, licenses and citations, measured figures.")
    def read_space() -> str:
        return json.dumps({key: value for key, value in space.manifest.raw.items() if key not in LEFT_OUT}, ensure_ascii=False)

    return server


def describe(space: EmbeddingSpace) -> str:
    """The space in a sentence: its name, date and counts by kind."""
    manifest = space.manifest
    counts = ", ".join(f"{kind} {count:,}" for kind, count in manifest.counts.items() if count)
    return f"The embedding space '{manifest.name}' of {manifest.created[:10]}, concepts by kind: {counts}."


def serve(space: EmbeddingSpace, *, port: int | None = None) -> None:
    """Answer over stdin and stdout until stdin ends; with a port, over streamable HTTP at http://127.0.0.1:PORT/mcp until interrupted."""
    # Before the SDK sets up its own: rich's tracebacks are a page long, and an assistant's log is no terminal.
    logging.basicConfig(level=logging.WARNING)
    server = make_server(space)
    if port is None:
        server.run("stdio")
    else:
        server.run("streamable-http", host=LOOPBACK, port=port, json_response=True, stateless_http=True)


def _say(error: ErrorDetails) -> str:
    """A sentence for one argument of the wrong form, in pydantic's words."""
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"'{name}' is required"
    _, _, rule = error["msg"].partition(" should ")
    return f"'{name}' should {rule}, not {_shortly(error['input'])}" if rule else f"'{name}': {error['msg']}"


def _shortly(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}… ({len(shown):,} characters)"
