"""The format `omop`: a user's own export in the OMOP Common Data Model, counted as a cohort; nothing of a patient is written anywhere.

    [[own]]
    name = "our_hospital"
    format = "omop"
    file = "export/"                  # a folder or a zip file
    license = "private"
    window_days = 30                  # both codes at most so many days apart; for ever if left out
    eras = false                      # read DRUG_EXPOSURE though there is DRUG_ERA, whose drugs are ingredients
    codes = "source"                  # the codes as recorded, ICD say, before the standard ones of SNOMED; roll-ups need it
    condition_vocabulary = "icd"      # what condition_source_value is of, if CONCEPT does not have its codes
    drug_vocabulary = "NDC"           # the same of drug_source_value
    roll_up = "icd_to_phecode.csv"    # count ICD codes as phecodes
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from generel.concepts.errors import BadInput
from generel.concepts.kinds import Kind
from kg.cohort.codes import EITHER_ICD
from kg.cohort.omop import read_omop
from kg.cohort.omop_concepts import Reading
from kg.cohort.omop_files import open_export
from kg.cohort.omop_tables import EVERY_TABLE
from kg.cohort.store import EventStore
from kg.cohort.telling import COUNTING, MAPS, counting_of, map_cohort, tell_cohort
from kg.curies import SPELLED
from kg.harvest import MENTION, Harvest, SetAside
from kg.own_format import Format
from kg.sources.record import Source
from kg.sources.stamp import stamp_mappings

STANDARD, RECORDED = "standard", "source"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """COOCCURRENCES of diseases and drugs in the export, CONCEPTS of those codes, and MAPPINGS of drugs that other sources call alike.

    Raises:
        BadInput: a setting that cannot be, or a zip file that is damaged.
        UnsafeArchive: a zip file that is not to be trusted.
        NotThere, BadTable: as `read_omop`.
    """
    set_aside, counting, reading = SetAside(source.name), counting_of(source), reading_of(source)
    with open_export(files["file"], EVERY_TABLE) as export, EventStore() as store:
        cohort = read_omop(export, store, set_aside=set_aside, reading=reading)
        harvest = tell_cohort(map_cohort(cohort, files, set_aside=set_aside), counting, source, set_aside=set_aside)
    return replace(harvest, mappings=stamp_mappings(name_ingredients(harvest.concepts), source))


def reading_of(source: Source) -> Reading:
    """How the parameters of the source say that an export is read.

    Raises:
        BadInput: a parameter that cannot be.
    """
    parameters = source.parameters
    codes = parameters.get("codes", STANDARD)
    if codes not in (STANDARD, RECORDED):
        raise BadInput(f"the setting 'codes' of {source.name} should be '{STANDARD}' or '{RECORDED}', not {codes!r}")
    given = {kind: str(parameters[name]) for kind, name in ((Kind.DISEASE, "condition_vocabulary"), (Kind.DRUG, "drug_vocabulary")) if name in parameters}
    if unknown := [word for word in given.values() if word.strip().lower() not in (*SPELLED, EITHER_ICD)]:
        raise BadInput(f"{source.name} has the vocabulary {unknown[0]!r}, which is none that we know, such as ICD9CM, ICD10CM, icd for both, NDC or RxNorm")
    eras = (Kind.DRUG,) if parameters.get("eras", True) else ()
    return Reading(prefer_eras=eras, prefer_source=codes == RECORDED, vocabularies={kind: word.strip().lower() for kind, word in given.items()})


def name_ingredients(concepts: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object, kind`: a drug of RxNorm is the drug that other sources call by its name, if one does."""
    drugs = concepts.filter(pl.col("curie").str.starts_with("rxnorm:"))
    named = f"{MENTION}{Kind.DRUG.value}:" + pl.col("name").str.strip_chars()
    return drugs.select(subject="curie", predicate=pl.lit("skos:exactMatch"), object=named, kind="kind")


FORMAT = Format(
    read=read, gives=("CONCEPTS", "COOCCURRENCES", "MAPPINGS"), more_files=MAPS,
    settings={**COUNTING, "eras": bool, "codes": str, "condition_vocabulary": str, "drug_vocabulary": str},
)
