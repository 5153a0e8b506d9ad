"""`generel export`: the group that every export joins by entry point (`generel.exports`), as commands join the main one."""

from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

import click

from generel.cli.main import unavailable

GROUP = "generel.exports"


class Exports(click.Group):
    """A group whose commands are imported when they are asked for."""

    @cached_property
    def _joined(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted(self._joined)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; one that cannot be imported says why when it is run."""
        if cmd_name not in self._joined:
            return None
        try:
            return self._joined[cmd_name].load()
        except ImportError as error:
            return unavailable(f"export {cmd_name}", error)


@click.group(cls=Exports, short_help="Write what generel has in formats of other programs.")
def export() -> None:
    """Write what generel has in formats that other programs read.

    Example: generel export build starter --to kgx --out starter-kgx
    """
