"""PrimeKG: edges that stand twice, nodes of ten types."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutations import damaged_copies
from plain_lines import Fate, assert_fates, curie_as, mutate_lines, plain_lines
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from generel.concepts.predicates import BY_NAME
from kg.sources import primekg
from kg.sources.primekg import EDGES, FILE, NODES, SOURCE, WITH_ZEROS

RECORDS = {each.edge: each for each in EDGES}
PREFIXES = {(each.type, each.source): each.prefix for each in NODES}
KINDS = {each.type: each.kind for each in NODES}


def curie_of(row: dict[str, str], end: str) -> str | None:
    prefix, identifier = PREFIXES.get((row[f"{end}_type"], row[f"{end}_source"])), row[f"{end}_id"]
    number = identifier.isascii() and identifier.isdecimal() and len(identifier) <= 7
    return curie_as(f"{prefix}:{identifier.zfill(7) if number and prefix in WITH_ZEROS else identifier}", prefix) if prefix else None


def fates_of(path: Path) -> Iterator[Fate]:
    """What becomes of each line, by a plain loop."""
    header, *lines = plain_lines(path)
    names = [name.strip() for name in header.split(",")]
    for line in lines:
        try:
            fields = [field.strip() for field in next(csv.reader([line], strict=True))]
        except csv.Error:
            fields = []
        # A quotation mark inside of a field without them is no comma-separated text, though csv takes it.
        plain = [part for n, part in enumerate(line.replace('""', "").split('"')) if n % 2 == 0]
        proper = line.count('"') % 2 == 0 and all(part.startswith(",") for part in plain[1:]) and all(part.endswith(",") for part in plain[:-1] if part)
        yield _fate(dict(zip(names, fields, strict=True))) if len(fields) == len(names) and proper and "\ufffd" not in line else None


def _fate(row: dict[str, str]) -> Fate:
    edge = f"drug_protein {row['display_relation']}" if row["relation"] == "drug_protein" else row["relation"]
    record, x, y = RECORDS.get(edge), curie_of(row, "x"), curie_of(row, "y")
    if not record or not x or not y or x == y or not row["x_name"] or not row["y_name"]:
        return None
    types = (row["x_type"], row["y_type"])
    if set(types) != {record.subject_type, record.object_type}:
        return None
    forward = x < y if BY_NAME[record.predicate].symmetric else types == (record.subject_type, record.object_type)
    return (x, record.predicate, y, record.confidence) if forward else (y, record.predicate, x, record.confidence)


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("primekg")
    assert_fates(read(SOURCE, files_of("primekg")), fates_of(files_of("primekg")[FILE]))


def test_every_edge_becomes_a_predicate_that_takes_its_kinds() -> None:
    """The kinds of subject and object are among those of the predicate's record."""
    for each in EDGES:
        assert KINDS[each.subject_type] in BY_NAME[each.predicate].subjects, each
        assert KINDS[each.object_type] in BY_NAME[each.predicate].objects, each


def test_both_directions_of_an_edge_are_one_relation_and_one_alone_is_enough(tmp_path: Path) -> None:
    """Without the second half of the file, which holds the turned edges, the relations are the same."""
    header, *lines = files_of("primekg")[FILE].read_text().splitlines()
    (tmp_path / FILE).write_text("\n".join([header, *lines[:25], *lines[50:]]) + "\n")
    assert read(SOURCE, {FILE: tmp_path / FILE}).relations.equals(read(SOURCE, files_of("primekg")).relations)


def test_numbers_get_their_leading_zeros_back() -> None:
    """5148 of MONDO is MONDO:0005148, while 1559 of NCBI stays as it is."""
    curies = set(read(SOURCE, files_of("primekg")).concepts["curie"])
    assert {"mondo:0005148", "hp:0000103", "uberon:0002113", "go:0006915", "ncbigene:1559"} <= curies


def test_an_indication_beats_the_same_use_off_label() -> None:
    """Metformin is indicated in type 2 diabetes, and off label in type 1."""
    rows = {row[0]: row[1] for row in read(SOURCE, files_of("primekg")).relations.filter(predicate="treats").select("object", "confidence").iter_rows()}
    assert rows == {"mondo:0005147": 0.5, "mondo:0005148": 1.0}


def test_blocks_of_any_size_give_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block may end in the middle of a line, or hold none."""
    whole = read(SOURCE, files_of("primekg"))
    for size in (1, 97, 1000, 4096):
        monkeypatch.setattr(primekg, "BLOCK_BYTES", size)
        cut = read(SOURCE, files_of("primekg"))
        assert cut.relations.equals(whole.relations) and cut.concepts.equals(whole.concepts) and cut.set_aside.equals(whole.set_aside)


def test_compressed_files_are_read_and_refused_where_cut_short(tmp_path: Path) -> None:
    """What begins as gzip does is uncompressed, whatever it is called."""
    data = gzip.compress(files_of("primekg")[FILE].read_bytes())
    (tmp_path / FILE).write_bytes(data)
    assert read(SOURCE, {FILE: tmp_path / FILE}).relations.equals(read(SOURCE, files_of("primekg")).relations)
    (tmp_path / FILE).write_bytes(data[:-20])
    with pytest.raises(BadTable, match=r"kg\.csv cannot be uncompressed"):
        read(SOURCE, {FILE: tmp_path / FILE})


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """One without any line, too."""
    for text in ("", "\n\n"):
        (tmp_path / FILE).write_text(text)
        with pytest.raises(BadTable, match=r"kg\.csv has no rows"):
            read(SOURCE, {FILE: tmp_path / FILE})


def test_no_line_is_lost_however_damaged(tmp_path: Path) -> None:
    """Of ten thousand damaged lines each is in a relation or set aside, as a plain loop has it."""
    files = {FILE: mutate_lines(files_of("primekg")[FILE], tmp_path, n=10_000, seed=7)}
    assert_fates(read(SOURCE, files), fates_of(files[FILE]))


def test_a_damaged_header_is_refused_by_name(tmp_path: Path) -> None:
    """A file may be read or refused, nothing else."""
    for seed in range(50):
        files = damaged_copies(files_of("primekg"), tmp_path, victim=FILE, seed=seed, times=20)
        try:
            read(SOURCE, files)
        except BadTable as error:
            assert FILE in str(error)
