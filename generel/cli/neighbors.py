"""`generel neighbors`: what is nearest to a concept or a text."""

from collections.abc import Iterator

import click

from generel.cli.output import Record, format_option, tell, write_records
from generel.cli.queries import Asking, as_option, asked, exact_option, k_option, kind_option, space_option
from generel.query.records import Neighbor
from generel.query.space import EmbeddingSpace

COLUMNS = ("rank", "cosine", "percentile", "curie", "kind", "name")


@click.command(short_help="Find what is nearest to a concept or a text.")
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@space_option
@kind_option
@as_option
@k_option
@exact_option
@format_option
def neighbors(queries: tuple[str, ...], space: str | None, kinds: tuple[str, ...], as_kind: str | None, k: int, exact: bool, format: str) -> None:
    """The concepts nearest to each QUERY: a CURIE, rsID, symbol, name, or any text.

    The percentile says how many of a hundred random pairs of the same two kinds are less alike. Without a QUERY, or
    with '-', queries are read from standard input, one a line.

    Example: generel neighbors rs4149056 --kind drug -k 5
    """
    asking = Asking(queries)
    # Not closed: closing the vector index would make the next call slower (see generel.index.edge).
    opened = EmbeddingSpace.open(space, exact=exact)
    records = _answers(opened, asking, k=k, kinds=kinds or None, as_kind=as_kind)
    write_records(records, format=format, columns=asking.columns(*COLUMNS))
    if opened.note:
        tell(f"neighbors come from the exact scan: {opened.note}")
    asking.leave()


def _answers(space: EmbeddingSpace, asking: Asking, *, k: int, kinds: tuple[str, ...] | None, as_kind: str | None) -> Iterator[Record]:
    for resolved in asking.resolved(space, as_kind=as_kind):
        for each, found in zip(resolved, space.neighbors_of_many(resolved, k, kinds), strict=True):
            yield from ({**asked(each), **to_record(neighbor)} for neighbor in found)


def to_record(neighbor: Neighbor) -> Record:
    """A neighbor as columns."""
    concept = neighbor.concept
    return {
        "rank": neighbor.rank, "cosine": neighbor.cosine, "percentile": neighbor.percentile, "curie": concept.curie,
        "kind": concept.kind, "name": concept.name,
    }
