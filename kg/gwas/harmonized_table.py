"""Harmonized studies written as tables in the shape of GWAS-SSF, while they are being read: Parquet, or text as it is or with gzip.

-log10 p is written, since a p-value below 1e-308 would not survive being read as a number by most programs. Text is compressed block by block,
which makes a chain of gzip members; every program that reads bgzip reads that.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from generel.concepts.atomic import write_beside
from generel.concepts.errors import BadInput
from kg.gwas.align import flag_names
from kg.gwas.in_order import in_order

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "chromosome": pl.UInt8, "base_pair_location": pl.Int64, "effect_allele": pl.String, "other_allele": pl.String, "beta": pl.Float64,
    "standard_error": pl.Float64, "effect_allele_frequency": pl.Float64, "neg_log_10_p_value": pl.Float64, "rsid": pl.String, "n": pl.Int64, "flags": pl.String,
}
MISSING = "#NA"
PARQUET, TEXT, GZIPPED = ".parquet", ".tsv", ".tsv.gz"
# Above it a file grows no smaller by much, and takes several times as long.
GZIP_LEVEL, ZSTD_LEVEL = 3, 1


def suffix_of(path: Path) -> str:
    """How a table is written under this name.

    Raises:
        BadInput: by none of the names that we know.
    """
    for suffix in (PARQUET, GZIPPED, TEXT):
        if path.name.endswith(suffix):
            return suffix
    raise BadInput(f"'{path.name}' should end with {PARQUET}, {TEXT} or {GZIPPED}, which says how it is written")


def as_ssf(rows: pl.DataFrame) -> pl.DataFrame:
    """SCHEMA of ALIGNED rows; flags are joined by '|'."""
    flags = rows["flags"].unique().to_list()
    names = ["|".join(flag_names(bits)) or None for bits in flags]
    return rows.select(
        "chromosome", "effect_allele", "other_allele", "beta", "standard_error", "effect_allele_frequency", "n", base_pair_location="position", rsid="variant",
        neg_log_10_p_value="neg_log10_p", flags=pl.col("flags").replace_strict(pl.Series(flags, dtype=pl.UInt16), pl.Series(names, dtype=pl.String), return_dtype=pl.String),
    ).select(*SCHEMA)


def write_harmonized(batches: Iterator[pl.DataFrame], path: Path) -> None:
    """Write ALIGNED batches to `path`, which is as it was until all are there."""
    suffix = suffix_of(path)
    with write_beside(path) as temporary:
        if suffix == PARQUET:
            _write_parquet(batches, temporary)
        else:
            _write_text(batches, temporary, gzipped=suffix == GZIPPED)


def _write_text(batches: Iterator[pl.DataFrame], path: Path, *, gzipped: bool) -> None:
    header = "\t".join(SCHEMA).encode() + b"\n"
    with path.open("wb") as file:
        file.write(gzip.compress(header, mtime=0) if gzipped else header)
        for text in in_order(lambda batch: _text(batch, gzipped=gzipped), batches):
            file.write(text)


def _text(batch: pl.DataFrame, *, gzipped: bool) -> bytes:
    text = as_ssf(batch).write_csv(include_header=False, separator="\t", null_value=MISSING).encode()
    return gzip.compress(text, GZIP_LEVEL, mtime=0) if gzipped else text


def _write_parquet(batches: Iterator[pl.DataFrame], path: Path) -> None:
    """Stream the batches into one file; what they raise is raised as it is, and not as an error of polars."""
    raised: list[BaseException] = []

    def source(columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None) -> Iterator[pl.DataFrame]:
        try:
            for batch in batches:
                yield as_ssf(batch)
        except BaseException as error:
            raised.append(error)
            raise

    try:
        register_io_source(source, schema=SCHEMA).sink_parquet(path, compression="zstd", compression_level=ZSTD_LEVEL, maintain_order=True)
    except BaseException:
        if raised:
            raise raised[0] from None
        raise
