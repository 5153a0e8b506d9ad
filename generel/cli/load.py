"""`generel load`: verify a space and build its index."""

import click

from generel.cli.output import tell
from generel.cli.queries import space_option
from generel.query.find_space import find_space


@click.command(short_help="Verify a space and build its index.")
@click.argument("name", required=False, metavar="[SPACE]")
@space_option
@click.option("--force", is_flag=True, help="Build the index anew even if it is good.")
@click.option("--no-wait", is_flag=True, help="Fail at once if another process is loading the same space.")
def load(name: str | None, space: str | None, force: bool, no_wait: bool) -> None:
    """Check every file of an embedding space against its digest, and build what queries need: names and vector index.

    What is already built from the same files is kept.

    Example: generel load starter
    """
    # Here and not above: `generel --help` imports this module, and rich's bars are slow to import.
    from generel.cli.progress import RichProgress
    from generel.index.load import load_space

    folder = find_space(name or space)
    loaded = load_space(folder, wait=not no_wait, force=force, progress=RichProgress())
    built = f"built {' and '.join(loaded.built)}" if loaded.built else "its index is up to date"
    recall = f", recall@10 {loaded.recall:.3f} against the exact search" if loaded.recall is not None else ""
    tell(f"{folder}: {loaded.n_concepts:,} concepts verified, {built}{recall}; neighbors come from the store '{loaded.store}'")
    if loaded.note:
        tell(f"the exact scan serves because {loaded.note}")
