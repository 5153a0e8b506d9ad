"""Opening what was added to a space, and replacing it: names index first, then the one file that counts.

The names index is named after the digest of the file it was made from and is written before it, so whenever a process is killed the
file that is there has its index. Whoever reads while somebody writes may find an index gone that it just read about: it looks again.
"""

from dataclasses import dataclass
from pathlib import Path

from generel.concepts.errors import BuildMismatch, Corrupt, NotThere
from generel.index.added_file import ADDED_FILE, SOURCE, AddedFile, added_folder, read_added, write_added
from generel.index.names import NamesIndex
from generel.index.space_folder import Manifest, digest_file
from generel.index.vectors_file import VectorsFile

MADE_FROM, CONTENT = "added", "sha256"
ATTEMPTS = 3


@dataclass(frozen=True)
class Added:
    """The concepts added to a space, open.

    Attributes:
        file: what was written.
        names: a names index whose rows go on after the space's own.
    """

    file: AddedFile
    names: NamesIndex

    @property
    def vectors(self) -> VectorsFile:
        """The vectors and biases, as those of a space."""
        return VectorsFile(self.file.vectors, self.file.bias)


def open_added(space: Path, manifest: Manifest) -> Added | None:
    """What was added to the space in `space`; None where nothing was.

    Raises:
        Corrupt: a file of it is not what was written.
        BuildMismatch: it was added to another release of this space.
    """
    folder = added_folder(space)
    for attempt in range(ATTEMPTS):
        file = read_added(folder)
        if file is None or not file.concepts:
            return None
        if file.space != manifest.raw["digest"] or file.vectors.shape[1] != manifest.dims:
            raise BuildMismatch(
                f"{folder / ADDED_FILE} holds {len(file.concepts):,} concepts added to another release of {space}; to fold them in again from "
                "their names and ties, run: generel add --refold"
            )
        try:
            return Added(file, _open_names(folder, file))
        except NotThere as error:
            if attempt == ATTEMPTS - 1:
                raise Corrupt(f"{error}; to make it again, run: generel add --refold") from error
    return None


def replace_added(space: Path, file: AddedFile, *, n_own: int) -> None:
    """Make `file` what is added to the space in `space`; the caller holds the lock.

    Args:
        n_own: how many concepts the space itself has.
    """
    folder = added_folder(space)
    folder.mkdir(parents=True, exist_ok=True)
    if file.concepts:
        _write_names(_names_path(folder, file), file, n_own=n_own)
    write_added(folder, file)
    for other in [*folder.glob("names-*.sqlite*"), *folder.glob(".*.part")]:
        if other != _names_path(folder, file) and other != _digest_path(folder, file):
            other.unlink(missing_ok=True)


def _write_names(path: Path, file: AddedFile, *, n_own: int) -> None:
    # polars costs 0.3 s; a process that only opens a space must not pay it.
    import polars as pl

    from generel.concepts.atomic import write_beside
    from generel.concepts.tables import CALIBRATION, MERGES, SPACE_CONCEPTS
    from generel.index.names_build import build_names

    rows = [
        (n_own + at, concept.curie, concept.kind, concept.name, list(concept.synonyms), concept.definition or None, SOURCE, len(concept.ties))
        for at, concept in enumerate(file.concepts)
    ]
    concepts = pl.DataFrame(rows, schema=SPACE_CONCEPTS.columns, orient="row")
    build_names(path, concepts=concepts, aliases=MERGES.empty(), calibration=CALIBRATION.empty(), made_from={MADE_FROM: file.digest})
    with write_beside(_digest_path(path.parent, file)) as temporary:
        temporary.write_text(digest_file(path)[CONTENT])


def _open_names(folder: Path, file: AddedFile) -> NamesIndex:
    path, digest = _names_path(folder, file), _digest_path(folder, file)
    if not path.is_file() or not digest.is_file():
        raise NotThere(f"{path} is not there")
    if digest.read_bytes() != digest_file(path)[CONTENT].encode():
        raise Corrupt(f"{path} is not what was written; to make it again, run: generel add --refold")
    return NamesIndex(path)


def _names_path(folder: Path, file: AddedFile) -> Path:
    return folder / f"names-{file.digest[:16]}.sqlite"


def _digest_path(folder: Path, file: AddedFile) -> Path:
    return folder / f"names-{file.digest[:16]}.sqlite.sha256"
