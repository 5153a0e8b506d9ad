"""The GWAS Catalog read by a plain loop, without polars: what its reader is held against, on whole files and on damaged ones."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

from plain_lines import plain_lines

from generel.concepts.curie import Curie, looks_like_curie
from generel.concepts.prefixes import BY_NAME

CHROMOSOMES = {*map(str, range(1, 25)), "X", "Y", "M", "MT"}
TRAITS = {"disease", "phenotype", "process"}
NO_GENES = {"", "NR", "NA", "INTERGENIC", "GENIC", "NO MAPPED GENES", "NONE", "UNKNOWN", "PSEUDOGENE", "INTRONIC", "-"}
Row = dict[str, str]


@dataclass
class Count:
    """What the files should give; `parts` counts every association that a line could have been."""

    parts: int = 0
    associations: Counter[str] = field(default_factory=Counter)
    variants: set[tuple[str, int]] = field(default_factory=set)
    concepts: set[str] = field(default_factory=set)
    relations: set[tuple[str, str]] = field(default_factory=set)


def count_catalog(files: Mapping[str, Path], *, most_traits: int) -> Count:
    """`associations` by publication, before any cap."""
    count, seen, known = Count(), set(), set()
    releases = {name: list(rows_of(files[name])) for name in ("associations.tsv", "earlier.tsv") if name in files}
    count.parts = sum(row is None for rows in releases.values() for row in rows)
    usable = {name: [row for row in rows if row is not None and is_variant(row)] for name, rows in releases.items()}
    count.parts += sum(row is not None and not is_variant(row) for rows in releases.values() for row in rows)
    step = merges_of([row for rows in usable.values() for row in rows])
    for name, rows in usable.items():
        for row in rows:
            variant = follow(row["SNPS"].lower(), step)
            count.concepts.add(variant)
            if (place := place_of(row)) is not None:
                count.variants.add((variant, place))
            count.relations |= {(variant, gene) for gene in genes_of(row)}
            traits = traits_of(row, most=most_traits) if has_p(row) and (row["PUBMEDID"] or row.get("STUDY ACCESSION")) else None
            count.parts += 1 if traits is None else len(traits)
            publication = whole(row["PUBMEDID"]) or ""
            for trait in dict.fromkeys(filter(None, traits or [])):
                if name == "earlier.tsv" and publication and (publication, variant, trait) in known:
                    continue
                if name == "associations.tsv":
                    known.add((publication, variant, trait))
                study = row.get("STUDY ACCESSION") or f"PMID:{publication}"
                key = (variant, trait, study, allele_of(row))
                if key not in seen:
                    seen.add(key)
                    count.associations[publication or study] += 1
    return count


def rows_of(path: Path) -> Iterator[Row | None]:
    """The lines below the header; None for one that is no row of it."""
    lines = [line for line in plain_lines(path) if line.strip()]
    header = [name.strip() for name in lines[0].split("\t")]
    for line in lines[1:]:
        fields = [each.strip() for each in line.split("\t")]
        yield dict(zip(header, fields, strict=True)) if len(fields) == len(header) and "\ufffd" not in line else None


def is_variant(row: Row) -> bool:
    strongest = row["STRONGEST SNP-RISK ALLELE"]
    return re.fullmatch(r"(?ai)rs\d+", row["SNPS"]) is not None and ";" not in strongest and "haplotype" not in strongest.lower()


def merges_of(rows: list[Row]) -> dict[str, str]:
    pairs = {(row["SNPS"].lower(), f"rs{now}") for row in rows if whole(row.get("MERGED", "")) == "1" and (now := whole(row.get("SNP_ID_CURRENT", "")))}
    return dict(sorted(pair for pair in pairs if pair[0] != pair[1]))


def follow(variant: str, step: Mapping[str, str]) -> str:
    seen, now = {variant}, variant
    while now in step:
        now = step[now]
        if now in seen:
            return variant
        seen.add(now)
    return now


@cache
def whole(text: str) -> str | None:
    """The digits of `12` or `12.0`, without leading zeros."""
    found = re.fullmatch(r"(?a)(\d{1,15})(?:\.0*)?", text)
    return str(int(found[1])) if found else None


def has_p(row: Row) -> bool:
    """Whether there is a p-value, and it is not above 1."""
    found = re.fullmatch(r"(?a)[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", row["P-VALUE"])
    if found and Decimal(found[0]) != 0:
        return 0 < Decimal(found[0]) <= 1 or (Decimal(found[0]) < 0 and logged(row))
    return found is not None or logged(row)


def logged(row: Row) -> bool:
    try:
        return 0 < float(row.get("PVALUE_MLOG", "")) < float("inf")
    except ValueError:
        return False


def traits_of(row: Row, *, most: int) -> list[str | None] | None:
    """The traits, None for each that cannot be used; None if the row has none or too many."""
    addresses = [each.strip() for each in row["MAPPED_TRAIT_URI"].split(",") if each.strip()]
    return [trait_of(each) for each in addresses] if 0 < len(addresses) <= most else None


@cache
def trait_of(address: str) -> str | None:
    tail = re.search(r"([^/#]+)/?$", address)
    if not tail or not looks_like_curie(tail[1]):
        return None
    curie = Curie.parse(tail[1])
    return str(curie) if TRAITS & {kind.value for kind in BY_NAME[curie.prefix].kinds} else None


def allele_of(row: Row) -> str:
    found = re.fullmatch(r"(rs\d+)\s*-\s*([ACGTacgt]+)", row["STRONGEST SNP-RISK ALLELE"].strip())
    return found[2].upper() if found and found[1].lower() == row["SNPS"].lower() else "?"


def place_of(row: Row) -> int | None:
    chromosome, position = row.get("CHR_ID", "").removesuffix(".0").upper(), whole(row.get("CHR_POS", ""))
    return int(position) if position and chromosome in CHROMOSOMES else None


def genes_of(row: Row) -> set[str] | frozenset[str]:
    """Identifiers, else symbols; a gene beside the variant needs a distance."""
    sides = [("UPSTREAM_GENE_ID", "UPSTREAM_GENE_DISTANCE"), ("DOWNSTREAM_GENE_ID", "DOWNSTREAM_GENE_DISTANCE")]
    said = row.get("SNP_GENE_IDS", "").split(",")
    if not any(row.get(column) for column in ("SNP_GENE_IDS", *(side for side, _ in sides))):
        return symbols_of(row.get("MAPPED_GENE", "")) or symbols_of(row.get("REPORTED GENE(S)", ""))
    for gene, distance in sides:
        said += row.get(gene, "").split(",") if whole(row.get(distance, "").removeprefix("-")) else []
    return {gene for each in said if (gene := gene_of(each.strip()))}


@cache
def gene_of(text: str) -> str:
    plain = text.removesuffix(".0") if re.fullmatch(r"(?a)\d+\.0", text) else text
    for prefix in ("ensembl", "ncbigene"):
        spelled = plain if ":" in plain else f"{prefix}:{plain}"
        if looks_like_curie(spelled) and Curie.parse(spelled).prefix == prefix:
            return str(Curie.parse(spelled))
    return ""


@cache
def symbols_of(text: str) -> frozenset[str]:
    return frozenset(each.strip() for each in re.split(r"\s+-\s+|[;,]", text) if each.strip().upper() not in NO_GENES)
