"""How many pairs a second are scored, and what the memory would allow: a Markdown table on stdout.

    python tests/benchmarks/pairs.py SPACE --pairs 2000000

A pair reads two vectors from anywhere in the file, 3 kB at 384 numbers, and does next to nothing with them. So the roof is how fast this machine
copies rows that lie anywhere: numpy's `take` of as many rows into a buffer that stays in the cache, by one processor, and by all.
The frame's pairs are CURIEs of 20,000 concepts; `relatedness_of_pairs` has to resolve them, and to look percentiles and p-values up.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from generel.query.cosines import BLOCK
from generel.query.space import EmbeddingSpace

REPEATS, N_CONCEPTS = 3, 20_000


def per_second(work: Callable[[], object], n: int) -> tuple[float, float]:
    """Units of work done in a second, and in a second of one processor's time; medians."""
    walls, processors = [], []
    for _ in range(REPEATS):
        began, spent = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - began)
        processors.append(time.process_time() - spent)
    return n / float(np.median(walls)), n / float(np.median(processors))


def gather(vectors: np.ndarray, rows: np.ndarray, *, workers: int) -> None:
    """Copy every row once, by so many threads."""

    def copy(start: int) -> None:
        buffer = np.empty((BLOCK, vectors.shape[1]), np.float32)
        for at in range(start, min(start + 64 * BLOCK, len(rows)), BLOCK):
            part = rows[at : at + BLOCK]
            np.take(vectors, part, axis=0, out=buffer[: len(part)])

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(copy, range(0, len(rows), 64 * BLOCK)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space")
    parser.add_argument("--pairs", type=int, default=2_000_000)
    options = parser.parse_args()
    n, generator = options.pairs, np.random.default_rng(0)
    with EmbeddingSpace.open(options.space, exact=True, with_added=False) as space:
        vectors = space.store.fetch(np.arange(space.store.count()))
        rows = generator.choice(len(vectors), min(N_CONCEPTS, len(vectors)), replace=False)[generator.integers(0, min(N_CONCEPTS, len(vectors)), (n, 2))]
        curies = np.array(space.names.curies(), dtype=object)
        frame = pl.DataFrame({"left": curies[rows[:, 0]].tolist(), "right": curies[rows[:, 1]].tolist()})
        ways: dict[str, Callable[[], object]] = {
            "roof: gather the rows, one thread": lambda: gather(vectors, rows.ravel(), workers=1),
            "roof: gather the rows, all threads": lambda: gather(vectors, rows.ravel(), workers=os.cpu_count() or 1),
            "`space.cosines`, by rows": lambda: space.cosines(rows[:, 0], rows[:, 1]),
            "`space.relatedness_of_pairs`, a frame of CURIEs": lambda: space.relatedness_of_pairs(frame),
        }
        print(f"{n:,} pairs of {min(N_CONCEPTS, len(vectors)):,} concepts, {vectors.shape[1]} numbers each, {os.cpu_count()} processors\n")
        print("| way | million pairs a second | a processor's second | GB read a second |\n| --- | ---: | ---: | ---: |")
        for name, way in ways.items():
            wall, processor = per_second(way, n)
            print(f"| {name} | {wall / 1e6:.2f} | {processor / 1e6:.2f} | {wall * 2 * 4 * vectors.shape[1] / 1e9:.1f} |", flush=True)
        print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, {vectors.nbytes / 1e6:.0f} of it a copy of all vectors")


if __name__ == "__main__":
    main()
