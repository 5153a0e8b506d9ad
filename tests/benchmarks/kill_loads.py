"""kill -9 at random moments of a load: what a reader finds after each, on a copy of a real or made-up space.

    python tests/benchmarks/kill_loads.py SPACE --kills 50 --concepts 4000

SPACE is the folder of a space; it is copied, or as many of its concepts are, so that a load takes seconds. Half of the loads go into a fake server on the loopback (20 of the concepts are asked
for). After each kill the space must answer as before, or say in a sentence that it is not loaded there, and the next load go through.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from generel.concepts.errors import NotThere
from generel.concepts.tables import CALIBRATION, MERGES, RELATIONS, SPACE_CONCEPTS, read_table
from generel.index.load import load_space
from generel.index.server_connection import Connection, Server
from generel.index.server_load import load_into_server
from generel.index.space_folder import (
    ALIASES_FILE,
    CALIBRATION_FILE,
    CONCEPTS_FILE,
    RELATIONS_FILE,
    VECTORS_FILE,
    read_manifest,
)
from generel.index.vectors_file import VectorsFile
from generel.index.write_space import GIVEN, write_space
from generel.query.space import EmbeddingSpace
from tests.index.qdrant_fake import FakeQdrant

HERE = "import sys; from pathlib import Path; from generel.index.load import load_space; load_space(Path(sys.argv[1]), force=True)"
THERE = (
    "import sys; from pathlib import Path; from generel.index.server_load import load_into_server; "
    "from generel.index.server_connection import Connection, Server; load_into_server(Path(sys.argv[1]), Connection(Server(sys.argv[2], timeout_seconds=600)))"
)


def start(program: str, *arguments: str) -> subprocess.Popen:
    """A load in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=subprocess.DEVNULL)


def seconds_of(program: str, *arguments: str) -> float:
    """How long a whole load takes."""
    began = time.monotonic()
    if start(program, *arguments).wait():
        raise SystemExit("a load that nobody killed failed")
    return time.monotonic() - began


def kill_during(program: str, *arguments: str, after: float) -> bool:
    """Kill a load after so many seconds; whether it was still running."""
    child = start(program, *arguments)
    time.sleep(after)
    running = child.poll() is None
    child.kill()
    child.wait()
    return running


def patient(url: str) -> Server:
    """The fake searches in Python objects, so it is slow where the machine is busy."""
    return Server(url, timeout_seconds=600)


def answers(space: Path, curies: list[str], url: str | None) -> list[list[str]] | None:
    """The ten nearest of some concepts; None where a server does not have the space."""
    try:
        with EmbeddingSpace.open(space, qdrant=patient(url) if url else None) as opened:
            return [[each.concept.curie for each in found] for found in opened.neighbors_of_many(curies)]
    except NotThere:
        return None


def kill_in_folder(space: Path, curies: list[str], kills: int, generator: random.Random) -> Counter[str]:
    """Kills of loads that build the index of the folder anew."""
    right, whole = answers(space, curies, None), seconds_of(HERE, str(space))
    outcomes = Counter({f"a whole load into the folder takes {whole:.1f} s": 1})
    for _ in range(kills):
        running = kill_during(HERE, str(space), after=generator.uniform(0, whole))
        outcomes[describe("folder", running, good=answers(space, curies, None) == right)] += 1
    load_space(space, wait=False, force=True)
    left = ", ".join(sorted(path.name for path in (space / "index").iterdir()))
    outcomes[f"folder, after one more load: {left}"] += 1
    return outcomes


def kill_at_server(space: Path, curies: list[str], kills: int, generator: random.Random) -> Counter[str]:
    """Kills of loads into a server that has nothing yet, each followed by a load that goes on."""
    with FakeQdrant().serving() as url:
        whole = seconds_of(THERE, str(space), url)
        right = answers(space, curies, url)
    outcomes = Counter({f"a whole load into a server takes {whole:.1f} s": 1})
    for _ in range(kills):
        with FakeQdrant().serving() as url:
            running = kill_during(THERE, str(space), url, after=generator.uniform(0, whole))
            outcomes[describe("server", running, good=answers(space, curies, url) in (right, None))] += 1
            uploaded = load_into_server(space, Connection(patient(url)), wait=False).uploaded
            went_on = "sent the rest" if 0 < uploaded < len(VectorsFile.open(space / VECTORS_FILE).vectors) else "sent all" if uploaded else "sent nothing"
            outcomes[f"server, the next load {went_on}: {'right' if answers(space, curies, url) == right else 'WRONG'}"] += 1
    return outcomes


def describe(where: str, running: bool, *, good: bool) -> str:
    """What one kill came to."""
    return f"{where}, {'killed' if running else 'was done before the kill'}: {'answers as before, or is said not to be there' if good else 'WRONG'}"


def copy_some(space: Path, target: Path, n: int) -> Path:
    """A space of the first `n` concepts of a space, with what joins them."""
    file, manifest = VectorsFile.open(space / VECTORS_FILE), read_manifest(space)
    tables = {table.name: read_table(space / name, table) for table, name in ((SPACE_CONCEPTS, CONCEPTS_FILE), (MERGES, ALIASES_FILE), (RELATIONS, RELATIONS_FILE), (CALIBRATION, CALIBRATION_FILE))}
    concepts = tables["SPACE_CONCEPTS"].head(n)
    kept = concepts["curie"].implode()
    write_space(
        target, concepts=concepts, aliases=tables["MERGES"].filter(pl.col("curie").is_in(kept)), vectors=np.array(file.vectors[:n]), bias=np.array(file.bias[:n]),
        relations=tables["RELATIONS"].filter(pl.col("subject").is_in(kept) & pl.col("object").is_in(kept)), calibration=tables["CALIBRATION"],
        manifest={name: manifest.raw[name] for name in (*GIVEN, "bias_weight")}, encoder=lambda folder: None,
    )
    return target


def main() -> None:
    """Print what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--concepts", type=int, help="so many of the space's; all by default")
    options = parser.parse_args()
    generator = random.Random(1)
    with tempfile.TemporaryDirectory() as temporary:
        target = Path(temporary) / options.space.name
        space = copy_some(options.space, target, options.concepts) if options.concepts else Path(shutil.copytree(options.space, target, symlinks=True))
        load_space(space)
        curies = pl.read_parquet(space / "concepts.parquet")["curie"].sample(20, seed=1).to_list()
        half = options.kills // 2
        outcomes = kill_in_folder(space, curies, options.kills - half, generator) + kill_at_server(space, curies, half, generator)
    for outcome, times in outcomes.items():
        print(f"{times:4d}  {outcome}")


if __name__ == "__main__":
    main()
