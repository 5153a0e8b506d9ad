"""`generel neighbors`: what is nearest to a concept or a text."""

from collections.abc import Iterator
from pathlib import Path

import click

from generel.cli.output import Record, format_option, tell, write_records
from generel.cli.percentiles import percentile_of
from generel.cli.queries import (
    Asking,
    as_option,
    asked,
    exact_option,
    file_option,
    k_option,
    kind_option,
    space_option,
    tell_if_far,
)
from generel.cli.server_option import server_options
from generel.index.server_connection import Server
from generel.query.neighbors import Wanted, find_neighbors, kinds_of_answers, read_relation
from generel.query.records import Neighbor
from generel.query.space import EmbeddingSpace

COLUMNS = ("rank", "cosine", "percentile", "curie", "kind", "name")


@click.command(short_help="Find what is nearest to a concept or a text.")
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@file_option
@space_option
@kind_option
@click.option("--relation", metavar="NAME", help="Only answers that this relation can join to the query, such as 'treats', ranked by what is known of that relation.")
@click.option("--exclude-known", is_flag=True, help="Leave out what the evidence ties to the query already; with --relation, by that relation.")
@click.option("--min-score", type=click.FloatRange(-1, 1), metavar="COSINE", help="Only answers with at least this cosine.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="How many of the best answers to pass over.")
@as_option
@k_option
@exact_option
@server_options
@format_option
def neighbors(
    queries: tuple[str, ...], file: Path | None, space: str | None, kinds: tuple[str, ...], relation: str | None, exclude_known: bool,
    min_score: float | None, offset: int, as_kind: str | None, k: int, exact: bool, server: Server | None, format: str,
) -> None:
    """The concepts nearest to each QUERY: a CURIE, rsID, symbol, name, or any text.

    The percentile says how many of a hundred random pairs of the same two kinds are less alike. Concepts that are often an answer are
    ranked a little higher, as the space has learned, so cosines need not fall from line to line. Without a QUERY, or
    with '-', queries are read from standard input, one a line.

    A relation is read in the direction that fits the query: what a drug treats, or what treats a disease. Its answers are ranked by all that
    told them on held-out relations: besides cosine and popularity, what concepts near the query, and those that share its ties, are known
    for, and how like an answer is to those known already.

    Example: generel neighbors metformin --relation treats --exclude-known -k 5
    """
    wanted = Wanted(k, offset, kinds or None, read_relation(relation), exclude_known, min_score)
    asking = Asking(queries, file)
    # Not closed: closing the vector index would make the next call slower (see generel.index.edge).
    opened = EmbeddingSpace.open(space, exact=exact, qdrant=server)
    write_records(_answers(opened, asking, wanted, as_kind=as_kind), format=format, columns=asking.columns(*COLUMNS))
    if opened.note:
        tell(f"neighbors come from the exact scan: {opened.note}")
    asking.leave()


def _answers(space: EmbeddingSpace, asking: Asking, wanted: Wanted, *, as_kind: str | None) -> Iterator[Record]:
    for resolved in asking.resolved(space, as_kind=as_kind, check=lambda each: kinds_of_answers(each.concept, wanted)):
        for each, found in zip(resolved, find_neighbors(space, resolved, wanted), strict=True):
            # Only the first page of all kinds shows the nearest concept of all.
            if each.is_text and not asking.several and not (wanted.offset or wanted.kinds or wanted.relation):
                tell_if_far(space, each.query, max((neighbor.cosine for neighbor in found), default=None))
            yield from ({**asked(each), **to_record(neighbor, space, asking_kind=each.concept.kind)} for neighbor in found)


def to_record(neighbor: Neighbor, space: EmbeddingSpace, *, asking_kind: str) -> Record:
    """A neighbor of a concept of that kind, as columns."""
    concept = neighbor.concept
    random_pairs = space.percentiles.between(asking_kind, concept.kind)
    percentile = percentile_of(neighbor.percentile, n_pairs=random_pairs.n_pairs if random_pairs else None)
    return {
        "rank": neighbor.rank, "cosine": neighbor.cosine, "percentile": percentile, "curie": concept.curie,
        "kind": concept.kind, "name": concept.name,
    }
