"""Events of patients from an export in the OMOP Common Data Model, 5.3 or 5.4: who had which code on which day.

A concept_id is a number of OMOP's own and means nothing elsewhere: see `kg.cohort.omop_concepts` for the codes that it stands for.

What is counted: every row of the tables read is an event (equal ones are one) or set aside under the name of its table, and
rows of the other tables of events are set aside; eras that are not read are not, for they are made of occurrences.
No person_id leaves this file, in errors neither.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from generel.concepts.errors import BadTable
from generel.concepts.kinds import Kind
from generel.concepts.progress import SILENT, Progress
from kg.cohort.codebook import MEANINGS, Codebook, Cohort
from kg.cohort.codes import EITHER, EITHER_ICD, ICD9, ICD10, tell_icd
from kg.cohort.days import date_number
from kg.cohort.omop_concepts import KEY, Reading, code_keys, name_codes, read_concepts
from kg.cohort.omop_files import Export, collect_columns, count_rows, has_rows
from kg.cohort.omop_tables import TABLES, UNREAD, EventTable, concept_id, number_text
from kg.cohort.store import EventStore
from kg.cohort.table_files import ENDINGS, plain_text, scan_table, select_batches, without_rows
from kg.harvest import SetAside

NOT_READ = "events of this table are not read"
ERAS_INSTEAD = "the eras made of this table are read in its place"
NO_PERSON = "the person is not in PERSON"
NO_DAY = "the day is missing or no date"
VISIT = "visit_occurrence_id"


def read_omop(export: Export, store: EventStore, *, set_aside: SetAside, reading: Reading | None = None, progress: Progress = SILENT) -> Cohort:
    """The cohort of diseases and drugs in the export; its events go into `store`.

    Args:
        set_aside: gets the rows not used: table EVENTS, key the name of the file's table.
        reading: the default one if None.

    Raises:
        BadTable: PERSON, CONCEPT where it is needed, or both tables of a kind that is read are missing, a column is, or a file cannot be read.
    """
    reading = reading or Reading()
    people = _number_people(export)
    tables = [_choose(export, pair, prefer_eras=reading.prefer_eras) for pair in TABLES if pair[0].kind in reading.kinds]
    book = Codebook(KEY)
    with progress.task("Reading events", total=len(tables) + 1) as advance:
        for table in tables:
            for batch in _scan_events(export, table, people=people, reading=reading):
                _keep(batch, table, store, book=book, set_aside=set_aside)
            advance(1)
        concepts = read_concepts(export, book.keys(), needed=any(table.kind not in reading.vocabularies for table in tables))
        advance(1)
    coded = pl.concat([code_keys(book.keys(), table, concepts=concepts, reading=reading, set_aside=set_aside) for table in tables])
    passed_over = [(occurrences.name, ERAS_INSTEAD) for occurrences, eras in TABLES if eras in tables]
    for name, reason in [(name, NOT_READ) for name in UNREAD] + passed_over:
        if n := count_rows(export, name):
            set_aside.add("EVENTS", name, reason, n=n)
    return Cohort(store, coded.select(*MEANINGS), name_codes(coded), people.height)


def _choose(export: Export, pair: tuple[EventTable, EventTable], *, prefer_eras: Sequence[Kind]) -> EventTable:
    """The first of the two in the order wanted that has rows; one without rows if there is nothing better."""
    occurrences, eras = pair
    wanted = (eras, occurrences) if eras.kind in prefer_eras else pair
    there = [table for table in wanted if export.find(table.name)]
    if there:
        return next((table for table in there if has_rows(export, table.name)), there[0])
    raise BadTable(f"{export.place} has neither {occurrences.name} nor {eras.name} (any of {', '.join(ENDINGS)}); export one of the two")


def _number_people(export: Export) -> pl.DataFrame:
    """`person, patient`: the person_id as text, and a number from 0 in place of it."""
    frame = collect_columns(export, "PERSON", {"person": number_text("person_id")}, needs=["person_id"])
    return frame.drop_nulls().unique().sort("person").with_row_index("patient")


def _scan_events(export: Export, table: EventTable, *, people: pl.DataFrame, reading: Reading) -> Iterator[pl.DataFrame]:
    """`patient, day` and KEY of every row, some at a time; null where missing or unreadable, and concept_ids of 0 too."""
    path = export.require(table.name)
    vocabulary = reading.vocabulary_of(table)
    with_visits = vocabulary == EITHER_ICD
    needs = ["person_id", table.day, table.concept, *([table.source] if table.source else []), *([table.value] if vocabulary else []), *([VISIT] if with_visits else [])]
    with without_rows(path):
        kinds = scan_table(path).collect_schema()
    columns = {
        "person": number_text("person_id"), "day": date_number(table.day, kinds.get(table.day, pl.String())), "table": pl.lit(table.name),
        "standard": concept_id(table.concept), "source": concept_id(table.source) if table.source else pl.lit(None, dtype=pl.Int64),
        "value": plain_text(table.value) if vocabulary else pl.lit(None, dtype=pl.String),
        "visit": plain_text(VISIT) if with_visits else pl.lit(None, dtype=pl.String),
    }
    visits = _versions_of_visits(select_batches(path, {"value": columns["value"], "visit": columns["visit"]}, needs=needs)) if with_visits else NO_VISITS
    for batch in select_batches(path, columns, needs=needs, joins={"person": people, "visit": visits}):
        undecided = tell_icd(pl.col("value")) == EITHER if with_visits else pl.lit(False)
        yield batch.with_columns(beside=pl.when(undecided).then("beside"))


NO_VISITS = pl.DataFrame(schema={"visit": pl.String, "beside": pl.String})


def _versions_of_visits(batches: Iterator[pl.DataFrame]) -> pl.DataFrame:
    """`visit, beside`: ICD9 or ICD10 if those codes of the visit that can be told apart are all of one; other visits have no row."""
    told = [batch.select("visit", version=tell_icd(pl.col("value"))).filter(pl.col("version").is_in([ICD9, ICD10])).unique() for batch in batches]
    versions = pl.concat([NO_VISITS.rename({"beside": "version"}), *told]).drop_nulls().unique()
    return versions.group_by("visit").agg(n=pl.len(), beside=pl.col("version").first()).filter(pl.col("n") == 1).select("visit", "beside")


def _keep(batch: pl.DataFrame, table: EventTable, store: EventStore, *, book: Codebook, set_aside: SetAside) -> None:
    """Put the rows with a person and a day into the store, and count the others."""
    nobody = batch["patient"].null_count()
    known = batch.drop_nulls("patient")
    usable = known.drop_nulls("day")
    for reason, n in ((NO_PERSON, nobody), (NO_DAY, known.height - usable.height)):
        if n:
            set_aside.add("EVENTS", table.name, reason, n=n)
    store.add(usable["patient"].to_numpy(), usable["day"].to_numpy(), book.number(usable))
