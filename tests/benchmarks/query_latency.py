"""How long the query side takes on a made-up space, and how much memory: one table on stdout.

    python tests/benchmarks/query_latency.py --n 100000

Vectors are unit vectors in unequal clusters (uniform noise would be much harder to index and unlike a trained space); names are made of
syllables, three a concept. "cold" is a new process with the files in the page cache: start of Python to last line of output.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from generel.cli.output import write_records
from generel.concepts.kinds import KINDS as ALL_KINDS
from generel.concepts.tables import MERGES, RELATIONS, SPACE_CONCEPTS
from generel.index.load import load_space
from generel.index.write_space import write_space
from generel.query.calibration import calibrate
from generel.query.space import EmbeddingSpace

KINDS, SHARES = ("variant", "gene", "disease", "drug", "phenotype"), (0.3, 0.2, 0.2, 0.15, 0.15)
PREFIX = {"variant": "dbsnp:rs", "gene": "hgnc:", "disease": "mondo:", "drug": "chebi:", "phenotype": "hp:"}
SYLLABLES = [consonant + vowel + end for consonant in "bcdfglmnprstvz" for vowel in "aeiou" for end in ("", "n", "r", "l", "x")]
Row = dict[str, object]


def make_vectors(n: int, dim: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """(n, dim) unit vectors in n/200 clusters of unequal size."""
    centers = generator.normal(size=(max(n // 200, 2), dim)).astype(np.float32)
    sizes = generator.dirichlet(np.ones(len(centers)))
    vectors = centers[generator.choice(len(centers), n, p=sizes)] + 0.5 * generator.normal(size=(n, dim)).astype(np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def make_name(generator: np.random.Generator) -> str:
    """Two words of two to four syllables."""
    words = ("".join(generator.choice(SYLLABLES, generator.integers(2, 5))) for _ in range(2))
    return " ".join(words)


def make_concepts(n: int, generator: np.random.Generator) -> pl.DataFrame:
    """SPACE_CONCEPTS with a name and two synonyms each; variants are called by their rsID."""
    kinds = generator.choice(KINDS, n, p=SHARES)
    rows = []
    for row, kind in enumerate(kinds.tolist()):
        curie = f"{PREFIX[kind]}{row + 1:07d}"
        name = curie.partition(":")[2] if kind == "variant" else make_name(generator)
        synonyms = [] if kind == "variant" else [make_name(generator), make_name(generator)]
        rows.append((row, curie, kind, name, synonyms, None, "made up", 1))
    return pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row")


def timed(name: str, work: Callable[[], object]) -> Row:
    """How long one piece of work takes."""
    began = time.perf_counter()
    result = work()
    return {"what": name, "value": f"{time.perf_counter() - began:.2f} s", "detail": str(result) if isinstance(result, str) else ""}


def build(folder: Path, n: int, dim: int, seed: int) -> Iterator[Row]:
    """Write and load the space."""
    generator = np.random.default_rng(seed)
    vectors, concepts = make_vectors(n, dim, generator), make_concepts(n, generator)
    tables: list[pl.DataFrame] = []
    yield timed("calibrate", lambda: tables.append(calibrate(vectors, concepts["kind"].to_list())))
    manifest = {"name": "made-up", "created": "", "sources": [], "figures": {}, "build": "", "encoder": {}}
    yield timed("write the space", lambda: write_space(
        folder, concepts=concepts, aliases=MERGES.empty(), vectors=vectors, bias=np.zeros((n, len(ALL_KINDS)), np.float32), relations=RELATIONS.empty(),
        calibration=tables[0], manifest=manifest, encoder=lambda path: (path / "none").touch(),
    ))
    yield timed("load: verify, names, vector index", lambda: str(load_space(folder).recall))
    yield timed("load again", lambda: f"built {load_space(folder).built or 'nothing'}")
    index = folder / "index"
    sizes = [sum(path.stat().st_size for path in index.rglob(pattern) if path.is_file()) / 1e6 for pattern in ("names.sqlite", "edge-*/**/*")]
    yield {"what": "on disk: names, vector index", "value": f"{sizes[0]:.0f}, {sizes[1]:.0f} MB"}


# A child's peak memory counts from before its exec, when it still shares its parent's: so the parent is a small process.
LAUNCHER = """
import os, sys, time
began = time.perf_counter()
null = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
_, status, usage = os.wait4(os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ, file_actions=null), 0)
print(time.perf_counter() - began, usage.ru_maxrss, status)
"""


def run_cold(name: str, *arguments: str, repeats: int = 5) -> Row:
    """Median wall time and largest resident memory of whole processes."""
    command = ["-c", "from generel.cli.main import main; main()", *arguments]
    walls, memory = [], []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], capture_output=True, text=True, check=True)
        wall, kilobytes, status = map(float, done.stdout.split())
        if status:
            raise SystemExit(f"generel {' '.join(arguments)} failed")
        walls.append(wall)
        memory.append(kilobytes / 1024)
    return {"what": name, "value": f"{sorted(walls)[repeats // 2]:.2f} s", "detail": f"{max(memory):.0f} MB"}


def measure(name: str, work: Callable[[str], object], inputs: list[str]) -> Row:
    """Median and 95th percentile in milliseconds over the inputs, after one that does not count."""
    work(inputs[0])
    spent = []
    for each in inputs:
        began = time.perf_counter()
        work(each)
        spent.append(1000 * (time.perf_counter() - began))
    return {"what": name, "value": f"{np.median(spent):.2f} ms", "detail": f"p95 {np.quantile(spent, 0.95):.2f} ms"}


def misspell(name: str, generator: np.random.Generator) -> str:
    """The name with one letter left out and two others exchanged."""
    at = int(generator.integers(1, len(name) - 3))
    shorter = name[:at] + name[at + 1 :]
    return shorter[: at + 1] + shorter[at + 2 : at + 3] + shorter[at + 1 : at + 2] + shorter[at + 3 :]


def measure_bulk(name: str, n: int, work: Callable[[], object], *, repeats: int = 3) -> Row:
    """Median seconds of one piece of bulk work, and how many things a second that is, by the clock and by the processor."""
    walls, cpus = [], []
    for _ in range(repeats):
        began, spent = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - spent)
    wall, cpu = sorted(walls)[repeats // 2], sorted(cpus)[repeats // 2]
    return {"what": name, "value": f"{wall:.2f} s", "detail": f"{n / wall:,.0f} a second, cpu {cpu:.2f} s"}


def bulk(folder: Path, seed: int) -> Iterator[Row]:
    """Thousands of neighbors and a million pairs in one call."""
    curies = pl.read_parquet(folder / "concepts.parquet", columns=["curie"])["curie"]
    many = curies.sample(10_000, with_replacement=True, seed=seed).to_list()
    pairs = pl.DataFrame({side: curies.sample(1_000_000, with_replacement=True, seed=seed + each) for each, side in enumerate(("left", "right"))})
    with EmbeddingSpace.open(folder) as space:
        yield measure_bulk("10,000 neighbor queries, top 10", len(many), lambda: space.neighbors_of_many(many))
        yield measure_bulk("10,000 neighbor queries, top 10 drugs", len(many), lambda: space.neighbors_of_many(many, 10, ["drug"]))
        yield measure_bulk("relatedness of a million pairs", len(pairs), lambda: space.relatedness_of_pairs(pairs))


def query(folder: Path, seed: int) -> Iterator[Row]:
    """Latencies inside one process."""
    generator = np.random.default_rng(seed)
    concepts = pl.read_parquet(folder / "concepts.parquet").filter(pl.col("kind") != "variant").sample(200, seed=seed)
    curies, names = concepts["curie"].to_list(), concepts["name"].to_list()
    wrong = [misspell(name, generator) for name in names]
    began = time.perf_counter()
    with EmbeddingSpace.open(folder) as space:
        space.store.count()
        yield {"what": "open", "value": f"{1000 * (time.perf_counter() - began):.1f} ms", "detail": space.store.name}
        yield measure("neighbors, top 10", space.neighbors, curies)
        yield measure("neighbors, top 10 drugs", lambda curie: space.neighbors(curie, 10, ["drug"]), curies)
        yield measure("relatedness", lambda curie: space.relatedness(curie, curies[0]), curies)
        yield measure("lookup, exact name", lambda name: space.lookup(name, 1), names)
        yield measure("lookup, beginning", lambda name: space.lookup(name[:5]), names)
        yield measure("lookup, misspelled", space.lookup, wrong)
        found = [space.lookup(text, 1) for text in wrong]
        right = sum(bool(each) and each[0].concept.name == name for each, name in zip(found, names, strict=True))
        yield {"what": "misspelled names found first", "value": f"{right} of {len(names)}"}
    with EmbeddingSpace.open(folder, exact=True) as space:
        yield measure("exact scan, top 10", space.neighbors, curies[:50])


def measure_all(folder: Path, n: int, dim: int) -> Iterator[Row]:
    """Every row of the table."""
    yield from build(folder, n, dim, seed=1)
    space = ("--space", str(folder))
    variant = pl.read_parquet(folder / "concepts.parquet").filter(kind="variant")["name"][0]
    yield run_cold("cold: generel neighbors rsID --kind drug", "neighbors", variant, "--kind", "drug", *space)
    yield run_cold("cold: the same as a table", "neighbors", variant, "--kind", "drug", "--format", "table", *space)
    yield run_cold("cold: generel lookup, misspelled", "lookup", "bacolder", *space)
    yield run_cold("cold: generel --version", "--version")
    yield from query(folder, seed=2)
    yield from bulk(folder, seed=3)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000, help="concepts")
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--folder", type=Path, help="keep the space here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary) / "space").resolve()
        rows = measure_all(folder, options.n, options.dim)
        write_records(rows, format="table", columns=("what", "value", "detail"), title=f"{options.n:,} concepts, {options.dim} dimensions")


if __name__ == "__main__":
    main()
