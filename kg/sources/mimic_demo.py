"""MIMIC-IV demo: 100 patients of a hospital in Boston, de-identified and open, as an OMOP export; diseases that occur together.

The export leaves the standard vocabularies out, so a concept_id says nothing, and the code that was billed does: `78791  ` of ICD-9-CM,
`E785` of ICD-10-CM, without dots, both in one column. An admission is billed in one version; so `E872`, which both versions have, is of
the version of the codes beside it. All codes of an admission stand on its first day, so a window of 0 days is an admission.
Heart rhythms from the monitors are in the same table, in the words of the monitors, and are set aside. Drugs are not read: they are
packages with an NDC, which no open source names.

ICD codes are counted as phecodes where the maps are there: 100 patients are too few for most codes to be told by themselves.
What is counted: see `kg.cohort.omop` and `kg.cohort.telling`.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from generel.concepts.kinds import Kind
from kg.cohort.codes import EITHER_ICD
from kg.cohort.omop import read_omop
from kg.cohort.omop_concepts import Reading
from kg.cohort.omop_files import Export
from kg.cohort.store import EventStore
from kg.cohort.telling import counting_of, map_cohort, tell_cohort
from kg.harvest import Harvest, SetAside
from kg.sources.phecode import ICD9_MAP, PGRM_MAP
from kg.sources.record import File, Source

PLACE = "https://physionet.org/files/mimic-iv-demo-omop/0.9/1_omop_data_csv"
TABLES = {"PERSON": "person.csv", "CONDITION_OCCURRENCE": "condition_occurrence.csv"}
READING = Reading(kinds=(Kind.DISEASE,), vocabularies={Kind.DISEASE: EITHER_ICD})


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """COOCCURRENCES of diseases within the window, and CONCEPTS of the phecodes in them.

    Raises:
        BadTable: as `read_omop`.
    """
    set_aside = SetAside(source.name)
    export = Export(source.title, {table: [files[name]] for table, name in TABLES.items()})
    with EventStore() as store:
        cohort = read_omop(export, store, set_aside=set_aside, reading=READING)
        return tell_cohort(map_cohort(cohort, files, set_aside=set_aside), counting_of(source), source, set_aside=set_aside)


SOURCE = Source(
    name="mimic_demo",
    title="MIMIC-IV demo in the OMOP Common Data Model",
    version="0.9",
    license="ODbL-1.0",
    citation=(
        "Kallfelz M et al. MIMIC-IV demo data in the OMOP Common Data Model (version 0.9). PhysioNet. 2021. https://doi.org/10.13026/p1f5-7x35. "
        "Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation. 2000;101(23):e215-e220."
    ),
    homepage="https://physionet.org/content/mimic-iv-demo-omop/0.9/",
    files=(
        File("person.csv", f"{PLACE}/person.csv", local="ehr/mimic_iv_demo_omop/person.csv"),
        File("condition_occurrence.csv", f"{PLACE}/condition_occurrence.csv", local="ehr/mimic_iv_demo_omop/condition_occurrence.csv.gz"),
        replace(PGRM_MAP, name="roll_up.csv", optional=True),
        replace(ICD9_MAP, name="roll_up_names.csv", optional=True),
    ),
    gives=("CONCEPTS", "COOCCURRENCES"),
    read=read,
    expected={"CONCEPTS": 20, "COOCCURRENCES": 40},
    parameters={"cohort": "mimic-iv-demo", "window_days": 30},
)
