"""How fast GWAS summary statistics are harmonized and led, and how much memory that takes: one table on stdout, three sizes.

    python tests/benchmarks/gwas_harmonize.py --rows 2000000 6000000 20000000

The study is a made-up GWAS-SSF file (tab-separated, with rsIDs, alleles, effects, p-values as text down to 1e-400), and the reference, in
Parquet, knows nineteen of its twenty variants: half of them swapped, a tenth on the other strand. Each run is a process of its own, with
Python's start, reading the reference, the pass over the file, writing the table and choosing leads all in its time.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from generel.cli.output import write_records

AT_ONCE = 500_000
LETTERS = np.array(list("ACGT"))
FASTER_THAN, LESS_THAN_MB = 400_000, 2_000
# Runs the command, then says how much memory its process took at most, and how many seconds of CPU.
CHILD = """
import resource, sys
from kg.cli_gwas import harmonize
harmonize(sys.argv[1:], standalone_mode=False)
used = resource.getrusage(resource.RUSAGE_SELF)
print("used", used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr)
"""


def make_rows(n: int, *, seed: int) -> Iterator[pl.DataFrame]:
    """Study rows with what the reference will say of them, in the order of places, some at a time."""
    generator = np.random.default_rng(seed)
    for start in range(0, n, AT_ONCE):
        size = min(AT_ONCE, n - start)
        row = np.arange(start, start + size)
        reference = generator.integers(0, 4, size)
        alternate = (reference + generator.integers(1, 4, size)) % 4
        strand, swapped = generator.random(size) < 0.1, generator.random(size) < 0.5
        effect, other = np.where(swapped, reference, alternate), np.where(swapped, alternate, reference)
        minus_log10_p = generator.exponential(0.45, size) + np.where(generator.random(size) < 1e-5, generator.uniform(0, 400, size), 0)
        yield pl.DataFrame({
            "chromosome": 1 + row * 22 // n, "base_pair_location": 10_000 + (row * 22 % n) * (2_400_000 // max(n // 100, 1)),
            "effect_allele": LETTERS[np.where(strand, 3 - effect, effect)], "other_allele": LETTERS[np.where(strand, 3 - other, other)],
            "beta": generator.normal(0, 0.02, size).round(5), "standard_error": generator.uniform(0.004, 0.03, size).round(5),
            "effect_allele_frequency": generator.uniform(0.01, 0.99, size).round(4), "p_value": as_texts(minus_log10_p),
            # Some rsIDs in no order, as in life.
            "rsid": 1 + (row.astype(np.uint64) * np.uint64(2_654_435_761)) % np.uint64(2_000_000_011), "n": generator.integers(300_000, 450_000, size),
            "reference_allele": LETTERS[reference], "alternate_allele": LETTERS[alternate], "is_known": generator.random(size) < 0.95,
        }).with_columns(rsid=pl.format("rs{}", "rsid"))


def as_texts(minus_log10_p: np.ndarray) -> pl.Series:
    """p-values with four digits, below float64's range too."""
    power = np.ceil(minus_log10_p)
    frame = pl.DataFrame({"digits": np.round(10 ** (power - minus_log10_p), 3), "power": power.astype(np.int64)})
    return frame.select(pl.format("{}e-{}", "digits", "power")).to_series()


def make_files(folder: Path, n: int) -> tuple[Path, Path]:
    """A study of n rows, and its reference."""
    study, reference = folder / "study.tsv", folder / "reference.parquet"
    parts = []
    with study.open("wb") as file:
        for number, rows in enumerate(make_rows(n, seed=7)):
            rows.drop("reference_allele", "alternate_allele", "is_known").write_csv(file, separator="\t", include_header=number == 0)
            known = rows.filter("is_known").select(variant="rsid", chromosome=pl.col("chromosome").cast(pl.String), position="base_pair_location", reference_allele="reference_allele", alternate_allele="alternate_allele")
            parts.append(folder / f"part{number}.parquet")
            known.write_parquet(parts[-1])
    pl.scan_parquet(parts).sink_parquet(reference)
    for part in parts:
        part.unlink()
    return study, reference


def measure(n: int, *, out: str) -> dict[str, object]:
    """One run: its counts, seconds and peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study, reference = make_files(folder, n)
        size = study.stat().st_size
        command = [sys.executable, "-c", CHILD, str(study), "--reference", str(reference), "--out", str(folder / out), "--leads", str(folder / "leads.tsv"), "--format", "jsonl"]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(done.stderr)
    counts = {record["name"]: record["n"] for record in map(json.loads, done.stdout.splitlines())}
    peak, cpu = done.stderr.rsplit("used", 1)[1].split()
    return {
        "rows": n, "file MB": round(size / 1e6), "seconds": round(seconds, 1), "rows/s": round(n / seconds), "us/row": round(seconds / n * 1e6, 2), "CPU s": round(float(cpu), 1), "peak MB": round(int(peak) / 1000),
        "kept": counts["kept"], "swapped": counts["SWAPPED"], "not in reference": counts["NOT_IN_REFERENCE"], "leads": counts["leads"],
    }


def print_markdown(records: list[dict[str, object]]) -> None:
    """The records as a table in Markdown."""
    print("| " + " | ".join(records[0]) + " |")
    print("| " + " | ".join("--:" for _ in records[0]) + " |")
    for record in records:
        print("| " + " | ".join(f"{value:,}" for value in record.values()) + " |")


def main() -> None:
    """Print a Markdown table, and say whether the slowest and the largest run are within the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000_000, 6_000_000, 20_000_000])
    parser.add_argument("--out", default="out.parquet", help="name of the table; its end says how it is written")
    parser.add_argument("--format", choices=("markdown", "tsv"), default="markdown")
    arguments = parser.parse_args()
    records = [measure(n, out=arguments.out) for n in arguments.rows]
    if arguments.format == "tsv":
        write_records(records, format="tsv")
    else:
        print_markdown(records)
    slowest, largest = min(int(str(each["rows/s"])) for each in records), max(int(str(each["peak MB"])) for each in records)
    print(f"at least {FASTER_THAN:,} rows/s: {slowest >= FASTER_THAN}; under {LESS_THAN_MB:,} MB: {largest < LESS_THAN_MB}", file=sys.stderr)


if __name__ == "__main__":
    main()
