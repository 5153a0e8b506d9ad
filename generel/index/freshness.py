"""Whether a space and its names are still what `load` verified, told without reading a gigabyte.

Apart from `load`, because opening a space asks this and must not pay for what building needs.
"""

from pathlib import Path

from generel.concepts.errors import Corrupt, NotThere
from generel.index.names import NamesIndex
from generel.index.notes import find_changed, read_note, stamp_files, stamp_known, write_note
from generel.index.space_folder import (
    ALIASES_FILE,
    CALIBRATION_FILE,
    CONCEPTS_FILE,
    INDEX,
    NAMES_FILE,
    RELATIONS_FILE,
    Manifest,
)

NAMED_FILES = (CONCEPTS_FILE, ALIASES_FILE, CALIBRATION_FILE)
VERIFIED = "verified.json"
NAMES = f"{INDEX}/{NAMES_FILE}"


def names_are_current(folder: Path, manifest: Manifest) -> bool:
    """Whether `names.sqlite` is there, can be read and was made from the tables the manifest names, the relations among them."""
    try:
        names = NamesIndex(folder / INDEX / NAMES_FILE)
    except (NotThere, Corrupt):
        return False
    current = names_are_made_from(names, manifest) and ties_are_made_from(names, manifest) and names.has_tie_norms
    names.close()
    return current


def names_are_made_from(names: NamesIndex, manifest: Manifest) -> bool:
    """Whether an open names index was made from the tables the manifest names."""
    return names.made_from == {file: manifest.digest_of(file) for file in NAMED_FILES}


def ties_are_made_from(names: NamesIndex, manifest: Manifest) -> bool:
    """Whether an open names index knows the relations that the manifest names; an older generel left them out."""
    return names.ties_from == manifest.digest_of(RELATIONS_FILE)


def names_are_damaged(folder: Path) -> bool:
    """Whether `names.sqlite`, read whole, is not what was verified; a damaged note of that counts as such."""
    try:
        note = read_note(folder / INDEX / VERIFIED)
    except Corrupt:
        return True
    names = {name: stamp for name, stamp in note["files"].items() if name == NAMES} if note else {}
    return bool(find_changed(folder, names, read=lambda name: True))


def note_verified(folder: Path, manifest: Manifest) -> None:
    """Note that all files of the space, and its names, are what they should be now."""
    stamps = {**stamp_known(folder, manifest.files), **stamp_files(folder, [NAMES])}
    write_note(folder / INDEX / VERIFIED, {"files": stamps})


def forget_verified(folder: Path) -> None:
    """Take the note away, before a file that is in it changes."""
    (folder / INDEX / VERIFIED).unlink(missing_ok=True)


def check_unchanged(folder: Path, manifest: Manifest) -> None:
    """Nothing, if every file of a loaded space, and its names, is what was verified.

    A file whose size or time of change is another (it was copied, or damaged) is read and compared with its digest. A space
    that nobody has noted as verified is left to `load`.

    Raises:
        Corrupt: naming all files that have changed.
    """
    note = read_note(folder / INDEX / VERIFIED)
    if note is None:
        return
    known = {name: {"changed": 0, **note["files"].get(name, {}), **recorded} for name, recorded in manifest.files.items()}
    changed = find_changed(folder, {**known, **{name: stamp for name, stamp in note["files"].items() if name == NAMES}})
    # A load that has just replaced the names took the note away first.
    if changed and read_note(folder / INDEX / VERIFIED) == note:
        way_out = "run: generel load" if changed == [NAMES] else "release the space again or copy it anew"
        raise Corrupt(f"{folder} is damaged: {', '.join(changed)} is not what was verified; {way_out}")
