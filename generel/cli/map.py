"""`generel map`: draw the map of a space that was released without one, or draw it anew."""

import click

from generel.cli.output import tell
from generel.cli.queries import space_option
from generel.query.find_space import find_space


@click.command("map", short_help="Draw the map of a space.")
@click.argument("name", required=False, metavar="[SPACE]")
@space_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the layout; one seed gives one map.")
def map(name: str | None, space: str | None, seed: int) -> None:
    """Lay out all concepts of an embedding space in the plane, for the page's map and for `generel export atlas`.

    A release draws its map itself. What was released stays as it is: this map lies beside the index, and goes before the released one. It
    takes some minutes for 100,000 concepts.

    Example: generel map starter
    """
    # Here and not above: `generel --help` imports this module.
    from generel.apps.space_map import draw_map_of
    from generel.cli.progress import RichProgress

    folder = find_space(name or space)
    n = draw_map_of(folder, seed=seed, progress=RichProgress())
    tell(f"{folder}: a map of {n:,} concepts is drawn; a running service shows it from now on")
