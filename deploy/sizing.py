"""How much disk and memory a space of so many concepts takes, by arithmetic: prints the table of cluster.md.

    python deploy/sizing.py            the table
    python deploy/sizing.py FOLDER     what it says of a loaded space, beside what its index takes on the disk

Bytes of a concept are those of the formats; where a format packs, the figure is the most that the two released spaces were measured to take.
"""

import json
import sys
from pathlib import Path

DIMS, KINDS, LINKS, REPLICAS = 384, 10, 16, 2
SIZES = (10**5, 10**6, 10**7, 10**8)
# A float32, a byte or two bits for each number; the byte comes with one float32 a vector.
FLOAT32, INT8, BINARY = 4 * DIMS, DIMS + 4, DIMS // 4
# 2 x m links of four bytes on the lowest level, and 1/(m - 1) of that on those above; Qdrant packs them to a third.
GRAPH = 2 * LINKS * 4 * LINKS // (LINKS - 1)
# Row and kind as a stored payload of one block and its pointer, id both ways with its version, and the index of kinds.
PAYLOAD, IDS, KIND_INDEX = 128 + 16, 20 + 16 + 8, 27 + 4
POINT = GRAPH + PAYLOAD + IDS + KIND_INDEX
# names.sqlite, of a graph with as many synonyms as the starter's; concepts, relations and the rest of the tables.
NAMES, TABLES = 1_100, 140
# What a node keeps free for building segments and for the pages of the vectors themselves.
SHARE_USED, NODE_GB, FEWEST_NODES = 0.6, 64, 3
GB = 1e9


def folder_bytes(n: int) -> int:
    """A released space without its index and encoder: vectors and popularity, and tables."""
    return n * (4 * (DIMS + KINDS) + TABLES)


def disk_bytes(n: int, quantized: int) -> int:
    """One copy of the collection, or the Edge index: vectors, quantized vectors, graph, payload."""
    return n * (FLOAT32 + quantized + POINT)


def memory_bytes(n: int, searched: int) -> int:
    """What has to stay in memory for quick searches: the vectors that are searched, the graph and the rest of a point."""
    return n * (searched + POINT)


def nodes(n: int) -> int:
    """Nodes of NODE_GB for all replicas, int8 in memory."""
    return max(FEWEST_NODES, -int(-REPLICAS * memory_bytes(n, INT8) // (SHARE_USED * NODE_GB * GB)))


def table() -> str:
    """The table of cluster.md, Markdown."""
    heads = (
        "concepts", "folder", "names", "disk, float32", "disk, + int8", "disk, + 2 bits", "memory, float32", "memory, int8", "memory, 2 bits", f"nodes of {NODE_GB} GB, {REPLICAS} replicas, int8",
    )
    rows = [
        (f"10^{len(str(n)) - 1}", *(f"{amount / GB:,.2f}" for amount in (
            folder_bytes(n), n * NAMES, disk_bytes(n, 0), disk_bytes(n, INT8), disk_bytes(n, BINARY), *(memory_bytes(n, searched) for searched in (FLOAT32, INT8, BINARY)),
        )), str(nodes(n)) if n > 10**6 else "one machine, no server needed")
        for n in SIZES
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, ("---",) * len(heads), *rows))


def compare(space: Path) -> str:
    """The arithmetic for a loaded space beside its files; allocated blocks, for the engine's files have holes."""
    n = sum(json.loads((space / "manifest.json").read_text())["counts"].values())
    edge = (space / "index/current").resolve()
    found = {
        "Edge index, float32": (disk_bytes(n, 0), sum(path.stat().st_blocks * 512 for path in edge.rglob("*") if path.is_file())),
        "names.sqlite": (n * NAMES, (space / "index/names.sqlite").stat().st_size),
        "folder": (folder_bytes(n), sum(path.stat().st_size for path in space.iterdir() if path.is_file())),
    }
    return "\n".join(f"| {space.name}, {n:,} | {what} | {said / GB:.3f} | {is_ / GB:.3f} | {said / is_:.2f} |" for what, (said, is_) in found.items())


if __name__ == "__main__":
    print("\n".join(compare(Path(folder)) for folder in sys.argv[1:]) if sys.argv[1:] else table())
