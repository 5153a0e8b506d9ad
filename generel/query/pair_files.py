"""Tables of pairs in files: read part by part, scored part by part, so that a hundred million pairs fit into little memory.

TSV (quotes mean nothing), CSV (quotes as usual) or Parquet, told by the name. Before anything is scored the whole file is looked through once,
so that all rows that mean nothing are named together, with their lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from generel.concepts.errors import BadTable, NotThere
from generel.concepts.progress import SILENT, Progress
from generel.query.pairs import COLUMNS, NAMED_IN_MESSAGES, PAIRS_AT_ONCE, PairScorer, check_pairs

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

FORMATS = {".tsv": "tsv", ".txt": "tsv", ".tab": "tsv", ".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}


@dataclass(frozen=True)
class PairFile:
    """A file of pairs.

    Attributes:
        format: one of the values of FORMATS.
        name: for messages.
    """

    path: Path
    format: str
    name: str

    @classmethod
    def find(cls, path: Path, *, format: str | None = None, name: str = "") -> "PairFile":
        """The file at `path`, whose format is told by its name unless it is given; anything but .csv and .parquet is TSV.

        Raises:
            NotThere: no such file.
        """
        if not path.is_file():
            raise NotThere(f"{path} is a folder, not a file with pairs" if path.is_dir() else f"there is no file {path} with pairs")
        return cls(path, format or FORMATS.get(path.suffix.lower(), "tsv"), name or str(path))

    def count(self) -> int:
        """How many pairs there are."""
        with _Reading(self):
            return int(self._scan().select(pl.len()).collect().item())

    def parts(self) -> Iterator[pl.DataFrame]:
        """`left` and `right` as text, PAIRS_AT_ONCE at a time.

        Raises:
            BadTable: it is no such table, a column is missing, or cells are empty.
        """
        with _Reading(self):
            parts, seen = self._scan().collect_batches(chunk_size=PAIRS_AT_ONCE, maintain_order=True), 0
            while (part := next(parts, None)) is not None:
                yield check_pairs(part, where=partial(self._where_after, seen))
                seen += part.height

    def where(self, row: int) -> str:
        """How the pair at a position is found again in the file: its line, the header being line 1, or its row."""
        return f"row {row + 1:,}" if self.format == "parquet" else f"line {row + 2:,}"

    def _where_after(self, before: int, row: int) -> str:
        return f"{self.name}, {self.where(before + row)}"

    def _scan(self) -> pl.LazyFrame:
        if self.format == "parquet":
            return pl.scan_parquet(self.path)
        is_tsv = self.format == "tsv"
        return pl.scan_csv(self.path, separator="\t" if is_tsv else ",", quote_char=None if is_tsv else '"', infer_schema=False)


class _Reading:
    """A context in which what polars says of a file is a sentence."""

    def __init__(self, file: PairFile) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, pl.exceptions.PolarsError):
            said = {"tsv": "a tab-separated table with a header", "csv": "a comma-separated table with a header", "parquet": "Parquet"}[self._file.format]
            raise BadTable(f"{self._file.name} cannot be read as {said}: {' '.join(str(error).split())}") from error


def refuse_bad_pairs(space: "EmbeddingSpace", file: PairFile, *, progress: Progress = SILENT) -> None:
    """Nothing, if both ends of every pair mean something.

    Raises:
        BadTable: some do not; their number, and where the first are and why.
    """
    scorer, n_bad, named, seen = PairScorer(space), 0, list[str](), 0
    with progress.task("looking through the pairs", total=file.count()) as advance:
        for part in file.parts():
            bad = scorer.resolve(part).with_row_index("at", offset=seen).filter(pl.any_horizontal(pl.col("left_note", "right_note").is_not_null()))
            n_bad += bad.height
            for at, *notes in bad.select("at", "left_note", "right_note").head(NAMED_IN_MESSAGES - len(named)).iter_rows():
                named.append(f"{file.where(at)}: {'; '.join(filter(None, notes))}")
            seen += part.height
            advance(part.height)
    if n_bad:
        rest = f"; and {n_bad - len(named):,} more" if n_bad > len(named) else ""
        raise BadTable(f"{n_bad:,} of {seen:,} pairs in {file.name} cannot be scored: {'; '.join(named)}{rest}; --keep-going scores the others")


def score_file(space: "EmbeddingSpace", file: PairFile, *, progress: Progress = SILENT) -> Iterator[pl.DataFrame]:
    """What `relate_pairs` says of every pair of the file, in order, part by part; at least one part."""
    scorer, n_parts = PairScorer(space), 0
    with progress.task("scoring pairs", total=file.count()) as advance:
        for part in file.parts():
            yield scorer.score(part)
            n_parts += 1
            advance(part.height)
    if not n_parts:
        yield pl.DataFrame(schema=COLUMNS)
