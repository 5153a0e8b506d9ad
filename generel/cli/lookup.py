"""`generel lookup`: which concepts a text may mean."""

from collections.abc import Iterator
from pathlib import Path

import click

from generel.cli.output import Record, format_option, tell, write_records
from generel.cli.queries import Asking, file_option, k_option, kind_option, space_option, tell_if_far
from generel.query.space import EmbeddingSpace

COLUMNS = ("curie", "kind", "name", "how", "matched", "score")


@click.command(short_help="Find the concepts that a text may mean.")
@click.argument("queries", nargs=-1, metavar="[TEXT]...")
@space_option
@kind_option
@k_option
@click.option("--meaning/--no-meaning", "by_meaning", default=None, help="Also, or never, find by meaning; else only where no name is much like TEXT.")
@file_option
@format_option
def lookup(
    queries: tuple[str, ...], space: str | None, kinds: tuple[str, ...], k: int, by_meaning: bool | None, file: Path | None, format: str
) -> None:
    """The concepts that each TEXT may mean, best first, and how each was found.

    Found by identifier, identifier of another database, name, synonym, the beginning of a name, a name that is
    spelled much like it, or by meaning. Without a TEXT, or with '-', texts are read from standard input, one a line.

    Example: generel lookup "heart attck"
    """
    asking = Asking(queries, file)
    with EmbeddingSpace.open(space) as opened:
        records = _answers(opened, asking, k=k, kinds=kinds or None, by_meaning=by_meaning)
        write_records(records, format=format, columns=asking.columns(*COLUMNS, resolved=False))


def _answers(space: EmbeddingSpace, asking: Asking, *, k: int, kinds: tuple[str, ...] | None, by_meaning: bool | None) -> Iterator[Record]:
    for text in asking.texts():
        matches = space.lookup(text, k, kinds, by_meaning=by_meaning)
        if not matches:
            tell(f"nothing in the space '{space.manifest.name}' is called anything like '{text}'")
        elif by_meaning:
            tell_if_far(space, text, max((match.score for match in matches if match.how == "meaning"), default=None))
        for match in matches:
            concept = match.concept
            yield {
                "query": text, "curie": concept.curie, "kind": concept.kind, "name": concept.name, "how": match.how,
                "matched": match.matched, "score": match.score,
            }
