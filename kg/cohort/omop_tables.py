"""The tables of an OMOP export that events are read from, and what their fields look like.

Exports write a number as text, as a number, or with `.0` where a program took it for a fraction; 0 as a concept_id stands for none.
"""

from dataclasses import dataclass

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import BLANKS

UNREAD = ("PROCEDURE_OCCURRENCE", "MEASUREMENT", "OBSERVATION", "DEVICE_EXPOSURE", "SPECIMEN")
# The domain that OMOP gives a concept of a kind. A history of a disease is in CONDITION_OCCURRENCE and of the domain Observation.
DOMAINS = {Kind.DISEASE: "Condition", Kind.DRUG: "Drug"}


@dataclass(frozen=True)
class EventTable:
    """A table of events: what its codes name, and its columns. `source` and `value` are empty where it has none such."""

    name: str
    kind: Kind
    day: str
    concept: str
    source: str = ""
    value: str = ""


# By kind, the table of occurrences, and the one of eras that stands in where there is none.
TABLES = (
    (
        EventTable("CONDITION_OCCURRENCE", Kind.DISEASE, "condition_start_date", "condition_concept_id", "condition_source_concept_id", "condition_source_value"),
        EventTable("CONDITION_ERA", Kind.DISEASE, "condition_era_start_date", "condition_concept_id"),
    ),
    (
        EventTable("DRUG_EXPOSURE", Kind.DRUG, "drug_exposure_start_date", "drug_concept_id", "drug_source_concept_id", "drug_source_value"),
        EventTable("DRUG_ERA", Kind.DRUG, "drug_era_start_date", "drug_concept_id"),
    ),
)
EVERY_TABLE = ("PERSON", "CONCEPT", *(table.name for pair in TABLES for table in pair), *UNREAD)


def number_text(column: str) -> pl.Expr:
    """A number as text: blanks at the ends go, and the `.0` of exports that made numbers floats; null where empty."""
    text = pl.col(column).cast(pl.String).str.strip_chars(BLANKS).str.strip_suffix(".0")
    return pl.when(text != "").then(text)


def concept_id(column: str) -> pl.Expr:
    """The concept_id; null where it is 0, which stands for none, or no number."""
    number = number_text(column).cast(pl.Int64, strict=False)
    return pl.when(number != 0).then(number)
