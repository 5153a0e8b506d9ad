"""A space's vectors in one file that another program reads: Parquet, AnnData, or word2vec's text.

Vectors pass through in blocks, so a space larger than memory can be written. The file takes its name when it is complete.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from generel.apps.exports.credits import credits, credits_of, write_credits
from generel.concepts.atomic import write_beside
from generel.concepts.errors import BadInput, MissingExtra
from generel.concepts.progress import SILENT, Progress
from generel.query.frames import count_concepts, read_frames, schema_of

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

# What AnnData calls its layout of a plain array; its reader refuses others.
ARRAY = {"encoding-type": "array", "encoding-version": "0.2.0"}
Frames = Iterator[pl.DataFrame]
Write = Callable[["EmbeddingSpace", Frames, int, Path], None]


def write_parquet(space: "EmbeddingSpace", frames: Frames, n: int, path: Path) -> None:
    """One row a concept: curie, kind, name, and vector, a list of fixed size; the credits are in the file's metadata, too."""
    from polars.io.plugins import register_io_source

    def read(with_columns: object, predicate: object, n_rows: object, batch_size: object) -> Frames:
        # The sink asks for all columns of all rows.
        return frames

    metadata = {"generel.space": space.manifest.name, "generel.credits": credits(space.manifest, n_added=len(space.added))}
    register_io_source(read, schema=schema_of(space)).sink_parquet(path, compression="zstd", metadata=metadata, maintain_order=True)


def write_word2vec(space: "EmbeddingSpace", frames: Frames, n: int, path: Path) -> None:
    """word2vec's text, which gensim's `KeyedVectors.load_word2vec_format` reads: a line of counts, then CURIE and numbers of each concept.

    Source of the format: Mikolov et al., the word2vec program, 2013.
    """
    with path.open("wb") as stream:
        stream.write(f"{n} {space.manifest.dims}\n".encode())
        for frame in frames:
            frame.select("curie", *numbers(space)).write_csv(stream, include_header=False, separator=" ", quote_style="never")


def write_anndata(space: "EmbeddingSpace", frames: Frames, n: int, path: Path) -> None:
    """An .h5ad file: X holds the vectors, obs the kind and name of each CURIE, uns the credits.

    Raises:
        MissingExtra: anndata is not installed.
    """
    try:
        import anndata
        import h5py
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "anndata", "cells", "writing AnnData") from error
    described: list[pl.DataFrame] = []
    with h5py.File(path, "w") as file:
        anndata.io.write_elem(file, "/", anndata.AnnData(uns={"space": space.manifest.name, "credits": credits(space.manifest, n_added=len(space.added))}))
        for name in ("X", "obs", "var"):
            if name in file:
                del file[name]
        matrix = file.create_dataset("X", shape=(n, space.manifest.dims), dtype="<f4", chunks=(max(1, min(n, 1024)), space.manifest.dims))
        matrix.attrs.update(ARRAY)
        done = 0
        for frame in frames:
            matrix[done : done + frame.height] = frame["vector"].to_numpy()
            described.append(frame.drop("vector"))
            done += frame.height
        rows = pl.concat([pl.DataFrame(schema=["curie", "kind", "name"]).cast(pl.String), *described])
        obs = pd.DataFrame({"kind": pd.Categorical(rows["kind"].to_list()), "name": rows["name"].to_list()}, index=pd.Index(rows["curie"].to_list(), name="curie", dtype=str))
        anndata.io.write_elem(file, "obs", obs)
        anndata.io.write_elem(file, "var", pd.DataFrame(index=pd.Index([str(at) for at in range(space.manifest.dims)], dtype=str)))


def numbers(space: "EmbeddingSpace") -> list[pl.Expr]:
    """The vector as one column a dimension, each with as many digits as bring the very number back."""
    return [pl.col("vector").arr.get(at).alias(str(at)) for at in range(space.manifest.dims)]


WRITERS: dict[str, Write] = {"parquet": write_parquet, "anndata": write_anndata, "word2vec": write_word2vec}


def export_file(space: "EmbeddingSpace", out: Path, *, to: str, kinds: Collection[str] | None = None, progress: Progress = SILENT) -> int:
    """Write the vectors of a space, or of some kinds of it, to `out`, and its credits beside; gives back how many there are.

    Args:
        to: of WRITERS.

    Raises:
        BadInput: the space has no concept of these kinds.
    """
    n = count(space, kinds)
    write_credits(credits_of(out), space.manifest, n_added=len(space.added))
    with write_beside(out) as temporary:
        WRITERS[to](space, read_frames(space, kinds, progress=progress), n, temporary)
    return n


def count(space: "EmbeddingSpace", kinds: Collection[str] | None) -> int:
    """How many concepts of these kinds there are.

    Raises:
        BadInput: none.
    """
    n = count_concepts(space, kinds)
    if not n:
        raise BadInput(f"the space '{space.manifest.name}' has no concept of kind {', '.join(kinds or ())}; it has {', '.join(space.kinds())}")
    return n
