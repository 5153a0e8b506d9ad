"""`generel lookup`: which concepts a text may mean."""

from collections.abc import Iterator

import click

from generel.cli.output import Record, format_option, tell, write_records
from generel.cli.queries import Asking, k_option, kind_option, space_option
from generel.query.space import EmbeddingSpace

COLUMNS = ("curie", "kind", "name", "how", "matched", "score")


@click.command(short_help="Find the concepts that a text may mean.")
@click.argument("queries", nargs=-1, metavar="[TEXT]...")
@space_option
@kind_option
@k_option
@format_option
def lookup(queries: tuple[str, ...], space: str | None, kinds: tuple[str, ...], k: int, format: str) -> None:
    """The concepts that each TEXT may mean, best first, and how each was found.

    Found by identifier, identifier of another database, name, synonym, the beginning of a name, or a name that is
    spelled much like it. Without a TEXT, or with '-', texts are read from standard input, one a line.

    Example: generel lookup "heart attck"
    """
    asking = Asking(queries)
    with EmbeddingSpace.open(space) as opened:
        records = _answers(opened, asking, k=k, kinds=kinds or None)
        write_records(records, format=format, columns=asking.columns(*COLUMNS, resolved=False))


def _answers(space: EmbeddingSpace, asking: Asking, *, k: int, kinds: tuple[str, ...] | None) -> Iterator[Record]:
    for text in asking.texts():
        matches = space.lookup(text, k, kinds)
        if not matches:
            tell(f"nothing in the space '{space.manifest.name}' is called anything like '{text}'")
        for match in matches:
            concept = match.concept
            yield {
                "query": text, "curie": concept.curie, "kind": concept.kind, "name": concept.name, "how": match.how,
                "matched": match.matched, "score": match.score,
            }
