"""An OMOP export read as events: files in all their forms, concepts in all their states, and no patient in any message."""

import gzip
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from generel.concepts.errors import BadTable, NotThere
from generel.concepts.kinds import Kind
from kg.cohort.codebook import Cohort
from kg.cohort.omop import read_omop
from kg.cohort.omop_concepts import Reading
from kg.cohort.omop_files import open_export
from kg.cohort.omop_tables import EVERY_TABLE
from kg.cohort.store import EventStore
from kg.harvest import SetAside

PATIENT = "8675309"
TABLES = {
    "PERSON": f"person_id,year_of_birth\n{PATIENT},1950\n2,1951\n3,1952\n",
    "CONCEPT": "concept_id,concept_name,domain_id,vocabulary_id,concept_code\n"
    "0,No matching concept,Metadata,None,No matching concept\n"
    '201826,"Diabetes mellitus,\ntype 2",Condition,SNOMED,44054006\n'
    "44830079,Essential hypertension,Condition/Meas,ICD10CM,I10\n"
    "1310149,warfarin,Drug,RxNorm,11289\n"
    "40213251,varicella virus vaccine,Drug,CVX,21\n"
    "19000001,something local,Drug,RxNorm Extension,OMOP123\n"
    "3004501,Glucose,Measurement,LOINC,2345-7\n"
    "5,,Condition,SNOMED,396275006\n"
    "4163874,History of myocardial infarction,Observation,SNOMED,399211009\n",
    "CONDITION_OCCURRENCE": "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_concept_id\n"
    f"1,{PATIENT},201826,2012-05-01,0\n",
    "DRUG_EXPOSURE": "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_source_concept_id\n1,2,1310149,2012-05-02,0\n",
}
CONDITIONS, DRUGS = TABLES["CONDITION_OCCURRENCE"].splitlines()[0] + "\n", TABLES["DRUG_EXPOSURE"].splitlines()[0] + "\n"
DIABETES, WARFARIN = (date(2012, 5, 1), "snomedct:44054006"), (date(2012, 5, 2), "rxnorm:11289")


def export(folder: Path, **tables: str) -> Path:
    """A folder with the tables above, and those given in place of or beside them."""
    for name, text in (TABLES | tables).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def read(path: Path, **how: object) -> tuple[Cohort, dict[tuple[str, str], int]]:
    """What the folder or zip file tells, and how many rows of which table were set aside for what reason."""
    set_aside = SetAside("test")
    with open_export(path, EVERY_TABLE) as export:
        cohort = read_omop(export, EventStore(), set_aside=set_aside, reading=Reading(**how))  # type: ignore[arg-type]
    return cohort, {(key, reason): n for _, _, key, reason, n in set_aside.frame().rows()}


def told(cohort: Cohort) -> list[tuple[date, str]]:
    return cohort.events().select("day", "code").sort("day", "code").rows()


def test_occurrences_become_events_of_codes(tmp_path: Path) -> None:
    """Concept numbers become CURIEs, conditions diseases, exposures drugs; names may have commas and line ends."""
    cohort, lost = read(export(tmp_path))
    assert told(cohort) == [DIABETES, WARFARIN]
    assert cohort.concepts.rows() == [("rxnorm:11289", "drug", "warfarin", []), ("snomedct:44054006", "disease", "Diabetes mellitus,\ntype 2", [])]
    assert (cohort.n_patients, lost) == (3, {})


def test_no_person_id_leaves_the_reader(tmp_path: Path) -> None:
    """Patients are numbered anew from 0."""
    cohort, _ = read(export(tmp_path))
    assert cohort.events()["patient"].to_list() == [0, 2]
    assert PATIENT not in str(cohort.events().rows())


def as_csv_gz(folder: Path, name: str, text: str) -> None:
    (folder / f"{name.lower()}.CSV.gz").write_bytes(gzip.compress(text.encode()))


def as_parquet(folder: Path, name: str, text: str) -> None:
    frame = pl.read_csv(text.encode(), try_parse_dates=True).rename(str.upper)
    frame.write_parquet(folder / f"{name.lower()}.parquet")


def as_tabs(folder: Path, name: str, text: str) -> None:
    pl.read_csv(text.encode(), infer_schema=False).with_columns(pl.col(pl.String).str.replace("\n", " ")).write_csv(folder / f"{name}.csv", separator="\t", quote_style="never", line_terminator="\r\n")


@pytest.mark.parametrize("write", [as_csv_gz, as_parquet, as_tabs], ids=["gzip", "Parquet, columns in capitals", "tabs and carriage returns"])
def test_all_forms_of_files_are_read_alike(tmp_path: Path, write: object) -> None:
    """Compressed, as Parquet with real numbers and dates, or with tabs: the same events."""
    for name, text in TABLES.items():
        write(tmp_path, name, text)  # type: ignore[operator]
    cohort, lost = read(tmp_path)
    assert (told(cohort), cohort.n_patients, lost) == ([DIABETES, WARFARIN], 3, {})


def test_tabs_make_quotation_marks_letters(tmp_path: Path) -> None:
    """Athena's vocabularies quote nothing: a name may begin with a quotation mark that never closes."""
    concepts = 'concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_code\n1310149\t"warfarin\tDrug\tRxNorm\t11289\n201826\tDiabetes\tCondition\tSNOMED\t44054006\n'
    cohort, _ = read(export(tmp_path, CONCEPT=concepts))
    assert cohort.concepts["name"].to_list() == ['"warfarin', "Diabetes"]


@pytest.mark.parametrize(
    ("standard", "source", "code"),
    [
        ("0", "201826", "snomedct:44054006"), ("", "201826", "snomedct:44054006"), ("201826", "44830079", "snomedct:44054006"),
        ("999", "44830079", "icd10cm:I10"), ("3004501", "44830079", "icd10cm:I10"), ("201826.0", "", "snomedct:44054006"),
    ],
)
def test_the_source_concept_stands_in_for_a_standard_one_that_says_nothing(tmp_path: Path, standard: str, source: str, code: str) -> None:
    """0, empty, not in CONCEPT, or of a vocabulary that names no disease: then the source concept; else the standard one."""
    cohort, lost = read(export(tmp_path, CONDITION_OCCURRENCE=f"{CONDITIONS}1,2,{standard},2012-05-01,{source}\n"))
    assert (told(cohort)[0], lost) == ((date(2012, 5, 1), code), {})


def test_unusable_rows_are_counted_by_table_and_reason(tmp_path: Path) -> None:
    """Every row is an event or counted, under the name of its table; a disease given as a drug's source concept is no drug."""
    rows = "1,2,0,2012-05-01,0\n2,2,999,2012-05-01,0\n3,2,5,2012-05-01,\n4,2,3004501,2012-05-01,0\n5,77,201826,2012-05-01,0\n6,2,201826,May,0\n7,2,201826,,0\n"
    drugs = "1,2,0,2012-05-01,201826\n2,2,19000001,2012-05-01,0\n3,2,40213251,2012-05-01,0\n"
    cohort, lost = read(export(tmp_path, CONDITION_OCCURRENCE=CONDITIONS + rows, DRUG_EXPOSURE=DRUGS + drugs))
    assert told(cohort) == [(date(2012, 5, 1), "cvx:21")]
    assert lost == {
        ("CONDITION_OCCURRENCE", "both concept_ids are 0 or empty"): 1,
        ("CONDITION_OCCURRENCE", "the concept is not in CONCEPT, or has no name there"): 2,
        ("CONDITION_OCCURRENCE", "the vocabulary, code and domain of the concept name no disease"): 1,
        ("CONDITION_OCCURRENCE", "the person is not in PERSON"): 1,
        ("CONDITION_OCCURRENCE", "the day is missing or no date"): 2,
        ("DRUG_EXPOSURE", "the vocabulary, code and domain of the concept name no drug"): 2,
    }


def test_tables_that_are_not_read_are_counted(tmp_path: Path) -> None:
    """Measurements, observations and procedures are set aside, each table with its number of rows."""
    tables = {"MEASUREMENT": "measurement_id,person_id\n1,2\n2,3\n", "OBSERVATION": "observation_id\n1\n", "PROCEDURE_OCCURRENCE": "procedure_occurrence_id\n"}
    _, lost = read(export(tmp_path, **tables))
    assert lost == {("MEASUREMENT", "events of this table are not read"): 2, ("OBSERVATION", "events of this table are not read"): 1}


def test_a_history_of_a_disease_is_no_disease(tmp_path: Path) -> None:
    """Exports put it into CONDITION_OCCURRENCE with standard concept 0; its own domain says Observation."""
    cohort, lost = read(export(tmp_path, CONDITION_OCCURRENCE=f"{CONDITIONS}1,2,0,2012-05-01,4163874\n"))
    assert told(cohort) == [WARFARIN]
    assert lost == {("CONDITION_OCCURRENCE", "the vocabulary, code and domain of the concept name no disease"): 1}


@pytest.mark.parametrize("written", ["2012-05-01", "2012-05-01 13:14:15", "2012-05-01T00:00:00", "20120501", " 2012-05-01 "])
def test_days_are_read_as_exports_write_them(tmp_path: Path, written: str) -> None:
    """With or without a time of day, with or without hyphens."""
    cohort, _ = read(export(tmp_path, CONDITION_OCCURRENCE=f"{CONDITIONS}1,2,201826,{written},0\n"))
    assert told(cohort)[0] == DIABETES


ERAS = "drug_era_id,person_id,drug_concept_id,drug_era_start_date\n1,3,40213251,2013-01-01\n"


def test_eras_stand_in_for_missing_or_empty_exposures(tmp_path: Path) -> None:
    """Without DRUG_EXPOSURE, or with one without rows, DRUG_ERA is read; beside exposures it is not, and is not counted."""
    both = read(export(tmp_path, DRUG_ERA=ERAS))
    assert (told(both[0]), both[1]) == ([DIABETES, WARFARIN], {})
    for change in (lambda path: path.write_text(DRUGS), Path.unlink):
        change(tmp_path / "DRUG_EXPOSURE.csv")
        cohort, lost = read(tmp_path)
        assert (told(cohort), lost) == ([DIABETES, (date(2013, 1, 1), "cvx:21")], {})


def test_eras_are_read_where_they_are_preferred(tmp_path: Path) -> None:
    """Then the exposures are set aside, all of them; eras without rows are not preferred to anything."""
    cohort, lost = read(export(tmp_path, DRUG_ERA=ERAS), prefer_eras=(Kind.DRUG,))
    assert told(cohort) == [DIABETES, (date(2013, 1, 1), "cvx:21")]
    assert lost == {("DRUG_EXPOSURE", "the eras made of this table are read in its place"): 1}
    cohort, lost = read(export(tmp_path, DRUG_ERA=ERAS.splitlines()[0] + "\n"), prefer_eras=(Kind.DRUG,))
    assert (told(cohort), lost) == ([DIABETES, WARFARIN], {})


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("PERSON", r"has no PERSON \(any of \.csv, \.csv\.gz, \.parquet\)"), ("CONCEPT", "has no CONCEPT"),
        ("DRUG_EXPOSURE", "has neither DRUG_EXPOSURE nor DRUG_ERA"), ("CONDITION_OCCURRENCE", "has neither CONDITION_OCCURRENCE nor CONDITION_ERA"),
    ],
)
def test_a_missing_table_is_named(tmp_path: Path, missing: str, message: str) -> None:
    """Each table that has to be there is named where it is not."""
    (export(tmp_path) / f"{missing}.csv").unlink()
    with pytest.raises(BadTable, match=message):
        read(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder that is not there is another error than one without tables."""
    with pytest.raises(NotThere, match="gone is no folder"):
        read(tmp_path / "gone")


def test_a_table_in_two_files_is_refused(tmp_path: Path) -> None:
    """Which of the two is meant cannot be told."""
    export(tmp_path)
    (tmp_path / "person.CSV").write_text(TABLES["PERSON"])
    with pytest.raises(BadTable, match=r"the table PERSON more than once: PERSON\.csv, person\.CSV"):
        read(tmp_path)


DAMAGE: Mapping[str, tuple[str, str]] = {
    "columns missing": (f"condition_occurrence_id,person_id\n1,{PATIENT}\n", r"lacks the columns condition_start_date, condition_concept_id, condition_source_concept_id"),
    "no header": (f"1,{PATIENT},201826,2012-05-01,0\n", "lacks the columns person_id, .*; its first line should name them"),
    "a field too many": (f"{CONDITIONS}1,{PATIENT},201826,2012-05-01,0\n2,{PATIENT},201826,2012-05-01,0,surplus\n", "line 3 has more fields than the header"),
    "nothing": ("", "it has no header"),
}


@pytest.mark.parametrize(("text", "message"), DAMAGE.values(), ids=list(DAMAGE))
def test_damage_is_told_without_the_patient(tmp_path: Path, text: str, message: str) -> None:
    """A table that cannot be read is refused with file and line, and neither the message nor its cause quotes a row."""
    with pytest.raises(BadTable, match=message) as raised:
        read(export(tmp_path, CONDITION_OCCURRENCE=text))
    assert "CONDITION_OCCURRENCE.csv" in str(raised.value)
    assert PATIENT not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("name", ["person.csv.gz", "person.parquet"])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    """Half of a compressed file or of a Parquet file is an error that names it."""
    (export(tmp_path) / "PERSON.csv").unlink()
    (as_csv_gz if name.endswith("gz") else as_parquet)(tmp_path, "person", TABLES["PERSON"])
    path = next(path for path in tmp_path.iterdir() if path.name.lower() == name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadTable, match=r"(?i)person\..* cannot be read"):
        read(tmp_path)


def test_a_row_cut_short_is_set_aside(tmp_path: Path) -> None:
    """Fields that are missing at the end of a line are empty ones."""
    _, lost = read(export(tmp_path, CONDITION_OCCURRENCE=f"{CONDITIONS}1,2,201826\n"))
    assert lost == {("CONDITION_OCCURRENCE", "the day is missing or no date"): 1}
