"""Twenty swaps of a space under load: how many requests fail, how long a swap and the slowest answer take, and what the memory comes to.

    python tests/benchmarks/service_swap.py SPACE --swaps 20 --workers 2

Each swap is what `generel load` does: another release takes the place of the one that is served (its manifest, tables and vectors), with an
index of its own. The two releases that take turns are copies of SPACE that differ in name, so building them is done before and only
the switch is under load.

The second table is of all processes together, after some of the swaps and still under load: the memory that is their own, how much of it
they have given back though the kernel has not fetched it yet, pages of mapped files, and what of releases that are gone is still open.
"""

import argparse
import itertools
import json
import shutil
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

from service_load import questions_of, read_concepts
from service_processes import OWN, ask, count_deleted, megabytes, service, summary

from generel.cli.output import write_records
from generel.concepts.atomic import swap_in
from generel.index.freshness import note_verified
from generel.index.space_folder import MANIFEST, digest_of_manifest, read_manifest

LOOKS = (1, 2, 6, 10, 20, 30)
MIXED = ("neighbors by CURIE", "relatedness", "type-ahead", "concept", "relations of a concept")
Row = dict[str, object]


def copy_as(space: Path, folder: Path, *, name: str) -> Path:
    """A loaded copy of a space under another name; its files are hard links."""
    shutil.copytree(space, folder, symlinks=True, copy_function=lambda source, target: Path(target).hardlink_to(source))
    raw = {**json.loads((folder / MANIFEST).read_bytes()), "name": name}
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).write_text(json.dumps({**raw, "digest": digest_of_manifest(raw)}), encoding="utf-8")
    note_verified(folder, read_manifest(folder))
    return folder


def swap(served: Path, release: Path, ports: int, *, name: str, agree: int) -> float:
    """Put the release in the place of the one that is served; the seconds until so many answers in a row are the new one's."""
    began = time.perf_counter()
    swap_in(copy_as(release, served.with_name(f".next.{time.monotonic_ns()}"), name=name), served)
    in_a_row = 0
    while in_a_row < agree:
        with urllib.request.urlopen(f"http://127.0.0.1:{ports}/v1/space", timeout=60) as answer:
            in_a_row = in_a_row + 1 if json.load(answer)["name"] == name else 0
        time.sleep(0.02)
    return time.perf_counter() - began


def run(options: argparse.Namespace) -> tuple[Row, list[Row]]:
    """The two tables; the first has one row."""
    with tempfile.TemporaryDirectory(dir=options.space.parent) as temporary:
        served = copy_as(options.space, Path(temporary) / "served", name="release 0")
        questions = questions_of(read_concepts(options.space, seed=1), seed=1)
        with service(served, "--workers", str(options.workers)) as (port, process):
            memory, ended = [note_memory(process, 0)], threading.Event()
            mixed = [questions[name]() for name in MIXED]
            turn = (next(each) for each in itertools.cycle(mixed))
            seconds, parts = [], []

            def keep_asking() -> None:
                while not ended.is_set():
                    parts.append(ask(port, turn, connections=options.connections, seconds=5))

            asking = threading.Thread(target=keep_asking)
            asking.start()
            began = time.perf_counter()
            for number in range(1, options.swaps + 1):
                seconds.append(swap(served, options.space, port, name=f"release {number}", agree=10 * options.workers))
                if number in LOOKS or number == options.swaps:
                    memory.append(note_memory(process, number))
            ended.set()
            asking.join()
            took = [each for some, _ in parts for each in some]
            statuses = sum((some for _, some in parts), Counter())
            failed = sum(n for status, n in statuses.items() if status != 200)
            return {
                "swaps": options.swaps, "failed requests": failed, "median swap s": f"{sorted(seconds)[len(seconds) // 2]:.1f}",
                **summary(took, statuses, time.perf_counter() - began), "slowest ms": f"{1000 * max(took):.0f}",
            }, memory


def note_memory(process: int, swaps: int) -> Row:
    """What a service's processes hold."""
    own, free, mapped = (megabytes(process, *of) for of in (OWN, ("LazyFree",), ("Pss_File",)))
    return {"after swaps": swaps, "own MB": f"{own:.0f}", "of it given back MB": f"{free:.0f}", "mapped MB": f"{mapped:.0f}", "open of old releases": count_deleted(process)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", type=Path, help="folder of a loaded space")
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    swaps, memory = run(options)
    title = f"generel serve --workers {options.workers}, {options.space.name}"
    write_records([swaps], format="table", title=f"{title}: swaps under load")
    write_records(memory, format="table", title=f"{title}: memory over swaps")


if __name__ == "__main__":
    main()
