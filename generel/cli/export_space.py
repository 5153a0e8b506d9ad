"""`generel export vectors|anndata|word2vec|projector|atlas`: a space's vectors, and its map, in formats of other programs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from generel.cli.output import FOLDER_IS_MADE, count, tell
from generel.cli.queries import kind_option, space_option
from generel.query.space import EmbeddingSpace

Command = TypeVar("Command", bound=Callable[..., Any])


def out_option(help: str, *, folder: bool = False, ending: str = "") -> Callable[[Command], Command]:
    """The option --out; with an ending, the file's name must have it, for other programs go by it."""

    def check(ctx: click.Context, parameter: click.Parameter, out: Path) -> Path:
        if ending and out.suffix != ending:
            raise click.BadParameter(f"'{out}' would hold another format than its name says; it must end in {ending}")
        return out

    kind = click.Path(path_type=Path, dir_okay=folder, file_okay=not folder)
    return click.option("--out", required=True, type=kind, callback=check, metavar="FOLDER" if folder else "FILE", help=f"{help} {FOLDER_IS_MADE}")


@click.command(short_help="Write a space's vectors as a Parquet table.")
@out_option("The .parquet file.", ending=".parquet")
@kind_option
@space_option
def vectors(out: Path, kinds: tuple[str, ...], space: str | None) -> None:
    """Write a Parquet table with one row a concept: curie, kind, name, and vector, a list of fixed size.

    Example: generel export vectors --kind gene --out genes.parquet
    """
    _export(out, to="parquet", kinds=kinds, space=space)


@click.command(short_help="Write a space's vectors as an AnnData file.")
@out_option("The .h5ad file.", ending=".h5ad")
@kind_option
@space_option
def anndata(out: Path, kinds: tuple[str, ...], space: str | None) -> None:
    """Write an AnnData file: X holds the vectors, obs the kind and name of each CURIE.

    Example: generel export anndata --kind gene --out genes.h5ad
    """
    _export(out, to="anndata", kinds=kinds, space=space)


@click.command(short_help="Write a space's vectors as word2vec's text.")
@out_option("The text file.")
@kind_option
@space_option
def word2vec(out: Path, kinds: tuple[str, ...], space: str | None) -> None:
    """Write the text format of word2vec, which gensim reads as KeyedVectors; CURIEs stand for the words.

    Example: generel export word2vec --out vectors.txt
    """
    _export(out, to="word2vec", kinds=kinds, space=space)


@click.command(short_help="Write a space for TensorBoard's projector.")
@out_option("Where the files go; an earlier export there is replaced.", folder=True)
@kind_option
@space_option
def projector(out: Path, kinds: tuple[str, ...], space: str | None) -> None:
    """Write vectors.tsv, metadata.tsv and projector_config.pbtxt for TensorBoard's embedding projector.

    Example: generel export projector --kind drug --out projector
    """
    from generel.apps.exports.projector import export_projector
    from generel.cli.progress import RichProgress

    with EmbeddingSpace.open(space) as opened:
        n = export_projector(opened, out.expanduser().resolve(), kinds=kinds or None, progress=RichProgress())
    tell(f"wrote {count(n, 'vector')} to {out}, and their sources and licenses to its README.md")


@click.command(short_help="Write a space's map for Embedding Atlas.")
@out_option("The .parquet file.", ending=".parquet")
@click.option("--neighbors", "n_neighbors", type=click.IntRange(min=0), default=0, show_default=True, help="How many of the nearest concepts stand with each; found by a scan of all vectors.")
@kind_option
@space_option
def atlas(out: Path, n_neighbors: int, kinds: tuple[str, ...], space: str | None) -> None:
    """Write the map as the Parquet table that Embedding Atlas opens: x, y, kind, name, curie, and neighbors where they are asked for.

    Then: embedding-atlas map.parquet --x x --y y --text name

    Example: generel export atlas --out map.parquet --neighbors 10
    """
    from generel.apps.exports.atlas import export_atlas
    from generel.apps.exports.credits import credits_of
    from generel.cli.progress import RichProgress

    with EmbeddingSpace.open(space) as opened:
        n = export_atlas(opened, out, kinds=kinds or None, n_neighbors=n_neighbors, progress=RichProgress())
    tell(f"wrote {count(n, 'concept')} to {out}, and their sources and licenses to {credits_of(out)}")


def _export(out: Path, *, to: str, kinds: tuple[str, ...], space: str | None) -> None:
    from generel.apps.exports.credits import credits_of
    from generel.apps.exports.files import export_file
    from generel.cli.progress import RichProgress

    with EmbeddingSpace.open(space) as opened:
        n = export_file(opened, out, to=to, kinds=kinds or None, progress=RichProgress())
    tell(f"wrote {count(n, 'vector')} to {out}, and their sources and licenses to {credits_of(out)}")
