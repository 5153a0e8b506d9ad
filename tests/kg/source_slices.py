"""The slices in tests/data: read as a source reads its files, and compared with the tables expected of them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from generel.concepts.tables import TABLES, check
from kg.harvest import Harvest
from kg.sources.record import Source
from kg.sources.registry import SOURCES

DATA = Path(__file__).parents[1] / "data"
# Folders in which a source's files lie where they belong to another one.
BORROWED = {"chebi": ("chebi", "drugbank", "mesh"), "drug_names": ("drug_names", "drugbank"), "disease_names": ("disease_names", "mesh")}


def files_of(name: str) -> dict[str, Path]:
    """The slice's files by the name the reader calls them."""
    folders = [DATA / folder for folder in BORROWED.get(name, (name,))]
    return {file.name: next(folder / file.name for folder in folders if (folder / file.name).exists()) for file in SOURCES[name].files}


def read(source: Source, files: Mapping[str, Path]) -> Harvest:
    """What the source reads, after checks that every table is one of its schema and that nothing is without a source."""
    harvest = source.read(files, source)
    for name in (*source.gives, "SET_ASIDE"):
        frame = getattr(harvest, name.lower())
        assert set(frame["source"]) <= {source.name}
        check(frame, TABLES[name])
    return harvest


def assert_as_expected(name: str) -> None:
    """Every table of the slice's harvest equals its `expected_*.tsv`, line by line."""
    harvest = read(SOURCES[name], files_of(name))
    for table in (*SOURCES[name].gives, "SET_ASIDE"):
        expected = (DATA / name / f"expected_{table.lower()}.tsv").read_text(encoding="utf-8").splitlines()
        frame = check(getattr(harvest, table.lower()), TABLES[table])
        assert list(lines_of(frame)) == expected


def lines_of(frame: pl.DataFrame) -> Iterable[str]:
    """The header and the rows, tabs between fields; lists with '|' between items, nothing for null."""
    yield "\t".join(frame.columns)
    for row in frame.iter_rows():
        yield "\t".join("|".join(field) if isinstance(field, list) else "" if field is None else str(field) for field in row)


def keys_of(harvest: Harvest, table: str) -> dict[str, int]:
    """How often each key of a table was set aside."""
    rows = harvest.set_aside.filter(pl.col("table") == table).group_by("key").agg(pl.col("n").sum())
    return dict(rows.iter_rows())


def numbered_rows(path: Path, *, comment: str = "", has_header: bool = True) -> list[tuple[int, list[str]]]:
    """(line number, fields) of a file's rows, by a plain loop; fields are stripped."""
    rows = []
    for number, line in enumerate(path.read_bytes().decode("utf-8-sig", "replace").split("\n"), start=1):
        if line.strip() and not (comment and line.startswith(comment)):
            rows.append((number, [field.strip() for field in line.removesuffix("\r").split("\t")]))
    return rows[1:] if has_header else rows
