"""Events of patients from a folder in the OMOP Common Data Model, 5.3 or 5.4: who had which code on which day.

A concept_id is a number of OMOP's own and means nothing elsewhere: CONCEPT says which code of which vocabulary it is. The
standard concept counts if it names a thing of the right kind, else the source concept: exports put diseases into
DRUG_EXPOSURE (the reason of a prescription, as its source concept), which are set aside and not taken for drugs.

What is counted: every row of the tables read is an event (equal ones are one) or set aside under the name of its table, and
rows of the other tables of events are set aside; eras that are not read are not, for they are made of occurrences.
No person_id leaves this file, in errors neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable, NotThere
from generel.concepts.kinds import Kind
from generel.concepts.progress import SILENT, Progress
from kg.cohort.omop_files import ENDINGS, collect_columns, count_rows, find_table, has_rows
from kg.curies import BLANKS, canonicalize
from kg.harvest import SetAside

UNREAD = ("PROCEDURE_OCCURRENCE", "MEASUREMENT", "OBSERVATION", "DEVICE_EXPOSURE", "SPECIMEN")

NOT_READ = "events of this table are not read"
ERAS_INSTEAD = "the eras made of this table are read in its place"
NO_PERSON = "the person is not in PERSON"
NO_DAY = "the day is missing or no date"
NO_CONCEPT = "both concept_ids are 0 or empty"
NOT_LISTED = "the concept is not in CONCEPT, or has no name there"
NAMES_NONE = "the vocabulary, code and domain of the concept name no {kind}"


@dataclass(frozen=True)
class EventTable:
    """A table of events: what its codes name, and its columns. `source` is empty where it has no source concept."""

    name: str
    kind: Kind
    day: str
    concept: str
    source: str = ""


# The domain that OMOP gives a concept of a kind. A history of a disease is in CONDITION_OCCURRENCE and of the domain Observation.
DOMAINS = {Kind.DISEASE: "Condition", Kind.DRUG: "Drug"}
# By kind, the table of occurrences, and the one of eras that stands in where there is none.
TABLES = (
    (
        EventTable("CONDITION_OCCURRENCE", Kind.DISEASE, "condition_start_date", "condition_concept_id", "condition_source_concept_id"),
        EventTable("CONDITION_ERA", Kind.DISEASE, "condition_era_start_date", "condition_concept_id"),
    ),
    (
        EventTable("DRUG_EXPOSURE", Kind.DRUG, "drug_exposure_start_date", "drug_concept_id", "drug_source_concept_id"),
        EventTable("DRUG_ERA", Kind.DRUG, "drug_era_start_date", "drug_concept_id"),
    ),
)


@dataclass(frozen=True)
class Cohort:
    """What a folder tells.

    Attributes:
        events: EVENTS `patient, day, code`, distinct; `patient` is a number of this reading, not the person_id.
        concepts: `curie, kind, name, synonyms` of each code in `events`, sorted by CURIE; no synonyms.
        n_patients: how many people PERSON has, those without an event included.
    """

    events: pl.DataFrame
    concepts: pl.DataFrame
    n_patients: int


def read_omop(folder: Path, *, set_aside: SetAside, prefer_eras: Sequence[Kind] = (), progress: Progress = SILENT) -> Cohort:
    """The cohort of diseases and drugs in `folder`.

    Args:
        set_aside: gets the rows not used: table EVENTS, key the name of the file's table.
        prefer_eras: kinds whose eras are read where both have rows; eras of drugs name ingredients, exposures products.

    Raises:
        NotThere: no such folder.
        BadTable: PERSON, CONCEPT, or both tables of a kind are missing, a column is, or a file cannot be read.
    """
    if not folder.is_dir():
        raise NotThere(f"{folder} is no folder; it should hold the tables of an OMOP export")
    people = _number_people(folder)
    tables = [_choose(folder, pair, prefer_eras=prefer_eras) for pair in TABLES]
    with progress.task("Reading events", total=len(tables) + 1) as advance:
        rows = []
        for table in tables:
            rows.append(_read_events(folder, table, people=people))
            advance(1)
        concepts = _read_concepts(folder, ids=pl.concat([each[column] for each in rows for column in ("standard", "source")]).drop_nulls().unique())
        advance(1)
    coded = [_code(each, table, concepts=concepts, set_aside=set_aside) for each, table in zip(rows, tables, strict=True)]
    passed_over = [(occurrences.name, ERAS_INSTEAD) for occurrences, eras in TABLES if eras in tables]
    for name, reason in [(name, NOT_READ) for name in UNREAD] + passed_over:
        if n := count_rows(folder, name):
            set_aside.add("EVENTS", name, reason, n=n)
    events = pl.concat([each.select("patient", "day", "code") for each in coded]).unique().sort("patient", "day", "code")
    return Cohort(events, _name_codes(coded, tables), people.height)


def _choose(folder: Path, pair: tuple[EventTable, EventTable], *, prefer_eras: Sequence[Kind]) -> EventTable:
    """The first of the two in the order wanted that has rows; one without rows if there is nothing better."""
    occurrences, eras = pair
    wanted = (eras, occurrences) if eras.kind in prefer_eras else pair
    there = [table for table in wanted if find_table(folder, table.name)]
    if there:
        return next((table for table in there if has_rows(folder, table.name)), there[0])
    raise BadTable(f"{folder} has neither {occurrences.name} nor {eras.name} (any of {', '.join(ENDINGS)}); export one of the two")


def _number_people(folder: Path) -> pl.DataFrame:
    """`person, patient`: the person_id as text, and a number from 0 in place of it."""
    frame = collect_columns(folder, "PERSON", {"person": _number_text("person_id")}, needs=["person_id"])
    return frame.drop_nulls().unique().sort("person").with_row_index("patient")


def _read_events(folder: Path, table: EventTable, *, people: pl.DataFrame) -> pl.DataFrame:
    """`patient, day, standard, source` of every row; null where missing or unreadable, and concept_ids of 0 too."""
    scanned = {"person": _number_text("person_id"), "day": _day(table.day), "standard": _concept_id(table.concept)}
    needs = ["person_id", table.day, table.concept]
    if table.source:
        scanned["source"] = _concept_id(table.source)
        needs.append(table.source)
    else:
        scanned["source"] = pl.lit(None, dtype=pl.Int64)
    return collect_columns(folder, table.name, scanned, needs=needs, join=people).select("patient", "day", "standard", "source")


def _read_concepts(folder: Path, *, ids: pl.Series) -> pl.DataFrame:
    """`id, name, domain, text` of the concepts with these ids that have a name; text is `VOCABULARY:CODE`."""
    names = ("concept_name", "domain_id", "vocabulary_id", "concept_code")
    name, domain, vocabulary, code = (pl.col(column).cast(pl.String).str.strip_chars(BLANKS) for column in names)
    scanned = {"id": _concept_id("concept_id"), "name": name, "domain": domain, "text": vocabulary + ":" + code}
    frame = collect_columns(folder, "CONCEPT", scanned, needs=["concept_id", *names], ids=ids)
    return frame.filter(pl.col("name") != "").unique("id", keep="first", maintain_order=True)


def _code(rows: pl.DataFrame, table: EventTable, *, concepts: pl.DataFrame, set_aside: SetAside) -> pl.DataFrame:
    """`patient, day, code, name` of the rows that have all of them; the others are counted."""
    # A domain may be two, as in `Condition/Meas`.
    fits = pl.col("domain").str.contains(DOMAINS[table.kind], literal=True)
    known = concepts.with_columns(code=canonicalize(concepts["text"], kind=table.kind)).with_columns(code=pl.when(fits).then("code"))
    for column in ("standard", "source"):
        rows = rows.join(known.select(pl.col("id").alias(column), pl.col("name", "code").name.suffix(f"_{column}")), on=column, how="left")
    code_of = {column: pl.col(f"code_{column}") for column in ("standard", "source")}
    faults = [
        (pl.col("patient").is_null(), NO_PERSON),
        (pl.col("day").is_null(), NO_DAY),
        (pl.col("standard").is_null() & pl.col("source").is_null(), NO_CONCEPT),
        (pl.col("name_standard").is_null() & pl.col("name_source").is_null(), NOT_LISTED),
        (code_of["standard"].is_null() & code_of["source"].is_null(), NAMES_NONE.format(kind=table.kind.value)),
    ]
    judged = rows.with_columns(reason=pl.coalesce(*(pl.when(fault).then(pl.lit(reason)) for fault, reason in faults)))
    for reason, n in judged.drop_nulls("reason").group_by("reason").len().rows():
        set_aside.add("EVENTS", table.name, reason, n=n)
    name = pl.when(code_of["standard"].is_not_null()).then("name_standard").otherwise("name_source")
    return judged.filter(pl.col("reason").is_null()).select("patient", "day", code=pl.coalesce(*code_of.values()), name=name)


def _name_codes(coded: Sequence[pl.DataFrame], tables: Sequence[EventTable]) -> pl.DataFrame:
    """`curie, kind, name, synonyms`; of several concepts with one code the first name alphabetically."""
    named = [rows.group_by("code").agg(pl.col("name").min()).with_columns(kind=pl.lit(table.kind.value)) for rows, table in zip(coded, tables, strict=True)]
    # A code that both tables have (of MeSH, say) is what the first one says it is.
    distinct = pl.concat(named).unique("code", keep="first", maintain_order=True).sort("code")
    return distinct.select(curie="code", kind="kind", name="name", synonyms=pl.lit([], dtype=pl.List(pl.String)))


def _number_text(column: str) -> pl.Expr:
    """A number as text: blanks at the ends go, and the `.0` of exports that made numbers floats; null where empty."""
    text = pl.col(column).cast(pl.String).str.strip_chars(BLANKS).str.strip_suffix(".0")
    return pl.when(text != "").then(text)


def _concept_id(column: str) -> pl.Expr:
    """The concept_id; null where it is 0, which stands for none, or no number."""
    number = _number_text(column).cast(pl.Int64, strict=False)
    return pl.when(number != 0).then(number)


def _day(column: str) -> pl.Expr:
    """The date at the beginning of a text such as `2013-07-05`, `2013-07-05 00:00:00` or `20130705`; else null."""
    text = pl.col(column).cast(pl.String).str.strip_chars(BLANKS)
    written = [text.str.extract(pattern).str.to_date(form, strict=False) for pattern, form in ((r"^(\d{4}-\d\d-\d\d)(?:[ T].*)?$", "%Y-%m-%d"), (r"^(\d{8})$", "%Y%m%d"))]
    return pl.coalesce(*written)
