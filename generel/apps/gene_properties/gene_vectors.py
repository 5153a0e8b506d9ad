"""Vectors of genes that a user has, such as those learned from expression: Gene2Vec's text format, or a Parquet table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.apps.gene_names import GeneNames, NamedGenes
from generel.concepts.errors import BadTable, NotThere

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class GivenVectors:
    """Vectors by row of a space: `rows` ascending, `vectors` (len(rows), dims) unit norm."""

    rows: NDArray[np.int64]
    vectors: Floats

    def of(self, named: NamedGenes) -> Floats:
        """(genes, dims) zeros where there is no vector."""
        found = np.zeros((len(named.rows), self.vectors.shape[1]), dtype=np.float32)
        places = np.minimum(np.searchsorted(self.rows, named.rows), len(self.rows) - 1)
        given = self.rows[places] == named.rows
        found[given] = self.vectors[places[given]]
        return found


def read_gene_vectors(path: Path, names: GeneNames) -> GivenVectors:
    """The vectors of the genes that the space has; of a gene that stands there twice, the first.

    A `.parquet` file has a column of text with the genes and either one column of lists or several of numbers. Any other file is text: a gene
    and its numbers a line, between blanks or tabs, with or without a first line that says how many there are (word2vec, Gene2Vec).

    Raises:
        NotThere: no file at `path`.
        BadTable: neither of these, vectors of unequal length, or numbers that are none.
        BadInput: no gene is in the space.
    """
    if not path.is_file():
        raise NotThere(f"{path} is not there; it should hold vectors of genes")
    genes, vectors = _read_parquet(path) if path.suffix == ".parquet" else _read_text(path)
    if not np.isfinite(vectors).all():
        gene = genes[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
        raise BadTable(f"{path} has vectors with numbers that are none (NaN or infinite), the first of {gene}; leave these genes out")
    named = names.find(genes)
    named.require_some(where=str(path))
    places = np.flatnonzero(named.known)
    rows, first = np.unique(named.rows[places], return_index=True)
    own = vectors[places[first]]
    return GivenVectors(rows, (own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-12)).astype(np.float32))


def _read_parquet(path: Path) -> tuple[list[str], Floats]:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadTable(f"{path} cannot be read as Parquet ({error})") from error
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List | pl.Array)]
    numbers = [name for name, kind in frame.schema.items() if kind.is_float()]
    if not texts or not (lists or numbers) or not frame.height:
        raise BadTable(f"{path} should have rows with a column of text with genes, and a column of lists or columns of numbers; it has {frame.height:,} rows of {frame.schema}")
    if lists:
        lengths = frame[lists[0]].list.len() if isinstance(frame.schema[lists[0]], pl.List) else pl.Series([1])
        if lengths.n_unique() != 1:
            sizes = lengths.to_numpy()
            raise BadTable(f"{path} has vectors of {sizes.min()} to {sizes.max()} numbers; they must be equally long")
        return frame[texts[0]].to_list(), np.array(frame[lists[0]].to_list(), dtype=np.float32)
    return frame[texts[0]].to_list(), frame.select(numbers).to_numpy().astype(np.float32)


def _read_text(path: Path) -> tuple[list[str], Floats]:
    try:
        lines = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise BadTable(f"{path} is not text in UTF-8 ({error}); give word2vec's text format, or a .parquet") from error
    # word2vec's text begins with the numbers of words and dimensions.
    body = lines[1:] if lines and len(lines[0]) == 2 and all(part.isdigit() for part in lines[0]) else lines
    lengths = sorted({len(line) for line in body})
    if len(lengths) != 1 or lengths[0] < 2:
        raise BadTable(f"{path} should hold a gene and its numbers a line, equally many on each; it has lines of {' or '.join(map(str, lengths)) or 'no'} words")
    try:
        return [line[0] for line in body], np.array([line[1:] for line in body], dtype=np.float32)
    except ValueError as error:
        raise BadTable(f"{path} has a word where a number should be ({error})") from error
