"""Maps that turn codes into concepts before anything is counted, so that a patient with `E11.9` and one with `E11.65` both count.

Two kinds of files: roll-ups from ICD to phecodes, and SSSOM maps whose subjects are the concepts and whose objects are the codes. A code
without a concept stays what it is. A code of two phecodes counts as both, for it stands for both; a code that a SSSOM map calls the same
as two concepts counts as neither, for they cannot both be right.

What is counted: lines that cannot be used are set aside under the name of the file. Phecodes that only repeat a finer one of the same code, as `250` beside
`250.2`, are passed over: who had `250.2` would else be told to have had both, always together.
"""

from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.cohort.codes import ICD9, ICD10, INTERNATIONAL, spell_codes
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import SetAside
from kg.sources.quoted_rows import read_quoted_rows
from kg.sources.rows import read_bytes, read_rows, sift

MAP = pl.Schema({"code": pl.String, "concept": pl.String, "name": pl.String})
# The layouts of roll-ups: by the column of the code, those of the phecode, its name and the version of ICD, where there are any.
LAYOUTS = {"icd": ("phecode", "", "flag"), "ICD9": ("PheCode", "Phenotype", ""), "ICD10": ("PheCode", "Phenotype", "")}
# The map called ICD10 is for the international one, and the flag 10 for the American.
VERSIONS = {"9": ICD9, "10": ICD10, "ICD9": ICD9, "ICD10": INTERNATIONAL}
SAME = ("skos:exactMatch", "owl:equivalentClass")
NO_PHECODE = "the code has no phecode"
BAD_PHECODE = "the phecode is no identifier of phecodes"
BAD_CODE = "the code is no code of ICD"
NOT_THE_SAME = "the mapping does not say that both are the same"
NO_CURIES = "one end of the mapping is no known identifier"
TWO_CONCEPTS = "the code is the same as several concepts"


def read_roll_up(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`code, concept, name`: the most specific phecodes of each code of ICD, sorted; `name` is null where the file has none.

    Raises:
        BadTable: a layout that is none of LAYOUTS.
    """
    header = _header(path, separator=",")
    icd = next((column for column in LAYOUTS if column in header), None)
    if icd is None:
        raise BadTable(f"{path} is no map from ICD to phecodes: it should have one of the columns {', '.join(LAYOUTS)}; it has {', '.join(header)[:400]}")
    phecode, name, flag = LAYOUTS[icd]
    rows = read_quoted_rows(path, columns=[each for each in (icd, phecode, name, flag) if each], table="MAPPINGS", set_aside=set_aside)
    vocabulary = pl.col(flag).replace_strict(VERSIONS, default=None, return_dtype=pl.String) if flag else pl.lit(VERSIONS[icd])
    spelled = spell_codes(rows.select(code=icd, vocabulary=vocabulary, beside=pl.lit(None, dtype=pl.String)))["curie"]
    rows = rows.with_columns(file=pl.lit(path.name), code=spelled, concept=canonicalize_as(rows[phecode], "phecode"), name=pl.col(name) if name else pl.lit(None, dtype=pl.String))
    faults = [(pl.col(phecode) == "", NO_PHECODE), (pl.col("code").is_null(), BAD_CODE), (pl.col("concept").is_null(), BAD_PHECODE)]
    kept = sift(rows, faults, table="MAPPINGS", key=pl.col("file"), set_aside=set_aside)
    named = kept.select("code", "concept", name=pl.when(pl.col("name") != "").then("name")).unique(["code", "concept"], keep="first", maintain_order=True)
    return _most_specific(named).sort("code", "concept").select(*MAP)


def read_code_map(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """`code, concept, name`: the one concept that a SSSOM map calls the same as the code, sorted; `name` is null where the file has none."""
    optional = [column for column in ("subject_label", "predicate_modifier") if column in _header(path, separator="\t")]
    columns = ["subject_id", "predicate_id", "object_id", *optional]
    rows = read_rows(path, columns=columns, table="MAPPINGS", set_aside=set_aside, comment="#")
    rows = rows.with_columns(pl.lit("").alias(column) for column in ("subject_label", "predicate_modifier") if column not in optional)
    rows = rows.with_columns(file=pl.lit(path.name), concept=canonicalize(rows["subject_id"]), code=canonicalize(rows["object_id"]))
    faults = [
        (~pl.col("predicate_id").is_in(SAME) | (pl.col("predicate_modifier") != ""), NOT_THE_SAME),
        (pl.col("concept").is_null() | pl.col("code").is_null(), NO_CURIES),
    ]
    kept = sift(rows, faults, table="MAPPINGS", key=pl.col("file"), set_aside=set_aside)
    kept = sift(kept, [(pl.col("concept").n_unique().over("code") > 1, TWO_CONCEPTS)], table="MAPPINGS", key=pl.col("file"), set_aside=set_aside)
    named = kept.select("code", "concept", name=pl.when(pl.col("subject_label") != "").then("subject_label"))
    return named.unique("code", keep="first", maintain_order=True).sort("code").select(*MAP)


def apply_map(meanings: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """The meanings (`number, code`), each code replaced by its concepts; one that has none stays.

    Args:
        codes: MAP.
    """
    joined = meanings.join(codes.select("code", "concept"), on="code", how="left")
    return joined.select("number", code=pl.coalesce("concept", "code")).unique().sort("number", "code")


def parents_of(phecodes: pl.Expr) -> pl.Expr:
    """The phecodes above each: `250.2` and `250` above `250.22`, in a list."""
    tenth, whole = phecodes.str.extract(r"^(.*\.\d)\d$"), phecodes.str.extract(r"^(.*)\.\d+$")
    return pl.concat_list(tenth, whole).list.drop_nulls()


def _most_specific(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without the phecodes that are above another one of the same code."""
    above = rows.select("code", concept=parents_of(pl.col("concept"))).explode("concept").drop_nulls()
    return rows.join(above, on=["code", "concept"], how="anti")


def _header(path: Path, *, separator: str) -> list[str]:
    """The names of the columns, in the first line that is no comment; none for an empty file."""
    lines = read_bytes(path).decode("utf-8-sig", errors="replace").split("\n")
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return [name.strip().strip('"') for name in first.strip("\r").split(separator)]
