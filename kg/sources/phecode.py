"""Phecodes 1.2: groups of ICD codes that stand for one disease in studies of health records, some of them below others.

From the maps of pyPheWAS, which name them. `250.2` holds 57 codes of ICD-9-CM and is none of them: only the one code that has the very
name of the phecode is mapped to it, and only where it belongs to no other. A phecode is below the one that has a digit less
(`250.22` below `250.2`) where the map says that it rolls up; the numbers alone do not say so. The map for ICD-10 is a beta for the
international ICD-10; cohorts are rolled up with the map of pgrm, which has ICD-10-CM whole and names nothing.

What is counted: every line gives its phecode, and is a mapping or set aside under the name of its file.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.cohort.code_maps import BAD_CODE, BAD_PHECODE, NO_PHECODE, parents_of
from kg.cohort.codes import ICD9, INTERNATIONAL, spell_codes
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.quoted_rows import read_quoted_rows
from kg.sources.record import File, Source
from kg.sources.rows import sift
from kg.sources.stamp import stamp_concepts, stamp_mappings, stamp_relations

PYPHEWAS = "https://raw.githubusercontent.com/MASILab/pyPheWAS/f06fab5f6b482da12153f4daffa2137a4327bfce/pyPheWAS/resources"
ICD9_MAP = File("icd9.csv", f"{PYPHEWAS}/phecode_map_v1_2_icd9.csv", local="ehr/phecode/pyPheWAS__phecode_map_v1_2_icd9.csv.gz")
ICD10_MAP = File("icd10.csv", f"{PYPHEWAS}/phecode_map_v1_2_icd10_beta.csv", local="ehr/phecode/pyPheWAS__phecode_map_v1_2_icd10_beta.csv.gz")
# Used by sources of cohorts. Its makers license it under the GPL-2.0; nothing of it is told on.
PGRM_MAP = File(
    "icd_to_phecode.csv", "https://raw.githubusercontent.com/PheWAS/pgrm/7bbc857303a9f78f041b1e78b7fa2c893056c9f7/data-raw/icd_to_phecode_V1_2.csv",
    local="ehr/phecode/pgrm__icd_to_phecode_V1_2.csv.gz",
)
NO_NAME = "the phecode has no name in this line"
ONE_OF_MANY = "the code is one of those that the phecode holds, and not the same"
RIVALS = "several codes have the phecode's name, or the code has several phecodes"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of the phecodes, with their category as definition; RELATIONS of the one above; MAPPINGS to codes of the same name.

    Raises:
        BadTable: columns missing.
    """
    set_aside = SetAside(source.name)
    nine = _read_map(files[ICD9_MAP.name], vocabulary=ICD9, set_aside=set_aside)
    ten = _read_map(files[ICD10_MAP.name], vocabulary=INTERNATIONAL, set_aside=set_aside)
    rows = pl.concat([nine, ten])
    same = pl.concat([_same(each, set_aside=set_aside) for each in (nine, ten)])
    kind = pl.lit(Kind.DISEASE.value)
    concepts = rows.unique("phecode", keep="first", maintain_order=True).select(
        curie="phecode", kind=kind, name="name", synonyms=pl.lit([], dtype=pl.List(pl.String)),
        definition=pl.when(pl.col("category") != "").then(pl.format("Category: {}", "category")),
    )
    mappings = same.select(subject="phecode", predicate=pl.lit("skos:exactMatch"), object="code", kind=kind)
    return Harvest(
        concepts=stamp_concepts(concepts, source), mappings=stamp_mappings(mappings, source),
        relations=stamp_relations(_rolled_up(rows), source), set_aside=set_aside.frame(),
    )


def _read_map(path: Path, *, vocabulary: str, set_aside: SetAside) -> pl.DataFrame:
    """`file, code, written, phecode, name, category, rolls_up`: the code as a CURIE or null, and its name as ICD has it."""
    icd = "ICD9" if vocabulary == ICD9 else "ICD10"
    wanted = [icd, f"{icd} String", "PheCode", "Phenotype", "category_string", *(["Rollup"] if vocabulary == ICD9 else [])]
    rows = read_quoted_rows(path, columns=wanted, table="CONCEPTS", set_aside=set_aside)
    spelled = spell_codes(rows.select(code=icd, vocabulary=pl.lit(vocabulary), beside=pl.lit(None, dtype=pl.String)))["curie"]
    rows = rows.with_columns(file=pl.lit(path.name), code=spelled, curie=canonicalize_as(rows["PheCode"], "phecode"))
    faults = [(pl.col("PheCode") == "", NO_PHECODE), (pl.col("curie").is_null(), BAD_PHECODE), (pl.col("Phenotype") == "", NO_NAME)]
    kept = sift(rows, faults, table="CONCEPTS", key=pl.col("file"), set_aside=set_aside)
    rolls_up = pl.col("Rollup").cast(pl.Float64, strict=False) == 1 if "Rollup" in kept.columns else pl.lit(False)
    return kept.select("file", "code", written=f"{icd} String", phecode="curie", name="Phenotype", category="category_string", rolls_up=rolls_up.fill_null(False))


def _same(rows: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """The rows whose code is the phecode by its very name, and the only one of its vocabulary."""
    rows = rows.with_columns(named=pl.col("name").str.to_lowercase() == pl.col("written").str.to_lowercase())
    rivals = pl.col("code").filter("named").n_unique().over("phecode"), pl.col("phecode").n_unique().over("code")
    rows = rows.with_columns(n_rivals=pl.max_horizontal(*rivals))
    faults = [(pl.col("code").is_null(), BAD_CODE), (~pl.col("named"), ONE_OF_MANY), (pl.col("n_rivals") > 1, RIVALS)]
    return sift(rows, faults, table="MAPPINGS", key=pl.col("file"), set_aside=set_aside).unique(["code", "phecode"])


def _rolled_up(rows: pl.DataFrame) -> pl.DataFrame:
    """`subject, predicate, object, confidence`: each phecode that rolls up below the one a digit shorter, if that has a name."""
    below = rows.filter("rolls_up").select("phecode", parent=parents_of(pl.col("phecode")).list.first()).unique().drop_nulls()
    known = below.filter(pl.col("parent").is_in(rows["phecode"].implode()))
    return known.select(subject="phecode", predicate=pl.lit("is_a"), object="parent", confidence=pl.lit(1.0))


SOURCE = Source(
    name="phecode",
    title="Phecodes",
    version="1.2",
    license="MIT",
    citation=(
        "Wu P et al. Mapping ICD-10 and ICD-10-CM codes to phecodes: workflow development and initial evaluation. JMIR Med Inform. 2019;7(4):e14325. "
        "Kerley CI et al. pyPheWAS: a phenome-disease association tool for electronic medical record analysis. Neuroinformatics. 2022;20(2):483-505."
    ),
    homepage="https://phewascatalog.org",
    files=(ICD9_MAP, ICD10_MAP),
    gives=("CONCEPTS", "MAPPINGS", "RELATIONS"),
    read=read,
    expected={"CONCEPTS": 1_750, "MAPPINGS": 800, "RELATIONS": 1_000},
)
