"""Events of patients from a plain table of `patient, day, code`: CSV, TSV, Parquet, or a folder of parts.

A code is a CURIE, or an identifier of the vocabulary that stands in its row or is given for the whole file. Days are dates, or numbers
counted from anywhere, as files have them whose dates were shifted; a file with both is refused, for they cannot be compared.
Text is read as `kg.cohort.text_lines` says.

What is counted: every line is an event (equal ones are one) or set aside under the name of the file, without a word of what it says.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.cohort.codebook import MEANINGS, Codebook
from kg.cohort.codes import spell_codes
from kg.cohort.days import counted_number, date_number
from kg.cohort.store import EventStore
from kg.cohort.table_files import is_parquet, plain_text, scan_table, select_batches, without_rows
from kg.cohort.text_lines import cut_batches
from kg.harvest import SetAside

COLUMNS = ("patient", "day", "code", "vocabulary")
NO_PATIENT = "the patient is missing"
NO_DAY = "the day is missing, no date and no number"
NO_CODE = "the code is missing"


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    Attributes:
        columns: by what they hold, one of COLUMNS, what the file calls them; those that are not here are called so themselves.
        vocabulary: what all codes are of; empty where they are CURIEs or a column says it.
    """

    columns: Mapping[str, str]
    vocabulary: str = ""

    def name(self, column: str) -> str:
        """What the file calls the column, in lower case."""
        return self.columns.get(column, column).strip().lower()


def read_events(path: Path, store: EventStore, *, layout: Layout, set_aside: SetAside) -> pl.DataFrame:
    """MEANINGS of the codes in the file; its events go into `store`.

    Args:
        set_aside: gets the lines not used: table EVENTS, key the name of the file.

    Raises:
        NotThere: no such file.
        BadTable: columns missing, a file that cannot be read, or days in two forms.
    """
    book = Codebook({"code": pl.String, "vocabulary": pl.String})
    # Nobody can undo the hashes by hashing all numbers there are: the seed ends with this call.
    seed = secrets.randbits(63)
    dates = counted = 0
    for batch in _scan(path, layout, seed=seed):
        dates, counted = dates + batch["date"].count(), counted + batch["count"].count()
        if dates and counted:
            raise BadTable(f"{path} has days that are dates and days that are numbers, which cannot be compared; write all in one form")
        usable = _sift(batch.with_columns(day=pl.coalesce("date", "count")), path, set_aside=set_aside)
        store.add(usable["patient"].to_numpy(), usable["day"].to_numpy(), book.number(usable))
    return _spell(book, path, set_aside=set_aside)


def _scan(path: Path, layout: Layout, *, seed: int) -> Iterator[pl.DataFrame]:
    """`patient, date, count, code, vocabulary, fault` of every line, some at a time; the patient is a hash, and one of date and count is null."""
    needs = [layout.name(column) for column in ("patient", "day", "code", *(["vocabulary"] if "vocabulary" in layout.columns else []))]
    if is_parquet(path):
        with without_rows(path):
            kinds = scan_table(path).collect_schema()
        yield from select_batches(path, {**_columns(layout, kinds, seed=seed), "fault": pl.lit(None, dtype=pl.String)}, needs=needs)
        return
    for batch in cut_batches(path, columns=needs, optional=[layout.name("vocabulary")]):
        yield batch.select(**_columns(layout, batch.schema, seed=seed), fault="fault")


def _columns(layout: Layout, kinds: Mapping[str, pl.DataType], *, seed: int) -> dict[str, pl.Expr]:
    """How the columns of a batch are made of those of the file, which have these types."""
    day, vocabulary = layout.name("day"), layout.name("vocabulary")
    kind = kinds.get(day, pl.String())
    given = pl.lit(layout.vocabulary or None, dtype=pl.String)
    return {
        "patient": _hash(plain_text(layout.name("patient")), seed),
        "date": date_number(day, kind), "count": counted_number(day, kind),
        "code": plain_text(layout.name("code")),
        "vocabulary": pl.coalesce(plain_text(vocabulary), given) if vocabulary in kinds else given,
    }


def _sift(batch: pl.DataFrame, path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """The rows that are events; the others are counted."""
    missing = [pl.when(pl.col(column).is_null()).then(pl.lit(why)) for column, why in (("patient", NO_PATIENT), ("day", NO_DAY), ("code", NO_CODE))]
    judged = batch.with_columns(reason=pl.coalesce("fault", *missing))
    for why, n in judged.group_by("reason").len().drop_nulls().rows():
        set_aside.add("EVENTS", path.name, why, n=n)
    return judged.filter(pl.col("reason").is_null())


def _hash(text: pl.Expr, seed: int) -> pl.Expr:
    """64 bits in place of a text, null for null: of a million patients, two are taken for one with a chance of 3 in 100 million."""
    return pl.when(text.is_not_null()).then(text.hash(seed))


def _spell(book: Codebook, path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    keys = book.keys()
    spelled = spell_codes(keys.with_columns(beside=pl.lit(None, dtype=pl.String)))
    for why, n in spelled.drop_nulls("reason").group_by("reason").agg(pl.col("n").sum()).rows():
        set_aside.add("EVENTS", path.name, why, n=n)
    return spelled.drop_nulls("curie").select("number", code="curie").select(*MEANINGS)
