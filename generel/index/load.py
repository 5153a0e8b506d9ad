"""Loading a space: verifying it, then building its caches, `names.sqlite` and the Edge folder.

Tables come first: nothing is built from a file that is not what was released. A cache that was made from the same files and is
not damaged is kept, so a second load takes as long as reading everything once. Readers keep what they have open; new ones
see the new index once the link `current` has moved.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from generel.concepts.atomic import build_beside
from generel.concepts.errors import Corrupt, DiskFull, GenerelError, NotWritable
from generel.concepts.progress import SILENT, Progress
from generel.index.edge_folder import (
    EdgeNote,
    current_edge,
    new_edge_folder,
    point_current_to,
    read_edge_note,
    remove_others,
    write_edge_note,
)
from generel.index.freshness import (
    NAMED_FILES,
    VERIFIED,
    forget_verified,
    names_are_current,
    names_are_damaged,
    note_verified,
)
from generel.index.lock import hold
from generel.index.quantization import INT8_ADVISED_FROM, NONE
from generel.index.recall import PoorIndexError, Recall
from generel.index.space_folder import (
    ALIASES_FILE,
    CALIBRATION_FILE,
    CONCEPTS_FILE,
    INDEX,
    NAMES_FILE,
    RELATIONS_FILE,
    VECTORS_FILE,
    Manifest,
    read_manifest,
    verify_files,
)
from generel.index.unit_vectors import check_stored
from generel.index.vectors_file import VectorsFile

LOCK = ".lock"


@dataclass(frozen=True)
class Loaded:
    """How a load went.

    Attributes:
        n_concepts: concepts in the space.
        store: 'edge', or 'exact' where Edge could not be built; `note` says why.
        recall: recall of Edge against the exact scan on a sample, as measured when it was built; None without Edge.
        built: which caches were built now; the others were good.
        quantization: how Edge keeps its vectors.
        note: a sentence for the user; empty where there is nothing to say.
    """

    n_concepts: int
    store: str
    recall: Recall | None
    built: tuple[str, ...]
    quantization: str = NONE
    note: str = ""


def load_space(
    folder: Path, *, quantization: str | None = None, wait: bool = True, force: bool = False, progress: Progress = SILENT
) -> Loaded:
    """Verify the space in `folder` and build what is missing of its index.

    Args:
        quantization: how Edge is to keep its vectors; None for as it does, and as they are in a first load.
        wait: whether to wait while another process loads the same space.
        force: build anew even what is good.

    Raises:
        Corrupt: a file of the space is not what was released; all such files are named.
        Busy: another process is loading it and `wait` is false.
        NotThere: no space in `folder`.
    """
    with verified_space(folder, wait=wait, force=force, progress=progress) as (manifest, built):
        return _load_edge(folder, manifest, built, quantization=quantization, force=force, progress=progress)


@contextmanager
def verified_space(folder: Path, *, wait: bool = True, force: bool = False, progress: Progress = SILENT) -> Iterator[tuple[Manifest, list[str]]]:
    """A context in which this process alone writes the index of a space that was verified and whose names are built.

    Yields its manifest, and `["names"]` where they were built now.
    """
    read_manifest(folder)
    with _writable(folder), hold(folder / INDEX / LOCK, wait=wait, progress=progress):
        manifest = read_manifest(folder)
        _remove_leftovers(folder, manifest)
        verify_files(folder, manifest, progress=progress)
        check_stored(VectorsFile.open(folder / VECTORS_FILE).vectors, folder / VECTORS_FILE)
        built = []
        if force or not names_are_current(folder, manifest) or names_are_damaged(folder):
            # First: readers take names without a note for what they are, and names that differ from the note for damaged.
            forget_verified(folder)
            _build_names(folder, manifest, progress)
            built.append("names")
        note_verified(folder, manifest)
        yield manifest, built


def _remove_leftovers(folder: Path, manifest: Manifest) -> None:
    """Remove what a load that was killed has left, which can be gigabytes."""
    remove_others(folder / INDEX, keep=current_edge(folder, manifest))
    for name in (NAMES_FILE, VERIFIED):
        for left in (folder / INDEX).glob(f".{name}.*"):
            left.unlink(missing_ok=True)


def _build_names(folder: Path, manifest: Manifest, progress: Progress) -> None:
    # polars costs 0.3 s; a process that only opens a space must not pay it.
    from generel.concepts.tables import CALIBRATION, MERGES, RELATIONS, SPACE_CONCEPTS, read_table
    from generel.index.names_build import build_names

    concepts = read_table(folder / CONCEPTS_FILE, SPACE_CONCEPTS)
    n_vectors = len(VectorsFile.open(folder / VECTORS_FILE).vectors)
    if not concepts.height == n_vectors == manifest.n_concepts:
        raise Corrupt(
            f"{folder} has {concepts.height:,} concepts, {n_vectors:,} vectors and {manifest.n_concepts:,} in its manifest; release it again"
        )
    build_names(
        folder / INDEX / NAMES_FILE, concepts=concepts, aliases=read_table(folder / ALIASES_FILE, MERGES),
        calibration=read_table(folder / CALIBRATION_FILE, CALIBRATION),
        made_from={file: manifest.digest_of(file) for file in NAMED_FILES},
        relations=read_table(folder / RELATIONS_FILE, RELATIONS), ties_from=manifest.digest_of(RELATIONS_FILE), progress=progress,
    )


def _load_edge(
    folder: Path, manifest: Manifest, built: list[str], *, quantization: str | None, force: bool, progress: Progress
) -> Loaded:
    current = _good_edge(folder, manifest)
    wanted = quantization or (current.quantization if current else NONE)
    if not force and current and current.quantization == wanted:
        return Loaded(manifest.n_concepts, "edge", current.recall, tuple(built), wanted)
    if find_spec("qdrant_edge") is None:
        return Loaded(manifest.n_concepts, "exact", None, tuple(built), note="the exact scan serves because qdrant-edge-py is not installed")
    target = new_edge_folder(folder, manifest, wanted)
    try:
        with build_beside(target) as temporary:
            recall = run_edge_build(folder, temporary, quantization=wanted, progress=progress)
            write_edge_note(temporary, quantization=wanted, recall=recall)
    except PoorIndexError as refusal:
        return _as_before(manifest, current, built, refusal)
    point_current_to(target)
    remove_others(folder / INDEX, keep=target)
    return Loaded(manifest.n_concepts, "edge", recall, (*built, "edge"), wanted, _advice(manifest.n_concepts, wanted))


def _as_before(manifest: Manifest, current: EdgeNote | None, built: list[str], refusal: PoorIndexError) -> Loaded:
    """What serves where a new index was refused: the one there was, else the scan."""
    if current is None:
        return Loaded(manifest.n_concepts, "exact", None, tuple(built), note=f"the exact scan serves because {refusal}")
    return Loaded(manifest.n_concepts, "edge", current.recall, tuple(built), current.quantization, f"the index there was serves on because {refusal}")


def _good_edge(folder: Path, manifest: Manifest) -> EdgeNote | None:
    """What the current Edge folder is, all of its files read; None where there is none or it is damaged."""
    edge = current_edge(folder, manifest)
    try:
        return read_edge_note(edge, read_all=True) if edge else None
    except Corrupt:
        return None


def _advice(n_concepts: int, quantization: str) -> str:
    if quantization != NONE or n_concepts < INT8_ADVISED_FROM:
        return ""
    return f"with {n_concepts:,} concepts, `generel load --quantize int8` builds in less than half the time and searches as well"


def run_edge_build(space: Path, into: Path, *, quantization: str = NONE, progress: Progress = SILENT) -> Recall:
    """Build the Edge folder `into` in a process of its own; its recall.

    Raises:
        PoorIndexError: it misses too many neighbors.
        DiskFull: there was no room.
        GenerelError: it died; the last line it wrote is in the message.
    """
    # -P and the parent's path: a file of the working directory that is called like a module must not be taken for it.
    command = [sys.executable, "-P", "-m", "generel.index.edge_build", str(space), str(into), quantization]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with progress.task("building the vector index"):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    said = json.loads((done.stdout.splitlines() or ["{}"])[-1])
    if done.returncode == 0 and "overall" in said:
        return Recall(**said)
    if "refused" in said:
        raise PoorIndexError(said["refused"])
    reason = (done.stderr.splitlines() or [f"it ended with {done.returncode}"])[-1]
    # The engine writes into mapped files, and a page that finds no room on the disk ends a process by SIGBUS.
    if done.returncode == -signal.SIGBUS or any(text in done.stderr for text in (f"os error {errno.ENOSPC}", os.strerror(errno.ENOSPC))):
        raise DiskFull(f"no room left to build the Edge index of {space}; free some space and run the command again")
    raise GenerelError(f"the Edge index of {space} could not be built: {reason}; `--exact` answers without it")


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """A context in which a folder that may not be written is an error that says so."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise NotWritable(
            f"{error.filename or folder} may not be written, so {folder} cannot be loaded; copy the space to a folder of yours, or load it as its owner"
        ) from error
