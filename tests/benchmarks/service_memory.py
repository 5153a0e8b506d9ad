"""What a worker keeps of spaces that it has opened and closed, and what of that its allocators keep: over many swaps, without requests.

    python tests/benchmarks/service_memory.py SPACE --swaps 6

Each row is a process of its own that opens the space as a worker does, warm, and closes it again, so many times. `in use` is what the C
library's allocator has given out and not got back; `given back` pages count until the kernel fetches them; `files` is how many the process
has open or mapped, and `spaces` how many of those that it opened are still there.
"""

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generel.cli.output import write_records
from generel.service.memory import AT_ONCE, VARIABLE, settle_down

LOOKS = (1, 2, 6, 20)
WAYS = {"as the libraries come": {}, "polars gives back at once": {VARIABLE: AT_ONCE}, "and the C library when a space goes": {VARIABLE: AT_ONCE, "GIVE_BACK_NOW": "1"}}


class MallocInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in ["arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"]]


def look(when: str, spaces: Sequence[weakref.ref[object]]) -> dict[str, Any]:
    """The memory of this process in MB, how many files it has, and how many of the spaces are there."""
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    pages = {line[0].rstrip(":"): int(line[1]) // 1024 for line in lines}
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = MallocInfo
    files = {line.split(maxsplit=5)[5] for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}
    return {
        "when": when, "own MB": pages["Anonymous"], "given back MB": pages["LazyFree"], "in use MB": library.mallinfo2().uordblks >> 20,
        "files": len(files) + len(list(Path("/proc/self/fd").iterdir())),
        "spaces": sum(each() is not None for each in spaces),
    }


def swap_over(space: Path, swaps: int) -> None:
    """Print, as JSON, what the process has with a space open and after each is closed."""
    from generel.service.opening import open_served
    from generel.service.settings import Settings

    looks, old = [look("before", ())], list[weakref.ref[object]]()
    for at in range(1, swaps + 1):
        opened = open_served(Settings(space=space))
        old.append(weakref.ref(opened))
        if at in (*LOOKS, swaps):
            looks.append(look(f"open, {at}", old))
        opened.close()
        del opened
        gc.collect()
        if os.environ.get("GIVE_BACK_NOW"):
            settle_down()
        if at in (*LOOKS, swaps):
            looks.append(look(f"closed, {at}", old))
    print(json.dumps(looks))


def main() -> None:
    """Print a table for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", type=Path, help="folder of a loaded space")
    parser.add_argument("--swaps", type=int, default=6)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        swap_over(options.space, options.swaps)
        return
    for way, variables in WAYS.items():
        command = [sys.executable, __file__, str(options.space), "--swaps", str(options.swaps), "--child"]
        done = subprocess.run(command, env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True)
        write_records(json.loads(done.stdout), format="table", title=way)


if __name__ == "__main__":
    main()
