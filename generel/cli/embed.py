"""`generel embed`: the vectors themselves."""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from generel.cli.output import FOLDER_IS_MADE, Record, count, format_option, tell, write_records
from generel.cli.queries import Asking, as_option, space_option
from generel.concepts.atomic import write_beside
from generel.query.records import TEXT, Concept, Resolved
from generel.query.space import EmbeddingSpace, Floats

COLUMNS = ("query", "taken_as", "kind", "name", "vector")
SHOWN_IN_TABLE = 4
Part = tuple[list[Resolved], Floats]


@click.command(short_help="Write the vectors of concepts and texts.")
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@space_option
@as_option
@click.option("--as-text", is_flag=True, help="Embed each QUERY by its words, even if it names a concept.")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help=f"Write a .npy matrix or a .parquet table instead. {FOLDER_IS_MADE}")
@format_option
def embed(queries: tuple[str, ...], space: str | None, as_kind: str | None, as_text: bool, out: Path | None, format: str) -> None:
    """The vector of each QUERY: the stored one of the concept it names, else that of its words.

    A .npy file has one row a query, in order; a .parquet file also says what each query was taken as. Without a QUERY,
    or with '-', queries are read from standard input, one a line.

    Example: generel embed warfarin "blood thinner" --out vectors.npy
    """
    if out is not None and out.suffix not in (".npy", ".parquet"):
        raise click.UsageError(f"--out {out}: the name must end in .npy or .parquet")
    asking = Asking(queries)
    with EmbeddingSpace.open(space) as opened:
        parts = _parts(opened, asking, as_kind=as_kind, as_text=as_text)
        if out is None:
            write_records(_records(parts, format), format=format, columns=COLUMNS)
        else:
            _write(list(parts), out, dims=opened.manifest.dims)
    asking.leave()


def _parts(space: EmbeddingSpace, asking: Asking, *, as_kind: str | None, as_text: bool) -> Iterator[Part]:
    if as_text:
        resolved = [Resolved(text, Concept("", TEXT, text), -1, TEXT) for text in asking.texts()]
        yield resolved, space.vectors_of(resolved)
        return
    for resolved in asking.resolved(space, as_kind=as_kind):
        yield resolved, space.vectors_of(resolved)


def _records(parts: Iterator[Part], format: str) -> Iterator[Record]:
    for resolved, vectors in parts:
        for each, vector in zip(resolved, vectors.tolist(), strict=True):
            shown = [*vector[:SHOWN_IN_TABLE], "…"] if format == "table" and len(vector) > SHOWN_IN_TABLE else vector
            yield {**_describe(each), "vector": shown}


def _describe(each: Resolved) -> Record:
    return {"query": each.query, "taken_as": each.concept.curie or TEXT, "kind": each.concept.kind, "name": each.concept.name}


def _write(parts: list[Part], out: Path, *, dims: int) -> None:
    vectors = np.concatenate([np.empty((0, dims), np.float32), *(vectors for _, vectors in parts)])
    described = [_describe(each) for resolved, _ in parts for each in resolved]
    with write_beside(out) as temporary:
        if out.suffix == ".npy":
            with temporary.open("wb") as stream:
                np.save(stream, vectors)
        else:
            _write_parquet(described, vectors, temporary)
    tell(f"wrote {count(len(vectors), 'vector')} of {vectors.shape[1]} numbers to {out}")


def _write_parquet(described: list[Record], vectors: Floats, path: Path) -> None:
    import polars as pl

    text = dict.fromkeys(COLUMNS[:-1], pl.String)
    vector = pl.Series("vector", vectors, dtype=pl.Array(pl.Float32, vectors.shape[1])).cast(pl.List(pl.Float32))
    pl.DataFrame(described, schema=text).with_columns(vector).write_parquet(path)
