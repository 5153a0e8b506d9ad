"""`generel relatedness`: how alike two concepts or texts are, for one pair or a file of them."""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generel.cli.output import FOLDER_IS_MADE, Record, count, format_option, tell, write_records
from generel.cli.percentiles import percentile_of
from generel.cli.queries import STDIN, space_option
from generel.query.records import Relatedness
from generel.query.space import EmbeddingSpace

if TYPE_CHECKING:
    import polars as pl

    from generel.query.pair_files import PairFile

OUT = (".tsv", ".csv", ".parquet")


@click.command(short_help="Say how alike two concepts or texts are.")
@click.argument("queries", nargs=-1, metavar="[A B]")
@click.option("--pairs", metavar="FILE", help="TSV, CSV or Parquet file with columns 'left' and 'right', one pair a row; '-' for standard input.")
@click.option("--pairs-format", type=click.Choice(("tsv", "csv", "parquet")), help="What FILE is, where its name does not say; else TSV.")
@click.option("--keep-going", is_flag=True, help="Score the others where pairs mean nothing: these get no numbers and say why in the column 'note'.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help=f"Write a .tsv, .csv or .parquet file instead. {FOLDER_IS_MADE}")
@space_option
@format_option
def relatedness(
    queries: tuple[str, ...], pairs: str | None, pairs_format: str | None, keep_going: bool, out: Path | None, space: str | None, format: str
) -> None:
    """How alike A and B are: CURIEs, rsIDs, symbols, names, or any text.

    Besides the cosine: its percentile among random pairs of the same two kinds, and the p-value that goes with it. With
    --pairs, every pair of a file gets a line, in order; pairs are read and written in parts, so a file may be of any length.

    Example: generel relatedness warfarin VKORC1
    """
    if (pairs is None) != (len(queries) == 2) or (pairs is not None and queries):
        raise click.UsageError("give two queries, or a file of pairs with --pairs")
    if pairs is None and (out or pairs_format or keep_going):
        raise click.UsageError("--out, --pairs-format and --keep-going go with --pairs")
    if out is not None and out.suffix not in OUT:
        raise click.UsageError(f"--out {out}: the name must end in {', '.join(OUT)}")
    with EmbeddingSpace.open(space) as opened:
        if pairs is None:
            _relate_two(opened, *queries, format=format)
        else:
            with _file(pairs, pairs_format) as file:
                _relate_file(opened, file, keep_going=keep_going, out=out, format=format)


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
        "percentile": percentile_of(related.percentile, p_value=related.p_value), "p_value": related.p_value,
    }


@contextmanager
def _file(pairs: str, format: str | None) -> "Iterator[PairFile]":
    """The file of pairs; what comes on stdin is put into one, for it is read twice."""
    # Only this way through the command needs polars, which costs 0.3 s.
    from generel.query.pair_files import PairFile

    if pairs != STDIN:
        yield PairFile.find(Path(pairs), format=format)
        return
    with tempfile.NamedTemporaryFile(prefix="generel-pairs-") as spooled:
        shutil.copyfileobj(sys.stdin.buffer, spooled)
        spooled.flush()
        yield PairFile.find(Path(spooled.name), format=format, name="standard input")


def _relate_file(space: EmbeddingSpace, file: "PairFile", *, keep_going: bool, out: Path | None, format: str) -> None:
    from generel.cli.pair_output import write_parts, write_to_stdout
    from generel.cli.progress import RichProgress
    from generel.query.pair_files import refuse_bad_pairs, score_file

    progress = RichProgress()
    if not keep_going:
        refuse_bad_pairs(space, file, progress=progress)
    counted = _Counted(score_file(space, file, progress=progress))
    if out is None:
        write_to_stdout(counted, format=format)
    else:
        write_parts(counted, out)
        tell(f"wrote {count(counted.n, 'pair')} to {out}")
    if counted.n_failed:
        tell(f"no score for {counted.n_failed:,} of {count(counted.n, 'pair')}; the column 'note' says why")


class _Counted:
    """The parts, while they pass counted: all pairs, and those without a score."""

    def __init__(self, parts: "Iterable[pl.DataFrame]") -> None:
        self._parts, self.n, self.n_failed = parts, 0, 0

    def __iter__(self) -> "Iterator[pl.DataFrame]":
        for part in self._parts:
            self.n += part.height
            self.n_failed += part["cosine"].null_count()
            yield part
