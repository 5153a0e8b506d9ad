"""How long a cohort takes to count, and how much memory, at three sizes: one table on stdout.

    python tests/benchmarks/cohort.py --events 2000000 10000000 50000000 --window-days 30

The events are made up: fifty a patient over ten years, in no order, as text of ICD-10-CM without dots; half of a patient's codes are
of one of 200 clusters of 25, the others follow Zipf's law over 5,000. They lie in a folder of Parquet parts, or in one CSV file with
`--csv`. Each size is counted in a process of its own, as `[[own]]` of a recipe is read; making the events is not part of the time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from generel.cli.output import write_records
from kg.cohort.own_events import FORMAT
from kg.sources.record import File, Source

PART = 2_000_000
EVENTS_A_PATIENT, N_CODES, N_CLUSTERS, DAYS = 50, 5_000, 200, 3_650
CODES = np.array([f"{'ABCDFGHIJK'[n // 500]}{n // 10 % 50:02d}{n % 10}" for n in range(N_CODES)])
# A child's peak memory counts from before its exec, when it still shares its parent's: so the parent is a small process.
LAUNCHER = """
import os, sys, time
began = time.perf_counter()
_, status, usage = os.wait4(os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ), 0)
print(time.perf_counter() - began, usage.ru_maxrss, status)
"""


def make_part(n: int, *, n_patients: int, generator: np.random.Generator) -> pl.DataFrame:
    """`patient, day, code` of n events."""
    patients = generator.integers(0, n_patients, n)
    own = (patients * 7919 % N_CLUSTERS) * 25 + generator.integers(0, 25, n)
    common = np.minimum(generator.zipf(1.3, n) - 1, N_CODES - 1) * 37 % N_CODES
    codes = np.where(generator.random(n) < 0.5, own, common)
    days = pl.Series(generator.integers(0, DAYS, n).astype(np.int32) + 14_610).cast(pl.Date)
    return pl.DataFrame({"patient": pl.Series(patients).cast(pl.String).str.zfill(9), "day": days, "code": pl.Series(CODES[codes])})


def write_events(folder: Path, n: int, *, as_csv: bool) -> Path:
    """The file, or the folder of parts, with n events."""
    generator = np.random.default_rng(n)
    path = folder / ("events.csv" if as_csv else "events.parquet")
    if not as_csv:
        path.mkdir()
    for begin in range(0, n, PART):
        part = make_part(min(PART, n - begin), n_patients=n // EVENTS_A_PATIENT, generator=generator)
        if as_csv:
            with path.open("ab") as file:
                part.write_csv(file, include_header=begin == 0)
        else:
            part.write_parquet(path / f"part-{begin // PART:03d}.parquet")
    return path


def count(path: Path, window_days: int | None) -> dict[str, int]:
    """Read and count the events, as a build does."""
    parameters = {"vocabulary": "ICD10CM"} | ({} if window_days is None else {"window_days": window_days})
    source = Source("made_up", "", "1", "", "", "", (File("file", str(path)),), FORMAT.gives, FORMAT.read, parameters=parameters)
    pairs = FORMAT.read({"file": path}, source).cooccurrences
    return {"pairs": pairs.height, "n_patients": int(pairs["n_patients"][0]), "together": int(pairs["n_together"].sum())}


def measure(path: Path, n: int, window_days: int | None) -> dict[str, object]:
    """One row of the table."""
    command = ["-S", "-c", LAUNCHER, __file__, "--count", str(path), *(["--window-days", str(window_days)] if window_days is not None else ["--ever"])]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != 2 or not lines[1].endswith(" 0"):
        raise SystemExit(f"counting {n:,} events failed: {done.stderr[-2000:]}")
    counted = json.loads(lines[0])
    wall, kilobytes, _ = map(float, lines[1].split())
    return {
        "events": f"{n:,}", "patients": f"{counted['n_patients']:,}", "window": "ever" if window_days is None else f"{window_days} days",
        "pairs told": f"{counted['pairs']:,}", "seconds": f"{wall:.1f}", "events a second": f"{n / wall:,.0f}", "peak memory": f"{kilobytes / 1024:,.0f} MB",
    }


def measure_all(sizes: list[int], window_days: int | None, *, as_csv: bool, folder: Path | None) -> Iterator[dict[str, object]]:
    """Every row of the table."""
    for n in sizes:
        with tempfile.TemporaryDirectory(dir=folder) as made:
            began = time.perf_counter()
            path = write_events(Path(made), n, as_csv=as_csv)
            print(f"made {n:,} events in {time.perf_counter() - began:.0f} s", file=sys.stderr)
            yield measure(path, n, window_days)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[2_000_000, 10_000_000, 50_000_000], help="sizes")
    parser.add_argument("--window-days", type=int, default=30)
    parser.add_argument("--ever", action="store_true", help="no window")
    parser.add_argument("--csv", action="store_true", help="one CSV file instead of Parquet parts")
    parser.add_argument("--folder", type=Path, help="where the events lie while they are counted; the temporary folder if not given")
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    window_days = None if options.ever else options.window_days
    if options.count:
        print(json.dumps(count(options.count, window_days)))
        return
    rows = measure_all(options.events, window_days, as_csv=options.csv, folder=options.folder)
    write_records(rows, format="table", columns=("events", "patients", "window", "pairs told", "seconds", "events a second", "peak memory"), title="Counting a cohort")


if __name__ == "__main__":
    main()
