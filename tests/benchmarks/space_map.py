"""What a map of a space costs and how much of each neighborhood it keeps: one table on stdout, a line as each method ends.

    python tests/benchmarks/space_map.py --space starter --sample 15000

Kept is the share of each concept's ten nearest in the space that are among its ten nearest on the map, over 1,500 concepts. Seconds are of the
processor, on one thread, so that other work beside does not count; memory is the peak of a process of its own. PaCMAP and UMAP are tried where
they are installed; `--sample` takes so many concepts at random.
"""

import argparse
import importlib.util
import json
import resource
import subprocess
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from generel.apps.space_map import lay_out, principal_plane
from generel.index.space_folder import VECTORS_FILE
from generel.index.vectors_file import VectorsFile
from generel.query.find_space import find_space

Floats = NDArray[np.float32]
Places = NDArray[np.float64]
ASKED, NEAREST = 1500, 10


def umap_of(vectors: Floats, start: Places) -> Places:
    """UMAP by its defaults, started as the map is."""
    from umap import UMAP

    return UMAP(metric="cosine", init=start / np.abs(start).max() * 10, random_state=0, n_jobs=1).fit_transform(vectors)


def pacmap_of(vectors: Floats, start: Places) -> Places:
    """PaCMAP by its defaults, started as the map is."""
    from pacmap import PaCMAP

    return PaCMAP(random_state=0).fit_transform(vectors, init=start.astype(np.float32))


METHODS: dict[str, tuple[str, Callable[[Floats, Places], Places]]] = {
    "two principal components": ("numpy", lambda vectors, start: start),
    "t-SNE, as `generel map`": ("openTSNE", lambda vectors, start: lay_out(vectors, start, seed=0)),
    "UMAP": ("umap", umap_of),
    "PaCMAP": ("pacmap", pacmap_of),
}


def kept(vectors: Floats, places: Places) -> float:
    """The share of nearest concepts that are nearest on the map, too."""
    from scipy.spatial import cKDTree

    asked = np.random.default_rng(1).choice(len(vectors), min(ASKED, len(vectors)), replace=False)
    on_map = cKDTree(places).query(places[asked], k=NEAREST + 1)[1]
    shares = []
    for row, near in zip(asked.tolist(), on_map, strict=True):
        in_space = np.argpartition(-(vectors @ vectors[row]), NEAREST + 1)[: NEAREST + 1]
        shares.append(len((set(in_space.tolist()) - {row}) & (set(near.tolist()) - {row})) / NEAREST)
    return float(np.mean(shares))


def measure(space: str, method: str, sample: int | None) -> dict[str, float]:
    """Seconds of the processor, GB and share kept, in this process."""
    vectors = VectorsFile.open(find_space(space) / VECTORS_FILE).vectors
    rows = np.arange(len(vectors)) if sample is None else np.sort(np.random.default_rng(0).choice(len(vectors), sample, replace=False))
    vectors = np.ascontiguousarray(vectors[rows])
    lay = METHODS[method][1]
    if method in ("UMAP", "PaCMAP"):
        # What numba compiles at the first use is not the method's.
        lay(vectors[:1000], principal_plane(vectors[:1000]))
    before = spent()
    places = lay(vectors, principal_plane(vectors))
    seconds = spent() - before
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"n": len(vectors), "seconds": seconds, "gigabytes": gigabytes, "kept": kept(vectors, np.asarray(places, dtype=np.float64))}


def spent() -> float:
    """Seconds of the processor that this process has had."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="starter")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--method", choices=METHODS, help="measure one method in this process and print it as JSON")
    arguments = parser.parse_args()
    if arguments.method:
        print(json.dumps(measure(arguments.space, arguments.method, arguments.sample)))
        return
    print("| method | concepts | CPU seconds | peak GB | of the nearest 10 kept |\n| --- | --- | --- | --- | --- |")
    for method, (library, _) in METHODS.items():
        if importlib.util.find_spec(library) is None:
            continue
        own = [sys.executable, __file__, "--space", arguments.space, "--method", method, *(["--sample", str(arguments.sample)] if arguments.sample else [])]
        found = json.loads(subprocess.run(own, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        print(f"| {method} | {found['n']:,} | {found['seconds']:.0f} | {found['gigabytes']:.2f} | {found['kept']:.3f} |", flush=True)


if __name__ == "__main__":
    main()
