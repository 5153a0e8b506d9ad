"""What codes the rows of an OMOP export name, from what CONCEPT says of their concepts, or from the code that was recorded.

The standard concept counts if it names a thing of the right kind, else the source concept: exports put diseases into
DRUG_EXPOSURE (the reason of a prescription, as its source concept), which are set aside and not taken for drugs. Exports without
the vocabularies, as open ones are for their licenses, still have the code that was recorded, as `*_source_value`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from generel.concepts.kinds import Kind
from kg.cohort.codes import spell_codes
from kg.cohort.omop_files import Export, collect_columns
from kg.cohort.omop_tables import DOMAINS, EventTable, concept_id
from kg.curies import BLANKS, prefix_of, prefixes_of
from kg.harvest import SetAside

# What a row says its code is, all of which together are one key of the codebook.
KEY: Mapping[str, type[pl.DataType]] = {"table": pl.String, "standard": pl.Int64, "source": pl.Int64, "value": pl.String, "beside": pl.String}
CONCEPTS = pl.Schema({"id": pl.Int64, "name": pl.String, "domain": pl.String, "vocabulary": pl.String, "code": pl.String})
NO_CONCEPT = "both concept_ids are 0 or empty"
NOT_LISTED = "the concept is not in CONCEPT, or has no name there"
NAMES_NONE = "the vocabulary, code and domain of the concept name no {kind}"
NO_VALUE = "no code was recorded"
OTHER_VALUE = "the code that was recorded names no {kind}"


@dataclass(frozen=True)
class Reading:
    """How an export is read.

    Attributes:
        kinds: what is read; tables of other kinds are not looked for.
        prefer_eras: kinds whose eras are read where both have rows; eras of drugs name ingredients, exposures products.
        prefer_source: whether the source concept comes before the standard one, as ICD codes do before those of SNOMED.
        vocabularies: by kind, of what vocabulary `*_source_value` is, if it is to stand in for concepts that say nothing. `icd` is for
            ICD-9-CM and ICD-10-CM together; they are told apart by the other codes of a visit, for a bill is made out in one of them.
    """

    kinds: Sequence[Kind] = tuple(DOMAINS)
    prefer_eras: Sequence[Kind] = ()
    prefer_source: bool = False
    vocabularies: Mapping[Kind, str] = field(default_factory=dict)

    def vocabulary_of(self, table: EventTable) -> str:
        """The vocabulary of the table's values; empty if they are not used."""
        return self.vocabularies.get(table.kind, "") if table.value else ""


def read_concepts(export: Export, keys: pl.DataFrame, *, needed: bool) -> pl.DataFrame:
    """CONCEPTS of the ids in the keys that have a name; none if the export has no CONCEPT and none is needed.

    Raises:
        BadTable: no CONCEPT though it is needed, columns missing, or a file that cannot be read.
    """
    if not needed and export.find("CONCEPT") is None:
        return pl.DataFrame(schema=CONCEPTS)
    columns = {"name": "concept_name", "domain": "domain_id", "vocabulary": "vocabulary_id", "code": "concept_code"}
    scanned = {"id": concept_id("concept_id"), **{name: pl.col(column).cast(pl.String).str.strip_chars(BLANKS) for name, column in columns.items()}}
    ids = pl.concat([keys["standard"], keys["source"].alias("standard")]).drop_nulls().unique()
    frame = collect_columns(export, "CONCEPT", scanned, needs=["concept_id", *columns.values()], ids=ids)
    return frame.filter(pl.col("name") != "").unique("id", keep="first", maintain_order=True)


def code_keys(keys: pl.DataFrame, table: EventTable, *, concepts: pl.DataFrame, reading: Reading, set_aside: SetAside) -> pl.DataFrame:
    """`number, code, name, kind` of the keys of the table that name a thing of its kind; the rows of the others are counted.

    `name` is null where only the recorded code says what it is.
    """
    rows = keys.filter(pl.col("table") == table.name)
    known = concepts.with_columns(code=_codes_of_kind(concepts, table.kind))
    for column in ("standard", "source"):
        rows = rows.join(known.select(pl.col("id").alias(column), pl.col("name", "code").name.suffix(f"_{column}")), on=column, how="left")
    spelled = spell_codes(rows.select("beside", code="value", vocabulary=pl.lit(reading.vocabulary_of(table))))
    of_kind = prefix_of(pl.col("curie")).is_in(prefixes_of(table.kind))
    rows = pl.concat([rows, spelled.select(pl.when(of_kind).then("curie").alias("code_value"), why="reason")], how="horizontal")
    order = ["source", "value", "standard"] if reading.prefer_source else ["standard", "source", "value"]
    rows = rows.with_columns(name_value=pl.lit(None, dtype=pl.String), code=pl.coalesce(f"code_{each}" for each in order))
    name = pl.coalesce(pl.when(pl.col(f"code_{each}").is_not_null()).then(pl.coalesce(f"name_{each}", pl.lit(""))) for each in order)
    faults = _faults_of_values(table) if reading.vocabulary_of(table) else _faults_of_concepts(table)
    reason = pl.coalesce(*(pl.when(fault).then(why) for fault, why in faults))
    for why, n in rows.filter(pl.col("code").is_null()).group_by(reason=reason).agg(pl.col("n").sum()).rows():
        set_aside.add("EVENTS", table.name, why, n=n)
    return rows.filter(pl.col("code").is_not_null()).select("number", "code", name=pl.when(name != "").then(name), kind=pl.lit(table.kind.value))


def name_codes(coded: pl.DataFrame) -> pl.DataFrame:
    """`curie, kind, name, synonyms` of the codes that have a name; of several concepts with one code the first name alphabetically."""
    named = coded.drop_nulls("name").group_by("code", "kind", maintain_order=True).agg(pl.col("name").min())
    # A code that two tables have (of MeSH, say) is what the first one says it is.
    distinct = named.unique("code", keep="first", maintain_order=True).sort("code")
    return distinct.select(curie="code", kind="kind", name="name", synonyms=pl.lit([], dtype=pl.List(pl.String)))


def _codes_of_kind(concepts: pl.DataFrame, kind: Kind) -> pl.Series:
    """The CURIE of each concept that names a thing of the kind; else null."""
    curies = spell_codes(concepts.select("code", "vocabulary", beside=pl.lit(None, dtype=pl.String)))["curie"]
    # A domain may be two, as in `Condition/Meas`.
    fits = pl.col("domain").str.contains(DOMAINS[kind], literal=True) & prefix_of(pl.col("curie")).is_in(prefixes_of(kind))
    return concepts.select("domain", curie=curies).select(pl.when(fits).then("curie"))["curie"]


def _faults_of_concepts(table: EventTable) -> list[tuple[pl.Expr, pl.Expr]]:
    return [
        (pl.col("standard").is_null() & pl.col("source").is_null(), pl.lit(NO_CONCEPT)),
        (pl.col("name_standard").is_null() & pl.col("name_source").is_null(), pl.lit(NOT_LISTED)),
        (pl.lit(True), pl.lit(NAMES_NONE.format(kind=table.kind.value))),
    ]


def _faults_of_values(table: EventTable) -> list[tuple[pl.Expr, pl.Expr]]:
    return [
        (pl.col("value").is_null(), pl.lit(NO_VALUE)),
        (pl.col("why").is_not_null(), pl.col("why")),
        (pl.lit(True), pl.lit(OTHER_VALUE.format(kind=table.kind.value))),
    ]
