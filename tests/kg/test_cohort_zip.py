"""OMOP exports in zip files: read as folders are, and refused where they are not to be trusted."""

import tempfile
import zipfile
from pathlib import Path

import polars as pl
import pytest
from test_omop import DIABETES, TABLES, WARFARIN, read, told

from generel.concepts.errors import BadInput, BadTable, NotThere, UnsafeArchive
from kg.cohort.omop_files import open_export
from kg.cohort.omop_tables import EVERY_TABLE
from kg.cohort.zipped import is_zipped


def pack(path: Path, members: dict[str, bytes | str], *, top: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(top + name, data)
    return path


def tables(**more: bytes | str) -> dict[str, bytes | str]:
    return {f"{name}.csv": text for name, text in TABLES.items()} | {name.replace("__", "/"): data for name, data in more.items()}


@pytest.mark.parametrize("top", ["", "our_export/", "a/b/"])
def test_a_zip_file_is_read_as_the_folder_in_it(tmp_path: Path, top: str) -> None:
    """With its tables at the top or in a folder, and with what macOS puts beside them."""
    members = tables() | {"__MACOSX/._PERSON.csv": b"\x00\x05", "readme.txt": "hello"}
    cohort, lost = read(pack(tmp_path / "export.zip", members, top=top))
    assert (told(cohort), cohort.n_patients, lost) == ([DIABETES, WARFARIN], 3, {})


@pytest.mark.parametrize("as_zip", [False, True])
def test_folders_of_parts_are_tables(tmp_path: Path, as_zip: bool) -> None:
    """CONDITION_OCCURRENCE as two Parquet parts in a folder, beside what Spark leaves there, in a folder or a zip file."""
    folder = tmp_path / "export"
    parts = folder / "condition_occurrence.parquet"
    parts.mkdir(parents=True)
    for name, text in TABLES.items():
        if name != "CONDITION_OCCURRENCE":
            (folder / f"{name}.csv").write_text(text)
    rows = pl.read_csv(TABLES["CONDITION_OCCURRENCE"].encode(), try_parse_dates=True)
    for number, person in enumerate((8675309, 2)):
        rows.with_columns(person_id=pl.lit(person)).write_parquet(parts / f"part-{number}.parquet")
    (parts / "_SUCCESS").touch()
    (parts / ".part-0.parquet.crc").write_bytes(b"x")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    cohort, _ = read(pack(tmp_path / "export.zip", files) if as_zip else folder)
    assert cohort.events().select("patient", "code").rows() == [(0, "snomedct:44054006"), (0, "rxnorm:11289"), (2, "snomedct:44054006")]
    assert told(cohort) == [DIABETES, DIABETES, WARFARIN]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../PERSON.csv", "would land outside its folder"), ("/etc/PERSON.csv", "would land outside its folder"), ("a/../../PERSON.csv", "would land outside"),
        ("C:/PERSON.csv", "would land outside"), ("a\\..\\PERSON.csv", "would land outside"),
    ],
)
def test_a_path_that_leaves_the_archive_condemns_it(tmp_path: Path, name: str, message: str) -> None:
    """Even where the member is none that is wanted."""
    with pytest.raises(UnsafeArchive, match=message):
        read(pack(tmp_path / "export.zip", {**tables(), name: "x"}))
    assert [path.name for path in tmp_path.iterdir()] == ["export.zip"]


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    """A table of twenty million blanks in twenty kilobytes is not unpacked to its end, whatever its header says."""
    blanks = " " * 20_000_000
    with pytest.raises(UnsafeArchive, match="unpacks to far more than its size allows"):
        read(pack(tmp_path / "export.zip", tables(**{"MEASUREMENT.csv": blanks})))


def test_links_and_doubles_are_refused(tmp_path: Path) -> None:
    """A member that is a symbolic link, and two members of one path."""
    link = zipfile.ZipInfo("PERSON.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeArchive, match="is a link or a device"):
        read(tmp_path / "link.zip")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        for _ in range(2):
            archive.writestr("PERSON.csv", TABLES["PERSON"])
    with pytest.raises(UnsafeArchive, match=r"two members 'PERSON\.csv'"):
        read(tmp_path / "twice.zip")


def test_damaged_and_foreign_archives_are_refused(tmp_path: Path) -> None:
    """One cut short, and one that holds no table."""
    whole = pack(tmp_path / "export.zip", tables()).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"cut\.zip cannot be unpacked"):
        read(tmp_path / "cut.zip")
    with pytest.raises(BadInput, match="holds none of the tables"):
        read(pack(tmp_path / "other.zip", {"readme.txt": "hello"}))


def test_a_table_twice_in_an_archive_is_refused(tmp_path: Path) -> None:
    """As CSV and compressed; which is meant cannot be told."""
    with pytest.raises(BadTable, match=r"export\.zip has the table PERSON more than once: PERSON\.csv, person\.csv\.gz"):
        read(pack(tmp_path / "export.zip", tables(**{"person.csv.gz": b"x"})))


def test_what_was_unpacked_is_removed_even_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private folder, which only its owner can read, goes with the context."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    archive = pack(tmp_path / "export.zip", tables())
    with pytest.raises(RuntimeError, match="broke off"), open_export(archive, EVERY_TABLE) as export:
        folder = export.require("PERSON").parent
        assert folder.stat().st_mode & 0o777 == 0o700
        raise RuntimeError("broke off")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_is_no_export_is_named(tmp_path: Path) -> None:
    """Nothing there, or a file that is neither a folder nor a zip file."""
    (tmp_path / "file").write_text("hello")
    assert not is_zipped(tmp_path / "file")
    for name in ("gone", "file"):
        with pytest.raises(NotThere, match=f"{name} is no folder"):
            read(tmp_path / name)
