"""node2vec as a rival, by PecanPy's own command in an environment of its own: its libraries keep numpy below 2, and generel's do not.

    python -m venv pecanpy && pecanpy/bin/pip install pecanpy==2.0.9
    export GENEREL_PECANPY=$PWD/pecanpy/bin/pecanpy

Walks are of the training graph without predicates and directions. The settings are PecanPy's defaults, with which its walks are those of DeepWalk
(p = q = 1). It has no clock, so what it took is told instead of what it was given; in several threads no two trainings are quite the same.
"""

import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from generel.concepts.errors import Corrupt, GenerelError, NotThere
from generel.concepts.progress import SILENT, Progress

Floats = NDArray[np.float32]
VARIABLE, COMMAND = "GENEREL_PECANPY", "pecanpy"
DIMS, WALKS, STEPS = 128, 10, 80
INSTALL = (
    f"PecanPy cannot be installed beside generel, whose numpy is newer; give it an environment of its own: python -m venv pecanpy && "
    f"pecanpy/bin/pip install pecanpy==2.0.9, and put its command on the PATH or name it in {VARIABLE} (pecanpy/bin/pecanpy)"
)


@dataclass(frozen=True)
class Node2Vec:
    """One run of PecanPy's command."""

    command: Path
    seed: int
    walks: int = WALKS
    steps: int = STEPS

    def train(self, neighbors: csr_array, *, progress: Progress = SILENT) -> tuple[Floats, str]:
        """(n, DIMS) unit rows, zeros for a concept without a tie; and a sentence on what was run and how long it took.

        Args:
            neighbors: (n, n) symmetric, 1 for a training tie.

        Raises:
            GenerelError: PecanPy failed; its last words are in the message.
            Corrupt: what it wrote are no vectors of these concepts.
        """
        with tempfile.TemporaryDirectory() as scratch, progress.task("Train node2vec (PecanPy has no clock)"):
            graph, vectors = Path(scratch, "graph.npz"), Path(scratch, "vectors.npz")
            n_tied = write_graph(neighbors, graph)
            began = time.perf_counter()
            self._run(graph, vectors)
            took = time.perf_counter() - began
            found = read_vectors(vectors, n_concepts=neighbors.shape[0])
        return found, f"PecanPy, {self.walks} walks of {self.steps} steps from each of {n_tied:,} concepts, p = q = 1, {DIMS} dimensions; no time limit, took {took:.0f} s"

    def _run(self, graph: Path, vectors: Path) -> None:
        options = {
            "input": graph, "output": vectors, "dimensions": DIMS, "walk-length": self.steps, "num-walks": self.walks, "mode": "FirstOrderUnweighted", "random_state": self.seed,
        }
        words = [str(self.command), *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
        try:
            done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        except OSError as error:
            raise NotThere(f"{self.command} cannot be run ({error.strerror}). {INSTALL}") from error
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise GenerelError(f"{self.command} ended with {done.returncode}: {''.join(last) or 'it said nothing'}")


def find_pecanpy() -> Path:
    """PecanPy's command: the one that GENEREL_PECANPY names, else the one on the PATH.

    Raises:
        NotThere: neither; the message says how to install it.
    """
    named = os.environ.get(VARIABLE, "")
    found = shutil.which(named or COMMAND)
    if found is None:
        where = f"{VARIABLE} names '{named}', which is no command" if named else f"node2vec needs the command '{COMMAND}', which is not on the PATH"
        raise NotThere(f"{where}. {INSTALL}")
    return Path(found)


def write_graph(neighbors: csr_array, path: Path) -> int:
    """Write the ties as PecanPy reads them, concepts without one left out; how many have one."""
    tied = np.flatnonzero(np.diff(neighbors.indptr))
    ties = neighbors[tied][:, tied].tocsr()
    ties.sort_indices()
    np.savez(path, IDs=tied.astype(str), data=ties.data, indptr=ties.indptr, indices=ties.indices)
    return len(tied)


def read_vectors(path: Path, *, n_concepts: int) -> Floats:
    """(n_concepts, dims) unit rows of the vectors that PecanPy wrote, whose identifiers are concept numbers; zeros for those it has none of.

    Raises:
        Corrupt: the file cannot be read, or is of other concepts.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            numbers, rows = stored["IDs"].astype(np.int64), stored["data"].astype(np.float32)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Corrupt(f"{path} does not hold vectors as PecanPy writes them ({error})") from error
    inside = (numbers >= 0) & (numbers < n_concepts)
    if rows.ndim != 2 or len(rows) != len(numbers) or not inside.all() or not np.isfinite(rows).all():
        raise Corrupt(f"{path} has vectors of shape {rows.shape} for {len(numbers):,} concepts, {int((~inside).sum()):,} of them unknown, or values that are no numbers")
    vectors = np.zeros((n_concepts, rows.shape[1]), dtype=np.float32)
    vectors[numbers] = normalize(rows)
    return vectors
