"""`generel relatedness`: how alike two concepts or texts are, for one pair or a file of them."""

import sys
from pathlib import Path

import click

from generel.cli.output import Record, format_option, tell, write_records
from generel.cli.queries import STDIN, space_option
from generel.concepts.errors import NotThere, UnknownConcept
from generel.query.records import Relatedness
from generel.query.space import EmbeddingSpace


@click.command(short_help="Say how alike two concepts or texts are.")
@click.argument("queries", nargs=-1, metavar="[A B]")
@click.option("--pairs", metavar="FILE", help="Tab-separated file with columns 'left' and 'right', one pair a line; '-' for standard input.")
@space_option
@format_option
def relatedness(queries: tuple[str, ...], pairs: str | None, space: str | None, format: str) -> None:
    """How alike A and B are: CURIEs, rsIDs, symbols, names, or any text.

    Besides the cosine: its percentile among random pairs of the same two kinds, and the p-value that goes with it. With
    --pairs, every pair of a file gets a line; one with a name that is not in the space gets no numbers and says why.

    Example: generel relatedness warfarin VKORC1
    """
    if (pairs is None) != (len(queries) == 2) or (pairs is not None and queries):
        raise click.UsageError("give two queries, or a file of pairs with --pairs")
    with EmbeddingSpace.open(space) as opened:
        if pairs is None:
            _relate_two(opened, *queries, format=format)
        else:
            _relate_file(opened, pairs, format=format)


def _relate_two(space: EmbeddingSpace, a: str, b: str, *, format: str) -> None:
    resolved = [space.resolve(query) for query in (a, b)]
    for each in resolved:
        if each.note:
            tell(each.note)
    write_records([to_record(space.relatedness(*resolved))], format=format)


def to_record(related: Relatedness) -> Record:
    """The relatedness of two concepts as columns."""
    left, right = related.left, related.right
    return {
        "left_curie": left.curie, "left": left.name, "right_curie": right.curie, "right": right.name, "cosine": related.cosine,
        "percentile": related.percentile, "p_value": related.p_value,
    }


def _relate_file(space: EmbeddingSpace, file: str, *, format: str) -> None:
    # Only this way through the command needs polars, which costs 0.3 s.
    from generel.query.pairs import read_pairs

    content = sys.stdin.buffer.read() if file == STDIN else _read(Path(file))
    scored = space.relatedness_of_pairs(read_pairs(content, name=file))
    write_records(scored.iter_rows(named=True), format=format, columns=scored.columns)
    if n_failed := scored["cosine"].null_count():
        tell(f"{n_failed:,} of {scored.height:,} pairs have no score; the column 'note' says why")
        click.get_current_context().exit(UnknownConcept.exit_code)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotThere(f"there is no file {path} with pairs") from error
