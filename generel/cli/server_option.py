"""The options that name a Qdrant server, for the commands that search or load one."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from generel.index.server_connection import KEY_VARIABLE, URL_VARIABLE, Server

Command = TypeVar("Command", bound=Callable[..., Any])


def server_options(command: Command) -> Command:
    """--qdrant, --api-key and --grpc-port; the command gets `server`, None where no server is meant."""

    @click.option("--qdrant", metavar="URL", envvar=URL_VARIABLE, help=f"A Qdrant server, http(s)://HOST[:PORT], in the place of the index in the space's folder; else {URL_VARIABLE}.")
    @click.option("--api-key", metavar="KEY", envvar=KEY_VARIABLE, help=f"The server's key; better in {KEY_VARIABLE}, where other users cannot see it.")
    @click.option("--grpc-port", type=click.IntRange(1, 65535), metavar="PORT", help="Talk gRPC, at this port of the server (6334 as Qdrant comes).")
    @wraps(command)
    def with_server(*arguments: Any, qdrant: str | None, api_key: str | None, grpc_port: int | None, **options: Any) -> Any:
        server = Server(qdrant, api_key=api_key or "", grpc_port=grpc_port) if qdrant else None
        return command(*arguments, server=server, **options)

    # click keeps the options in the function, whose type stays that of the command for whoever decorates it next.
    return with_server  # type: ignore[return-value]
