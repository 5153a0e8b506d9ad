"""Loading a space: verifying it, then building its caches, `names.sqlite` and the Edge folder.

Tables come first: nothing is built from a file that is not what was released. A cache that was made from the same files is kept,
so a second load takes as long as reading the digests. Readers keep what they have open; new ones see the new index once
the link `current` has moved.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from generel.concepts.atomic import build_beside, sync_file
from generel.concepts.errors import Corrupt, GenerelError, NotWritable
from generel.concepts.progress import SILENT, Progress
from generel.index.freshness import NAMED_FILES, edge_folder, edge_is_current, names_are_current
from generel.index.lock import hold
from generel.index.space_folder import (
    ALIASES_FILE,
    CALIBRATION_FILE,
    CONCEPTS_FILE,
    CURRENT,
    INDEX,
    NAMES_FILE,
    VECTORS_FILE,
    Manifest,
    read_manifest,
    verify_files,
)
from generel.index.vectors_file import VectorsFile

LOCK = ".lock"


@dataclass(frozen=True)
class Loaded:
    """How a load went.

    Attributes:
        n_concepts: concepts in the space.
        store: 'edge', or 'exact' where Edge could not be built; `note` says why.
        recall: recall@10 of Edge against the exact search on a sample; None where it was not built now.
        built: which caches were built now; the others were good.
    """

    n_concepts: int
    store: str
    recall: float | None
    built: tuple[str, ...]
    note: str = ""


class PoorIndexError(GenerelError):
    """An index that was built and is not good enough to serve."""


def load_space(folder: Path, *, wait: bool = True, force: bool = False, progress: Progress = SILENT) -> Loaded:
    """Verify the space in `folder` and build what is missing of its index.

    Args:
        wait: whether to wait while another process loads the same space.
        force: build anew even what is good.

    Raises:
        Corrupt: a file of the space is not what was released; all such files are named.
        Busy: another process is loading it and `wait` is false.
        NotThere: no space in `folder`.
    """
    read_manifest(folder)
    with _writable(folder), hold(folder / INDEX / LOCK, wait=wait, progress=progress):
        manifest = read_manifest(folder)
        verify_files(folder, manifest, progress=progress)
        built = []
        if force or not names_are_current(folder, manifest):
            _build_names(folder, manifest, progress)
            built.append("names")
        return _load_edge(folder, manifest, built, force=force, progress=progress)


def _build_names(folder: Path, manifest: Manifest, progress: Progress) -> None:
    # polars costs 0.3 s; a process that only opens a space must not pay it.
    from generel.concepts.tables import CALIBRATION, MERGES, SPACE_CONCEPTS, read_table
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
        made_from={file: manifest.digest_of(file) for file in NAMED_FILES}, progress=progress,
    )


def _load_edge(folder: Path, manifest: Manifest, built: list[str], *, force: bool, progress: Progress) -> Loaded:
    if not force and edge_is_current(folder, manifest):
        return Loaded(manifest.n_concepts, "edge", None, tuple(built))
    if find_spec("qdrant_edge") is None:
        return Loaded(manifest.n_concepts, "exact", None, tuple(built), "qdrant-edge-py is not installed")
    target = edge_folder(folder, manifest)
    try:
        with build_beside(target) as temporary:
            recall = run_edge_build(folder, temporary, progress=progress)
    except PoorIndexError as refusal:
        return Loaded(manifest.n_concepts, "exact", None, tuple(built), str(refusal))
    point_current_to(target)
    remove_others(target)
    return Loaded(manifest.n_concepts, "edge", recall, (*built, "edge"))


def run_edge_build(space: Path, into: Path, *, progress: Progress = SILENT) -> float:
    """Build the Edge folder `into` in a process of its own; its recall@10.

    Raises:
        PoorIndexError: it misses too many neighbors.
        GenerelError: it died; the last line it wrote is in the message.
    """
    # -P and the parent's path: a file of the working directory that is called like a module must not be taken for it.
    command = [sys.executable, "-P", "-m", "generel.index.edge_build", str(space), str(into)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with progress.task("building the vector index"):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    said = json.loads((done.stdout.splitlines() or ["{}"])[-1])
    if done.returncode == 0 and "recall" in said:
        return float(said["recall"])
    if "refused" in said:
        raise PoorIndexError(f"the Edge index was refused: {said['refused']}")
    reason = (done.stderr.splitlines() or [f"it ended with {done.returncode}"])[-1]
    raise GenerelError(f"the Edge index of {space} could not be built: {reason}; `--exact` answers without it")


def point_current_to(target: Path) -> None:
    """Move the link `current` beside `target` to it, in one step."""
    link = target.with_name(CURRENT)
    temporary = link.with_name(f".{CURRENT}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target.name)
    temporary.replace(link)
    sync_file(target.parent)


def remove_others(target: Path) -> None:
    """Remove every other Edge folder beside `target`, and what crashed builds left; open readers keep their files."""
    for pattern in ("edge-*", ".edge-*"):
        for other in target.parent.glob(pattern):
            if other != target:
                shutil.rmtree(other, ignore_errors=True)


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
