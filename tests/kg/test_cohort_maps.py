"""Maps from codes to concepts: their layouts, the most specific phecode, and codes counted as what they are mapped to."""

from pathlib import Path

import polars as pl
import pytest

from generel.concepts.errors import BadTable
from kg.cohort.code_maps import (
    BAD_CODE,
    BAD_PHECODE,
    NO_CURIES,
    NO_PHECODE,
    NOT_THE_SAME,
    TWO_CONCEPTS,
    apply_map,
    read_code_map,
    read_roll_up,
)
from kg.cohort.code_names import AGAIN, NO_CURIE, NO_NAME, read_names
from kg.harvest import SetAside

PGRM = """"icd","flag","phecode"
"250.42",9,"250"
"250.42",9,"250.2"
"250.42",9,"250.22"
"E11.21",10,"250"
"E11.21",10,"250.2"
"E11.21",10,"250.22"
"E11.21",10,"585"
"I10",10,"401.1"
"I10",12,"401"
"Q99",10,"unknown"
"""
SSSOM = """# curie_map:
#   MONDO: http://purl.obolibrary.org/obo/MONDO_
subject_id\tsubject_label\tpredicate_id\tobject_id\tobject_label\tmapping_justification
MONDO:0005148\ttype 2 diabetes mellitus\tskos:exactMatch\tICD10CM:E11\tType 2 diabetes mellitus\tsemapv:ManualMappingCuration
MONDO:0005015\tdiabetes mellitus\tskos:broadMatch\tICD10CM:E11.9\tx\tsemapv:ManualMappingCuration
MONDO:0015766\tcholera\tskos:exactMatch\tICD10CM:A00\tCholera\tsemapv:ManualMappingCuration
MONDO:0000190\tventricular fibrillation\tskos:exactMatch\tICD10CM:I49.0\tx\tsemapv:ManualMappingCuration
MONDO:0000191\tventricular flutter\tskos:exactMatch\tICD10CM:I49.0\tx\tsemapv:ManualMappingCuration
MONDO:1\tbad\tskos:exactMatch\tICD10CM:I10\tx\tsemapv:ManualMappingCuration
"""


def reasons(set_aside: SetAside) -> dict[str, int]:
    return {f"{key}: {reason}": n for _, _, key, reason, n in set_aside.frame().rows()}


def test_a_code_rolls_up_to_its_most_specific_phecodes(tmp_path: Path) -> None:
    """250 and 250.2 beside 250.22 only repeat it; 585, which is elsewhere, does not; the flag says which ICD the code is of."""
    (tmp_path / "map.csv").write_text(PGRM)
    set_aside = SetAside("test")
    assert read_roll_up(tmp_path / "map.csv", set_aside=set_aside).rows() == [
        ("icd10cm:E11.21", "phecode:250.22", None), ("icd10cm:E11.21", "phecode:585", None), ("icd10cm:I10", "phecode:401.1", None), ("icd9cm:250.42", "phecode:250.22", None),
    ]
    assert reasons(set_aside) == {f"map.csv: {BAD_CODE}": 1, f"map.csv: {BAD_PHECODE}": 1}


@pytest.mark.parametrize(("icd", "code", "curie"), [("ICD9", "250.40", "icd9cm:250.40"), ("ICD10", "E11", "icd10:E11")])
def test_maps_that_name_phecodes_are_read_as_well(tmp_path: Path, icd: str, code: str, curie: str) -> None:
    """The layouts of pyPheWAS have a column of the code's own version, and a name."""
    (tmp_path / "map.csv").write_text(f'{icd},{icd} String,PheCode,Phenotype,Excl. Phecodes\n{code},"Diabetes, type 2",250.2,Type 2 diabetes,249\n{code},x,,,\n')
    set_aside = SetAside("test")
    assert read_roll_up(tmp_path / "map.csv", set_aside=set_aside).rows() == [(curie, "phecode:250.2", "Type 2 diabetes")]
    assert reasons(set_aside) == {f"map.csv: {NO_PHECODE}": 1}


def test_another_table_is_no_roll_up(tmp_path: Path) -> None:
    """A file without a column that says what its codes are is refused."""
    (tmp_path / "map.csv").write_text("code,concept\nI10,x\n")
    with pytest.raises(BadTable, match=r"no map from ICD to phecodes: it should have one of the columns icd, ICD9, ICD10; it has code, concept"):
        read_roll_up(tmp_path / "map.csv", set_aside=SetAside("test"))


def test_only_exact_and_undisputed_matches_make_a_code_a_concept(tmp_path: Path) -> None:
    """A broader match is none, and a code that two concepts claim is neither's."""
    (tmp_path / "map.tsv").write_text(SSSOM)
    set_aside = SetAside("test")
    assert read_code_map(tmp_path / "map.tsv", set_aside=set_aside).rows() == [
        ("icd10cm:A00", "mondo:0015766", "cholera"), ("icd10cm:E11", "mondo:0005148", "type 2 diabetes mellitus"),
    ]
    assert reasons(set_aside) == {f"map.tsv: {NOT_THE_SAME}": 1, f"map.tsv: {TWO_CONCEPTS}": 2, f"map.tsv: {NO_CURIES}": 1}


def test_a_denied_mapping_is_none(tmp_path: Path) -> None:
    """`Not` in predicate_modifier says that the two are not the same."""
    (tmp_path / "map.tsv").write_text("subject_id\tpredicate_id\tpredicate_modifier\tobject_id\nMONDO:0005148\tskos:exactMatch\tNot\tICD10CM:E11\n")
    assert read_code_map(tmp_path / "map.tsv", set_aside=SetAside("test")).is_empty()


def test_codes_without_a_concept_stay() -> None:
    """A code becomes all of its concepts, another stays what it is, and two codes of one number that become one are one."""
    meanings = pl.DataFrame({"number": [0, 1, 2, 2], "code": ["a", "b", "c", "d"]}, schema={"number": pl.UInt32, "code": pl.String})
    codes = pl.DataFrame({"code": ["a", "a", "c", "d"], "concept": ["x", "y", "z", "z"], "name": None})
    assert apply_map(meanings, codes).rows() == [(0, "x"), (0, "y"), (1, "b"), (2, "z")]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_names_are_read_with_commas_or_tabs(tmp_path: Path, separator: str) -> None:
    """The first name of a code counts; codes that are none, and codes without a name, are set aside by line."""
    rows = [("code", "name"), ("ICD10CM:I10", "Hypertension"), ("icd10cm:I10", "High blood pressure"), ("what", "What"), ("ICD10CM:I11", "")]
    (tmp_path / "names").write_text("\n".join(separator.join(row) for row in rows))
    set_aside = SetAside("test")
    assert read_names(tmp_path / "names", set_aside=set_aside).rows() == [("icd10cm:I10", "Hypertension")]
    assert reasons(set_aside) == {f"names:3: {AGAIN}": 1, f"names:4: {NO_CURIE}": 1, f"names:5: {NO_NAME}": 1}
