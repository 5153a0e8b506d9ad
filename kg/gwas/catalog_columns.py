"""The columns of the GWAS Catalog's associations, whichever of its layouts a file is in.

The catalog has renamed columns and added new ones at the end over the years, so a column is found by its name, never by its place.
Whoever has had the file in a statistics program has made floats of its whole numbers (`21102463.0`) and turned its dates round.
"""

from pathlib import Path

import polars as pl

from generel.concepts.errors import BadTable
from kg.harvest import SetAside
from kg.sources.rows import line_key, read_bytes, read_lines, read_rows

# Our name: the catalog's over the years, the newest first.
NEEDED: dict[str, tuple[str, ...]] = {
    "publication": ("PUBMEDID", "PUBMED ID"),
    "date": ("DATE",),
    "named": ("SNPS",),
    "strongest": ("STRONGEST SNP-RISK ALLELE",),
    "p": ("P-VALUE",),
    "effect": ("OR or BETA",),
    "interval": ("95% CI (TEXT)",),
    "traits": ("MAPPED_TRAIT_URI",),
}
USED: dict[str, tuple[str, ...]] = {
    "trait_names": ("MAPPED_TRAIT",),
    "accession": ("STUDY ACCESSION",),
    "sample": ("INITIAL SAMPLE SIZE", "INITIAL SAMPLE DESCRIPTION"),
    "chromosome": ("CHR_ID",),
    "position": ("CHR_POS",),
    "reported_genes": ("REPORTED GENE(S)",),
    "mapped_genes": ("MAPPED_GENE",),
    "upstream_gene": ("UPSTREAM_GENE_ID",),
    "downstream_gene": ("DOWNSTREAM_GENE_ID",),
    "genes_within": ("SNP_GENE_IDS",),
    "upstream_distance": ("UPSTREAM_GENE_DISTANCE",),
    "downstream_distance": ("DOWNSTREAM_GENE_DISTANCE",),
    "merged": ("MERGED",),
    "current": ("SNP_ID_CURRENT",),
    "context": ("CONTEXT",),
    "frequency": ("RISK ALLELE FREQUENCY",),
    "minus_log_p": ("PVALUE_MLOG",),
}
ADDED = "DATE ADDED TO CATALOG"
WHOLE_NUMBER = r"^(?-u)(\d{1,15})(?:\.0*)?$"
DATE_FORMATS = ("%Y-%m-%d", "%d-%b-%Y")


def read_catalog(path: Path, *, set_aside: SetAside) -> pl.DataFrame:
    """A row a line: `key` (`file:line`) and the columns of `NEEDED` and `USED` as text; those of `USED` that the file lacks are empty.

    Raises:
        BadTable: columns of `NEEDED` missing.
    """
    header = _header(path)
    found = {ours: next((each for each in theirs if each in header), "") for ours, theirs in (NEEDED | USED).items()}
    missing = [NEEDED[ours][0] for ours in NEEDED if not found[ours]]
    if missing:
        raise BadTable(f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(header)[:400] or 'no header'}")
    columns = [theirs for theirs in found.values() if theirs]
    rows = read_rows(path, columns=columns, table="ASSOCIATIONS", set_aside=set_aside)
    ours = [pl.col(theirs).alias(name) if theirs else pl.lit("").alias(name) for name, theirs in found.items()]
    return rows.select(line_key(path).alias("key"), *ours)


def newest_date(path: Path) -> str | None:
    """The last day, as 2020-04-25, on which a row was added to the catalog; None where the file does not say."""
    lines = read_lines(path)["text"]
    header = [name.strip() for name in lines[0].split("\t")] if len(lines) else []
    if ADDED not in header:
        return None
    place = header.index(ADDED)
    cut = (line.split("\t", place + 1) for line in lines[1:])
    said = {fields[place] for fields in cut if len(fields) > place}
    newest = pl.DataFrame({"said": list(said)}, schema={"said": pl.String}).select(day(pl.col("said")).max()).item()
    return newest.isoformat() if newest else None


def whole_number(text: pl.Expr) -> pl.Expr:
    """The whole number that `21102463` or `21102463.0` says; else null."""
    return text.str.extract(WHOLE_NUMBER).cast(pl.Int64)


def day(text: pl.Expr) -> pl.Expr:
    """The date that `2010-11-21` or `21-Nov-2010` says; else null."""
    return pl.coalesce(text.str.strip_chars().str.to_date(form, strict=False) for form in DATE_FORMATS)


def _header(path: Path) -> list[str]:
    first = read_bytes(path, first_line=True).decode("utf-8-sig", errors="replace")
    return [name.strip() for name in first.rstrip("\r\n").split("\t")]
