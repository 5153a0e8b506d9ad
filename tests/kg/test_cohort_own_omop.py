"""A user's OMOP export as `[[own]]` of a recipe: which codes count, in which order, and what is refused."""

from pathlib import Path

import pytest
from test_omop import CONDITIONS, DRUGS, ERAS, TABLES, export, read, told

from generel.concepts.errors import BadInput, BadTable
from generel.concepts.kinds import Kind
from kg.cohort.codes import EITHER, NOT_OF_VOCABULARY
from kg.cohort.omop_concepts import NO_VALUE, OTHER_VALUE
from kg.harvest import Harvest
from kg.own_data import read_own_sources
from kg.sources.record import Source

VALUES = "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_concept_id,visit_occurrence_id,condition_source_value\n"
VALUED_DRUGS = DRUGS.strip() + ",drug_source_value\n"


def own(folder: Path, **settings: object) -> Source:
    """The source of an entry of the format `omop`."""
    faults: list[str] = []
    entry = {"name": "ours", "format": "omop", "file": "export", "license": "private", "minimum_patients": 1, **settings}
    sources = read_own_sources([entry], folder=folder, faults=faults)
    assert faults == []
    return sources[0]


def harvest(folder: Path, **settings: object) -> Harvest:
    source = own(folder, **settings)
    return source.read({"file": folder}, source)


def pairs(found: Harvest) -> list[tuple[str, str]]:
    return found.cooccurrences.select("left", "right").rows()


BOTH = f"{DRUGS}1,2,1310149,2012-05-02,0\n"
ONE_PATIENT = {"CONDITION_OCCURRENCE": f"{CONDITIONS}1,2,201826,2012-05-01,44830079\n", "DRUG_EXPOSURE": BOTH}


def test_an_export_becomes_co_occurrences_and_named_concepts(tmp_path: Path) -> None:
    """The standard codes, their names, and the drug by its name for other sources."""
    found = harvest(export(tmp_path, **ONE_PATIENT), window_days=30)
    assert found.cooccurrences.select("left", "right", "cohort", "n_together", "n_patients", "window_days").rows() == [("rxnorm:11289", "snomedct:44054006", "ours", 1, 3, 30)]
    assert found.concepts.select("curie", "kind").rows() == [("rxnorm:11289", "drug"), ("snomedct:44054006", "disease")]
    assert found.mappings.select("subject", "object").rows() == [("rxnorm:11289", "~drug:warfarin")]


def test_recorded_codes_come_first_where_they_are_asked_for(tmp_path: Path) -> None:
    """ICD-10-CM in place of SNOMED, so that a roll-up finds it."""
    folder = export(tmp_path, **ONE_PATIENT)
    assert pairs(harvest(folder, codes="source")) == [("icd10cm:I10", "rxnorm:11289")]
    (tmp_path / "map.csv").write_text('"icd","flag","phecode"\n"I10",10,"401.1"\n')
    source = own(folder, codes="source", roll_up="map.csv")
    assert pairs(source.read({"file": folder, "roll_up": tmp_path / "map.csv"}, source)) == [("phecode:401.1", "rxnorm:11289")]


def test_eras_are_read_unless_they_are_not_wanted(tmp_path: Path) -> None:
    """The drug of DRUG_ERA, or that of DRUG_EXPOSURE."""
    folder = export(tmp_path, **(ONE_PATIENT | {"DRUG_ERA": ERAS.replace("1,3,", "1,2,")}))
    assert [pairs(harvest(folder, eras=eras)) for eras in (True, False)] == [[("cvx:21", "snomedct:44054006")], [("rxnorm:11289", "snomedct:44054006")]]


def test_recorded_values_stand_in_where_there_are_no_vocabularies(tmp_path: Path) -> None:
    """Without CONCEPT, `*_source_value` says the codes; two versions of ICD are told apart by the visit."""
    rows = ["1,2,201826,2012-05-01,0,v1,4019", "2,2,0,2012-05-01,0,v1,E8798", "3,3,0,2012-05-01,0,v2,E872", "4,3,0,2012-05-01,0,v2,I10", "5,3,0,2012-05-01,0,v3,E872", "6,3,0,2012-05-01,0,,E872", "7,3,0,2012-05-01,0,v2,AF", "8,3,0,2012-05-01,0,v2,"]
    drugs = ["1,2,0,2012-05-02,0,0002-7510-01", "2,2,0,2012-05-02,0,5% Dextrose"]
    folder = export(tmp_path, CONDITION_OCCURRENCE=VALUES + "\n".join(rows), DRUG_EXPOSURE=VALUED_DRUGS + "\n".join(drugs))
    (folder / "CONCEPT.csv").unlink()
    cohort, lost = read(folder, vocabularies={Kind.DISEASE: "icd", Kind.DRUG: "ndc"})
    assert sorted({code for _, code in told(cohort)}) == ["icd10cm:E87.2", "icd10cm:I10", "icd9cm:401.9", "icd9cm:E879.8", "ndc:00002751001"]
    assert lost == {
        ("CONDITION_OCCURRENCE", EITHER): 2, ("CONDITION_OCCURRENCE", NOT_OF_VOCABULARY): 1, ("CONDITION_OCCURRENCE", NO_VALUE): 1, ("DRUG_EXPOSURE", NOT_OF_VOCABULARY): 1,
    }
    assert pairs(harvest(folder, condition_vocabulary="ICD", drug_vocabulary="NDC"))[0] == ("icd10cm:E87.2", "icd10cm:I10")


def test_a_visit_of_both_versions_decides_nothing(tmp_path: Path) -> None:
    """Where codes of both stand in one visit, an ambiguous one is set aside."""
    rows = "1,2,0,2012-05-01,0,v1,4019\n2,2,0,2012-05-01,0,v1,I10\n3,2,0,2012-05-01,0,v1,E872\n"
    _, lost = read(export(tmp_path, CONDITION_OCCURRENCE=VALUES + rows), vocabularies={Kind.DISEASE: "icd"})
    assert lost == {("CONDITION_OCCURRENCE", EITHER): 1}


def test_concepts_that_are_known_come_before_recorded_values(tmp_path: Path) -> None:
    """A recorded value only stands in; one of another kind is none."""
    rows = "1,2,201826,2012-05-01,0,v1,4019\n2,2,0,2012-05-01,0,v1,1310149\n"
    folder = export(tmp_path, CONDITION_OCCURRENCE=VALUES + rows)
    assert told(read(folder, vocabularies={Kind.DISEASE: "icd9cm"})[0])[0][1] == "snomedct:44054006"
    assert ("CONDITION_OCCURRENCE", OTHER_VALUE.format(kind="disease")) in read(folder, vocabularies={Kind.DISEASE: "rxnorm"})[1]


def test_tables_of_kinds_that_are_not_read_need_not_be_there(tmp_path: Path) -> None:
    """Diseases alone, of an export without drugs."""
    folder = export(tmp_path)
    (folder / "DRUG_EXPOSURE.csv").unlink()
    assert [code for _, code in told(read(folder, kinds=(Kind.DISEASE,))[0])] == ["snomedct:44054006"]
    with pytest.raises(BadTable, match="has neither DRUG_EXPOSURE nor DRUG_ERA"):
        read(folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"codes": "mine"}, "'codes' of ours should be 'standard' or 'source', not 'mine'"), ({"condition_vocabulary": "OPCS4"}, "has the vocabulary 'OPCS4', which is none that we know")],
)
def test_impossible_settings_are_refused(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    """With what may be."""
    with pytest.raises(BadInput, match=message):
        harvest(export(tmp_path), **settings)


def test_nothing_of_a_patient_is_in_any_table(tmp_path: Path) -> None:
    """Neither a person_id nor a date nor the code of a single patient."""
    found = harvest(export(tmp_path, PERSON=TABLES["PERSON"]), minimum_patients=2)
    written = "".join(str(frame.rows()) for frame in vars(found).values())
    assert not [word for word in ("8675309", "2012", "44054006", "11289") if word in written]
    assert found.cooccurrences.is_empty()
