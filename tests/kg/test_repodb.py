"""repoDB: approved and failed drug indications."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest
from mutations import damaged_copies
from plain_lines import Fate, assert_fates, curie_as, mutate_lines, rows_of, shared_files
from source_slices import assert_as_expected, files_of, read

from generel.concepts.errors import BadTable
from kg.sources.repodb import APPROVED, FAILED, FILE, KINDS, SOURCE

LINK = re.compile(r">\s*([^<>]*?)\s*\(DBID: [^)]*\)\s*</a>")
Row = tuple[str, str, str, str]
"""Drug, its name in the link, indication, status."""


def good_rows(path: Path) -> Iterator[Row | None]:
    """The lines that can be read, by a plain loop."""
    for row in rows_of(path):
        drug, indication = (curie_as(row["drug_id"], "drugbank"), curie_as(row["ind_id"], "umls")) if row else (None, None)
        link = LINK.search(row["Drug"]) if row else None
        good = row and row["ind_name"] and row["sem_type"] in KINDS and row["status"] in (APPROVED, *FAILED)
        yield (drug, link[1], indication, row["status"]) if row and good and drug and indication and link and link[1] else None


def names_of(rows: Iterable[Row | None]) -> dict[str, str]:
    """What each drug is called: by most approved rows, or else by most rows that do not call it what another is called."""
    known = [row for row in rows if row]
    names = _most_frequent([row for row in known if row[3] == APPROVED])
    return names | _most_frequent([row for row in known if row[0] not in names and row[1] not in set(names.values())])


def _most_frequent(rows: list[Row]) -> dict[str, str]:
    counts = Counter(row[:2] for row in rows)
    best = sorted(counts, key=lambda pair: (pair[0], -counts[pair], pair[1]), reverse=True)
    return dict(best)


def fates_of(path: Path) -> Iterator[Fate]:
    """What becomes of each line, by a plain loop in three passes."""
    rows = list(good_rows(path))
    names = names_of(rows)
    own = [row if row and names.get(row[0]) == row[1] else None for row in rows]
    approved = {(row[0], row[2]) for row in own if row and row[3] == APPROVED}
    for row in own:
        if row and row[3] == APPROVED:
            yield (row[0], "treats", row[2], 1.0)
        else:
            yield (row[0], "failed_for", row[2], 0.5) if row and (row[0], row[2]) not in approved else None


def test_the_slice_gives_the_expected_tables() -> None:
    """Concepts, relations and everything set aside are as written down by hand beside the slice."""
    assert_as_expected("repodb")
    assert_fates(read(SOURCE, files_of("repodb")), fates_of(files_of("repodb")[FILE]))


def test_a_pair_approved_and_failed_is_approved() -> None:
    """Metformin treats type 2 diabetes, though a trial of it was stopped."""
    rows = read(SOURCE, files_of("repodb")).relations.filter(pl.col("object") == "umls:C0011860")
    assert rows.select("subject", "predicate").rows() == [("drugbank:DB00331", "treats")]


def test_a_row_that_names_another_drug_than_its_number_is_set_aside() -> None:
    """'Prednisolone' with methylprednisolone's number: nobody can say which of them was tried for pain."""
    harvest = read(SOURCE, files_of("repodb"))
    assert ("drugbank:DB00959", "umls:C0030193") not in set(harvest.relations.select("subject", "object").iter_rows())
    assert "repodb.tsv:9" in set(harvest.set_aside["key"])


def test_a_drug_without_approved_rows_goes_by_its_most_frequent_name_that_is_no_others() -> None:
    """DB01073 is called prednisolone twice, which is DB00860, fludarabine twice and vidarabine once."""
    concepts = dict(read(SOURCE, files_of("repodb")).concepts.select("curie", "name").iter_rows())
    assert concepts["drugbank:DB01073"] == "Fludarabine"


def test_pain_is_a_phenotype_and_a_myeloma_a_disease() -> None:
    """The semantic type of UMLS says which."""
    kinds = dict(read(SOURCE, files_of("repodb")).concepts.select("name", "kind").iter_rows())
    assert (kinds["Pain"], kinds["Multiple Myeloma"]) == ("phenotype", "disease")


def test_no_line_is_lost_however_damaged(tmp_path: Path) -> None:
    """Of ten thousand damaged lines each is in a relation or set aside, as a plain loop has it."""
    files = {FILE: mutate_lines(files_of("repodb")[FILE], tmp_path, n=10_000, seed=6)}
    assert_fates(read(SOURCE, files), fates_of(files[FILE]))


def test_a_damaged_header_is_refused_by_name(tmp_path: Path) -> None:
    """A file may be read or refused, nothing else."""
    for seed in range(50):
        files = damaged_copies(files_of("repodb"), tmp_path, victim=FILE, seed=seed, times=6)
        try:
            assert_fates(read(SOURCE, files), fates_of(files[FILE]))
        except BadTable as error:
            assert FILE in str(error)


@pytest.mark.slow
def test_the_whole_file_agrees_with_a_plain_loop() -> None:
    """10,800 lines: all 6,677 approved pairs, 3,108 failed ones, 431 lines that name another drug than their number."""
    files = shared_files(SOURCE)
    harvest = read(SOURCE, files)
    fates = list(fates_of(files[FILE]))
    assert_fates(harvest, fates)
    assert (len(fates), fates.count(None)) == (10_800, 431)
    assert dict(harvest.relations["predicate"].value_counts().iter_rows()) == {"treats": 6_677, "failed_for": 3_108}
