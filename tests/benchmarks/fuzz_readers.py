"""Every source's reader on its slice with lines cut, doubled, shuffled and garbled: how many it took, and that it never crashed.

    python tests/benchmarks/fuzz_readers.py --lines 10000

A damaged file is either read, what is damaged being set aside, or refused with a sentence (an error of generel's own tree). Anything else is a
crash, printed with the seed that makes it again, and the exit code is 1. That no good line is lost is held reader by reader in
the tests, beside plain loops.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "kg"))

from mutations import damage_json, damage_lines
from source_slices import files_of

from generel.concepts.errors import GenerelError
from kg.build import Input, read_source
from kg.sources.record import Source
from kg.sources.registry import SOURCES

LINES_A_FILE = 20
# Sources whose slice is no file.
MADE_BY_TESTS = {"pharmgkb": "its test makes a database of the slice, and damages rows"}


def main() -> None:
    """Print the table; leave with 1 if a reader crashed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000, help="damaged lines for each reader")
    parser.add_argument("--source", action="append", choices=sorted(SOURCES), help="only this one; may be given several times")
    options = parser.parse_args()
    crashes = 0
    print("| source | damaged lines | read | refused | crashes | seconds |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    for name in options.source or sorted(SOURCES):
        if name in MADE_BY_TESTS:
            print(f"| {name} | – | | | | {MADE_BY_TESTS[name]} |")
            continue
        started, counts = time.perf_counter(), {"read": 0, "refused": 0, "crashed": 0}
        for seed in range(-(-options.lines // LINES_A_FILE)):
            outcome = _try(SOURCES[name], files_of(name), seed=seed)
            counts[outcome] += 1
        crashes += counts["crashed"]
        print(f"| {name} | {LINES_A_FILE * sum(counts.values()):,} | {counts['read']:,} | {counts['refused']:,} | {counts['crashed']} | {time.perf_counter() - started:.1f} |", flush=True)
    sys.exit(1 if crashes else 0)


def _try(source: Source, files: Mapping[str, Path], *, seed: int) -> str:
    """What reading gave with one file damaged, the next one for each seed."""
    victims = sorted(files)
    victim = files[victims[seed % len(victims)]]
    with tempfile.TemporaryDirectory() as folder:
        damaged = _damage(victim, Path(folder), seed=seed)
        try:
            read_source(Input(_whole(source), {**files, victims[seed % len(victims)]: damaged}, {}))
        except GenerelError:
            return "refused"
        except Exception as error:
            print(f"{source.name}, {victim.name}, seed {seed}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return "crashed"
    return "read"


def _damage(path: Path, folder: Path, *, seed: int) -> Path:
    """A damaged copy; of a folder one with one of its files damaged."""
    target = folder / path.name
    if path.is_dir():
        target.mkdir()
        inner = sorted(each for each in path.iterdir() if each.is_file())
        for place, each in enumerate(inner):
            data = each.read_bytes()
            (target / each.name).write_bytes(damage_lines(data, seed=seed, times=LINES_A_FILE) if place == seed // 7 % len(inner) else data)
        return target
    target.write_bytes(_damage_file(path, seed=seed))
    return target


def _damage_file(path: Path, *, seed: int) -> bytes:
    """Three times of four the header stays whole, without which nothing else is looked at."""
    data = path.read_bytes()
    if path.name.endswith(".json"):
        return damage_json(data, seed=seed, times=LINES_A_FILE)
    header, newline, body = data.partition(b"\n") if seed % 4 else (b"", b"", data)
    return header + newline + damage_lines(body, seed=seed, times=LINES_A_FILE)


def _whole(source: Source) -> Source:
    """The source without the number of rows that a whole one has, which no slice reaches."""
    return replace(source, expected={})


if __name__ == "__main__":
    main()
