"""repoDB: drugs approved for an indication, and drugs whose trials for one were stopped.

Two traps. Each failed row is a trial of its own, and a pair may stand in many; stopped is not the same as without effect (many trials
ran out of money or patients), so `failed_for` has confidence 0.5. And the trials' drugs were found by parts of names, so that
'prednisolone' brought the number of methylprednisolone along: one failed row in ten pairs a number with another drug's name. The name
stands in the link of the first column (the column `drug_name` is empty in 260 rows). What a number is called, its approved rows
say; rows that call it something else are set aside, for nobody can say which of the two was tried.

A pair that is approved and failed as well is approved. Indications are concepts of UMLS, whose semantic type tells disease from phenotype.

What is counted: every line is in a relation (the trials of one pair share it) or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.record import File, Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_relations

FILE = "repodb.tsv"
COLUMNS = ("Drug", "drug_id", "ind_name", "ind_id", "sem_type", "status")
LINKED_NAME = r">\s*([^<>]*?)\s*\(DBID: [^)]*\)\s*</a>"
APPROVED, FAILED = "Approved", ("Suspended", "Terminated", "Withdrawn")
FAILED_CONFIDENCE = 0.5
KINDS: Mapping[str, Kind] = {
    "Acquired Abnormality": Kind.DISEASE,
    "Cell or Molecular Dysfunction": Kind.DISEASE,
    "Congenital Abnormality": Kind.DISEASE,
    "Disease or Syndrome": Kind.DISEASE,
    "Finding": Kind.PHENOTYPE,
    "Injury or Poisoning": Kind.DISEASE,
    "Mental or Behavioral Dysfunction": Kind.DISEASE,
    "Neoplastic Process": Kind.DISEASE,
    "Pathologic Function": Kind.DISEASE,
    "Sign or Symptom": Kind.PHENOTYPE,
}


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of drugs and indications, RELATIONS drug treats or failed_for indication.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = _without_other_drugs(_read_rows(path, set_aside=set_aside), path=path, set_aside=set_aside)
    approved = rows.filter(pl.col("status") == APPROVED).select("drug", "indication").unique()
    both = rows.join(approved.with_columns(approved=True), on=["drug", "indication"], how="left", maintain_order="left")
    faults = [((pl.col("status") != APPROVED) & pl.col("approved"), "the drug is approved for the indication in another row")]
    kept = sift(both, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)
    is_approved = pl.col("status") == APPROVED
    ties = kept.select(
        subject="drug",
        predicate=pl.when(is_approved).then(pl.lit("treats")).otherwise(pl.lit("failed_for")),
        object="indication",
        confidence=pl.when(is_approved).then(1.0).otherwise(FAILED_CONFIDENCE),
    )
    return Harvest(concepts=stamp_concepts(_name(kept), source), relations=stamp_relations(ties, source), set_aside=set_aside.frame())


def _read_rows(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """The rows with `drug, indication` (CURIEs), `drug_name` (from the link), `kind` of the indication, and the file's columns."""
    rows = read_rows(path, columns=COLUMNS, table="RELATIONS", set_aside=set_aside)
    rows = rows.with_columns(
        drug=canonicalize_as(rows["drug_id"], "drugbank"),
        indication=canonicalize_as(rows["ind_id"], "umls"),
        drug_name=pl.col("Drug").str.extract(LINKED_NAME),
        kind=pl.col("sem_type").replace_strict({name: kind.value for name, kind in KINDS.items()}, default=None, return_dtype=pl.String),
    )
    faults = [
        (pl.col("drug").is_null(), "the drug's identifier is not one of DrugBank"),
        (pl.col("indication").is_null(), "the indication's identifier is not one of UMLS"),
        (pl.col("drug_name").fill_null("") == "", "the drug has no name in the first column"),
        (pl.col("ind_name") == "", "the indication has no name"),
        (pl.col("kind").is_null(), "the semantic type is none of a disease or phenotype"),
        (~pl.col("status").is_in([APPROVED, *FAILED]), "the status is none of repoDB"),
    ]
    return sift(rows, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside)


def _without_other_drugs(rows: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """The rows that call their drug by its own name, as `drug_names` has it."""
    named = rows.join(drug_names(rows).rename({"drug_name": "own_name"}), on="drug", how="left", maintain_order="left")
    faults = [(pl.col("drug_name").ne_missing(pl.col("own_name")), "the identifier belongs to another drug than the one that the row names")]
    return sift(named, faults, table="RELATIONS", key=line_key(path), set_aside=set_aside).drop("own_name")


def drug_names(rows: pl.DataFrame) -> pl.DataFrame:
    """`drug, drug_name`: the name that most approved rows give; of a drug without any, that of most rows, others' names left out.

    Of names that are equally frequent the alphabetically first counts.
    """
    by_approval = _most_frequent(rows.filter(pl.col("status") == APPROVED))
    others = rows.join(by_approval, on="drug", how="anti").join(by_approval, on="drug_name", how="anti")
    return pl.concat([by_approval, _most_frequent(others)])


def _most_frequent(rows: pl.DataFrame) -> pl.DataFrame:
    counts = rows.group_by("drug", "drug_name").len().sort("len", "drug_name", descending=[True, False])
    return counts.unique("drug", keep="first", maintain_order=True).select("drug", "drug_name")


def _name(rows: pl.DataFrame) -> pl.DataFrame:
    """`curie, kind, name, synonyms` of all drugs and indications; the first name counts, others are synonyms, and so with kinds."""
    drugs = rows.select(curie="drug", kind=pl.lit(Kind.DRUG.value), name="drug_name")
    indications = rows.select(curie="indication", kind="kind", name="ind_name")
    named = pl.concat([drugs, indications]).unique(maintain_order=True).group_by("curie", maintain_order=True)
    return named.agg(kind=pl.col("kind").first(), name=pl.col("name").first(), synonyms=pl.col("name").slice(1))


SOURCE = Source(
    name="repodb",
    title="repoDB: approved and failed drug indications",
    version="2017-03",
    license="none stated; CC-BY-SA-4.0 (DrugCentral); public (ClinicalTrials.gov)",
    citation="Brown AS, Patel CJ. A standard database for drug repositioning. Sci Data. 2017;4:170029.",
    homepage="http://apps.chiragjpgroup.org/repoDB/",
    # The table behind the web application, which hands it to a browser and has no address of its own: a path that the user gives.
    files=(File(FILE, FILE, local="relatedness/repodb.tsv.gz"),),
    gives=("CONCEPTS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 3_400, "RELATIONS": 9_200},
)
