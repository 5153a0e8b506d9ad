"""Where the tables of an OMOP export lie: in a folder, in a zip file, or each at a place of its own.

Names of files may be in any case, `CONDITION_OCCURRENCE.csv`, `person.csv.gz`, and a table may be a folder of Parquet parts.
A zip file is not trusted: see `kg.cohort.zipped`.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

import polars as pl

from generel.concepts.errors import BadTable, NotThere
from kg.cohort.table_files import ENDINGS, UNREADABLE, check_columns, is_parquet, scan_table, without_rows
from kg.cohort.zipped import is_zipped, unzip


@dataclass(frozen=True)
class Export:
    """The tables of an export: what to call it in messages, and the paths of each table by its name in capitals."""

    place: str
    paths: Mapping[str, Sequence[Path]]

    @classmethod
    def of_folder(cls, folder: Path, tables: Sequence[str], *, place: str = "") -> "Export":
        """The tables in a folder.

        Raises:
            NotThere: no such folder.
        """
        if not folder.is_dir():
            raise NotThere(f"{folder} is no folder; it should hold the tables of an OMOP export")
        entries = sorted(folder.iterdir())
        return cls(place or str(folder), {table: [path for path in entries if _table_of(path, is_folder=path.is_dir()) == table] for table in tables})

    def find(self, table: str) -> Path | None:
        """The file, or folder of parts, of a table; None if there is none.

        Raises:
            BadTable: there are several.
        """
        found = self.paths.get(table, [])
        if len(found) > 1:
            raise BadTable(f"{self.place} has the table {table} more than once: {', '.join(path.name for path in found)}; keep one")
        return found[0] if found else None

    def require(self, table: str) -> Path:
        """As `find`.

        Raises:
            BadTable: there is none, too.
        """
        path = self.find(table)
        if path is None:
            raise BadTable(f"{self.place} has no {table} (any of {', '.join(ENDINGS)}); an OMOP export has one")
        return path


@contextmanager
def open_export(path: Path, tables: Sequence[str]) -> Iterator[Export]:
    """The export at `path`, a folder or a zip file; what is unzipped for it is removed afterwards.

    Raises:
        NotThere: nothing is there.
        UnsafeArchive, BadInput: a zip file that is not to be trusted, or is damaged.
    """
    if path.is_dir() or not is_zipped(path):
        yield Export.of_folder(path, tables)
        return
    # The folder is nobody else's to read.
    with tempfile.TemporaryDirectory(prefix="generel-omop-") as folder:
        unzip(path, Path(folder), wanted=lambda member: _is_of(member, tables))
        yield Export.of_folder(Path(folder), tables, place=str(path))


def collect_columns(
    export: Export, table: str, columns: Mapping[str, pl.Expr], *, needs: Sequence[str], ids: pl.Series | None = None
) -> pl.DataFrame:
    """The columns of a table that fits into memory, in the order of the file's rows.

    Args:
        columns: by the name they get, how they are made of the file's, whose names are in lower case.
        needs: the file's columns that have to be there.
        ids: keeps the rows whose `id` is among them.

    Raises:
        BadTable: no such table, columns missing, or a file that cannot be read; the message quotes no row.
    """
    path = export.require(table)
    with without_rows(path):
        frame = scan_table(path)
        check_columns(frame, path=path, needs=needs)
        frame = frame.select(**columns)
        if ids is not None:
            frame = frame.filter(pl.col("id").is_in(ids.implode()))
        # As in `select_batches`.
        return frame.collect(engine="streaming", optimizations=pl.QueryOptFlags(projection_pushdown=is_parquet(path)))


def has_rows(export: Export, table: str) -> bool:
    """Whether the table is there and has a row; one that cannot be read counts as one that has."""
    path = export.find(table)
    try:
        return path is not None and scan_table(path).head(1).collect().height > 0
    except UNREADABLE:
        return True


def count_rows(export: Export, table: str) -> int:
    """The number of rows; 0 if there is no such table.

    Raises:
        BadTable: the file cannot be read.
    """
    path = export.find(table)
    try:
        return int(scan_table(path, ragged=True).select(pl.len()).collect().item()) if path else 0
    except UNREADABLE:
        raise BadTable(f"{path} cannot be read; export it anew, or leave the file out") from None


def _table_of(path: PurePath, *, is_folder: bool) -> str:
    """The table in capitals that a file or folder is called by: `person.csv.gz`, `PERSON.parquet`, a folder `person`; else empty."""
    name = path.name.lower()
    ending = max((each for each in ENDINGS if name.endswith(each)), key=len, default="")
    return name.removesuffix(ending).upper() if ending or (is_folder and not path.suffix) else ""


def _is_of(member: PurePath, tables: Sequence[str]) -> bool:
    """Whether a member of an archive is the file of a table, or a part in its folder."""
    return _table_of(member, is_folder=False) in tables or _table_of(member.parent, is_folder=True) in tables
