"""Eunomia: 28 synthetic patients of New Jersey that Synthea made up, as a zip file of an OMOP 5.4 export.

Nothing in it was observed, and of so few patients hardly a pair is told; it is here as the export that everybody who works with OMOP
has, in the form in which it is handed out. Its DRUG_ERA is empty, so drugs are the products of DRUG_EXPOSURE.
What is counted: see `kg.cohort.omop` and `kg.cohort.telling`.
"""

from collections.abc import Mapping
from pathlib import Path

from kg.cohort import own_omop
from kg.harvest import Harvest
from kg.sources.record import File, Source

ARCHIVE = "Synthea27Nj_5.4.zip"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """COOCCURRENCES of diseases and drugs, ever in a patient's life, CONCEPTS of the codes in them, and MAPPINGS of the drugs to their names.

    Raises:
        UnsafeArchive, BadInput: a zip file that is not to be trusted, or is damaged.
        BadTable: as `read_omop`.
    """
    return own_omop.read({"file": files[ARCHIVE]}, source)


SOURCE = Source(
    name="eunomia",
    title="Eunomia: Synthea's 28 synthetic patients of New Jersey in the OMOP Common Data Model",
    version="5.4",
    license="Apache-2.0",
    citation=(
        "Schuemie M, DeFalco F. Eunomia: standard datasets in the OMOP Common Data Model. "
        "Walonoski J et al. Synthea: an approach, method, and software mechanism for generating synthetic patients and the synthetic electronic health care record. J Am Med Inform Assoc. 2018;25(3):230-238."
    ),
    homepage="https://github.com/OHDSI/EunomiaDatasets",
    files=(
        File(ARCHIVE, f"https://github.com/OHDSI/EunomiaDatasets/raw/main/datasets/Synthea27Nj/{ARCHIVE}", local="ehr/Eunomia_Synthea27Nj_5.4.zip"),
    ),
    gives=("CONCEPTS", "COOCCURRENCES", "MAPPINGS"),
    read=read,
    expected={"CONCEPTS": 6, "COOCCURRENCES": 14},
    synthetic=True,
    parameters={"cohort": "eunomia-synthea27nj"},
)
