"""Genome builds, chromosomes and places as tables and tools write them."""

from collections.abc import Mapping

import polars as pl

from generel.concepts.errors import BadInput

GRCH38, GRCH37, GRCH36 = "GRCh38", "GRCh37", "GRCh36"
BUILDS: Mapping[str, str] = {
    **dict.fromkeys(("grch38", "hg38", "b38", "38", "build38"), GRCH38),
    **dict.fromkeys(("grch37", "hg19", "b37", "37", "19", "build37"), GRCH37),
    **dict.fromkeys(("ncbi36", "grch36", "hg18", "b36", "36", "18", "build36"), GRCH36),
}
# Chromosomes as numbers, GWAS-SSF's: X is 23, Y 24, the mitochondrion 25.
NAMES: Mapping[int, str] = {**{number: str(number) for number in range(1, 23)}, 23: "X", 24: "Y", 25: "MT"}
AUTOSOMES: Mapping[str, int] = {text: number for number in range(1, 23) for text in (str(number), f"{number:02d}")}
LETTERS: Mapping[str, int] = {"X": 23, "Y": 24, "XY": 23, "PAR1": 23, "PAR2": 23, "M": 25, "MT": 25}
# dbSNP's VCF names chromosomes by RefSeq accession, whose version goes with the build.
REFSEQ: Mapping[str, int] = {**{f"NC_{number:06d}": number for number in range(1, 25)}, "NC_012920": 25}


def normalize_build(text: str, *, where: str) -> str:
    """The build's canonical name: GRCh38, GRCh37 or GRCh36; patches are ignored. Empty for an empty text.

    Raises:
        BadInput: another build, or none.
    """
    key = text.strip().lower().partition(".")[0]
    if not key:
        return ""
    if key not in BUILDS:
        raise BadInput(f"{where} says the genome build '{text}', which is none that we know; say GRCh38 or GRCh37")
    return BUILDS[key]


def chromosome_numbers(texts: pl.Series, *, numbers: Mapping[str, int]) -> pl.Series:
    """1 to 25 for the spellings of chromosomes (chr1, 01, X, chrM, NC_000001.11); null for others, such as scaffolds.

    Args:
        numbers: what numbers above 22 stand for; see `kg.gwas.columns`.
    """
    known = {**AUTOSOMES, **LETTERS, **REFSEQ, **numbers}
    distinct = texts.drop_nulls().unique()
    bare = distinct.str.strip_chars().str.to_uppercase().str.replace("^CHR(OMOSOME)?_?", "").str.replace(r"^(NC_\d+)\.\d+$", "$1")
    found = [known.get(text) for text in bare.to_list()]
    return texts.replace_strict(distinct, pl.Series(found, dtype=pl.UInt8), default=None, return_dtype=pl.UInt8) if len(distinct) else texts.cast(pl.UInt8)


def chromosome_names(numbers: pl.Expr) -> pl.Expr:
    """'1' to '22', 'X', 'Y' and 'MT' of 1 to 25."""
    return numbers.replace_strict(list(NAMES), list(NAMES.values()), default=None, return_dtype=pl.String)


def positions(texts: pl.Series) -> pl.Series:
    """Positions as whole numbers above 0, from text, where R writes 1e+06 too, or from numbers; null for others."""
    whole = texts.cast(pl.Int64, strict=False)
    if texts.dtype == pl.String and whole.null_count() > texts.null_count():
        real = texts.cast(pl.Float64, strict=False)
        frame = pl.DataFrame({"whole": whole, "real": real})
        fits = (pl.col("real") == pl.col("real").floor()) & pl.col("real").is_between(1, 1e9)
        whole = frame.select(pl.coalesce("whole", pl.when(fits).then("real").cast(pl.Int64, strict=False))).to_series()
    # A place is kept in 32 bits beside its chromosome; the longest chromosome has 2.5e8 letters.
    return pl.select(pl.when(whole.is_between(1, (1 << 31) - 1)).then(whole)).to_series()
