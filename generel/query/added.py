"""Adding concepts to a space, taking them out again, and folding them in anew after a release.

What is added lies beside the space (`generel.index.added_file`), so nothing that was released changes. One process writes at a time;
each first looks at what is there now, not at what it saw when it opened the space.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from generel.concepts.atomic import say_when_full, write_beside
from generel.concepts.curie import Curie
from generel.concepts.errors import BadInput, GenerelError, NotThere, UnknownConcept
from generel.concepts.kinds import KINDS, Kind
from generel.concepts.progress import SILENT, Progress
from generel.index.added import replace_added
from generel.index.added_file import ADDED_FILE, AddedConcept, AddedFile, added_folder, read_added
from generel.index.lock import hold
from generel.index.space_folder import Manifest
from generel.query.added_input import NewConcept, check_new, refuse
from generel.query.added_variants import compose_variant
from generel.query.added_vectors import fold_in, share_of_ties
from generel.query.embedder import Embedder
from generel.query.records import Concept

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

LOCK = ".lock"
Floats = NDArray[np.float32]


class Refolded(NamedTuple):
    """How folding in anew went.

    Attributes:
        concepts: those that are in the space now.
        left_out: a sentence for each concept or tie that could not be kept.
        copy: where the file as it was lies if anything was left out.
    """

    concepts: list[Concept]
    left_out: list[str]
    copy: Path | None


def add_concepts(folder: Path, new: Sequence[NewConcept], *, embedder: Embedder | None = None, progress: Progress = SILENT) -> list[Concept]:
    """Add concepts to the space in `folder`, all or none; gives them back as the space has them now.

    Raises:
        BadInput: all that is wrong with any of them.
        MissingExtra: one has a name, and what embeds text is not installed.
    """

    def add(space: "EmbeddingSpace", before: AddedFile) -> tuple[AddedFile, list[AddedConcept]]:
        checked = check_new(new, find=space.concept)
        return _append(space, before, checked, progress), checked

    return [_say(concept) for concept in _change(folder, add, embedder=embedder, progress=progress)]


def remove_concepts(folder: Path, curies: Sequence[str], *, progress: Progress = SILENT) -> list[Concept]:
    """Take added concepts out of the space in `folder`, all or none; gives back what they were.

    Raises:
        UnknownConcept: no such concept was added.
        BadInput: other added concepts are tied to one of them.
    """

    def remove(space: "EmbeddingSpace", before: AddedFile) -> tuple[AddedFile, list[AddedConcept]]:
        gone = [str(Curie.parse(curie)) for curie in curies]
        there = {concept.curie: concept for concept in before.concepts}
        if unknown := [curie for curie in gone if curie not in there]:
            raise UnknownConcept(", ".join(unknown), [str(_say(concept)) for concept in list(there.values())[:3]], where="among what was added to the space")
        kept = np.array([concept.curie not in gone for concept in before.concepts], dtype=bool)
        left = tuple(concept for concept, keep in zip(before.concepts, kept, strict=True) if keep)
        tied = [f"{concept.curie} is tied to {other}" for concept in left for other in concept.others() if other in gone]
        if tied:
            raise BadInput(f"nothing was removed: {'; '.join(tied[:5])}; remove those as well, or first")
        return replace(before, concepts=left, vectors=before.vectors[kept], bias=before.bias[kept]), [there[curie] for curie in dict.fromkeys(gone)]

    return [_say(concept) for concept in _change(folder, remove, embedder=None, progress=progress)]


def refold(folder: Path, *, embedder: Embedder | None = None, progress: Progress = SILENT) -> Refolded:
    """Make the vectors of all added concepts anew, for the space as it is now.

    A concept that the space has itself by now is left out, and so is a tie to one that it no longer has; what was there before is
    then kept in a copy.

    Raises:
        NotThere: nothing was added.
    """
    from generel.query.space import EmbeddingSpace

    beside = added_folder(folder)
    with hold(beside / LOCK, wait=True, progress=progress), EmbeddingSpace.open(folder, embedder=embedder, with_added=False) as space:
        before = read_added(beside)
        if before is None:
            raise NotThere(f"nothing was added to {folder}")
        kept, left_out = _still_possible(before.concepts, space.concept)
        copy = _keep_copy(beside, before) if left_out else None
        after = _append(space, _nothing(space.manifest), kept, progress)
        replace_added(folder, after, n_own=space.manifest.n_concepts)
    return Refolded([_say(concept) for concept in kept], left_out, copy)


def _change(
    folder: Path, change: Callable[["EmbeddingSpace", AddedFile], tuple[AddedFile, list[AddedConcept]]], *, embedder: Embedder | None, progress: Progress
) -> list[AddedConcept]:
    """Put what `change` makes of the added concepts in their place; gives back the concepts that it was about."""
    from generel.query.space import EmbeddingSpace

    with hold(added_folder(folder) / LOCK, wait=True, progress=progress), EmbeddingSpace.open(folder, embedder=embedder) as space:
        after, about = change(space, read_added(added_folder(folder)) or _nothing(space.manifest))
        with say_when_full(added_folder(folder) / ADDED_FILE):
            replace_added(folder, after, n_own=space.manifest.n_concepts)
    return about


def _nothing(manifest: Manifest) -> AddedFile:
    return AddedFile(manifest.raw["digest"], (), np.empty((0, manifest.dims), np.float32), np.empty((0, len(KINDS)), np.float32))


def _append(space: "EmbeddingSpace", before: AddedFile, concepts: Sequence[AddedConcept], progress: Progress) -> AddedFile:
    """The file with these concepts at its end."""
    if not concepts:
        return before
    with progress.task(f"folding in {len(concepts):,} concepts"):
        vectors, bias = _vectors(space, concepts), np.stack([space.typical_bias(concept.kind) for concept in concepts])
    refuse([f"{concept.curie}: what it is made of cancels out, so it has no vector" for concept, vector in zip(concepts, vectors, strict=True) if not vector.any()])
    return AddedFile(
        space.manifest.raw["digest"], (*before.concepts, *concepts), np.concatenate([before.vectors, vectors]), np.concatenate([before.bias, bias])
    )


def _vectors(space: "EmbeddingSpace", concepts: Sequence[AddedConcept]) -> Floats:
    """(concepts, dims) one after the other, so that a later one can be tied to an earlier one."""
    # A composed concept with ties is not read, so that adding a variant does not wait for the encoder.
    read = [concept.names if concept.text and not (concept.ties and share_of_ties(concept.kind) == 1) else [] for concept in concepts]
    texts = [name for names in read for name in names]
    embedded = space.embed(texts) if texts else np.empty((0, space.manifest.dims), np.float32)
    ends = np.cumsum([len(names) for names in read])
    known: dict[str, Floats] = {}
    for concept, end, names in zip(concepts, ends, read, strict=True):
        there = [curie for curie in concept.others() if curie not in known]
        vectors = {**known, **dict(zip(there, space.vectors(there), strict=True))}
        ties = {curie: vectors[curie] for curie in dict.fromkeys(concept.others())}
        if concept.kind == Kind.VARIANT and ties:
            known[concept.curie] = compose_variant(space, ties)
        else:
            known[concept.curie] = fold_in(embedded[end - len(names) : end], np.array(list(ties.values()), dtype=np.float32), share=share_of_ties(concept.kind))
    return np.stack([known[concept.curie] for concept in concepts])


def _still_possible(concepts: Sequence[AddedConcept], find: Callable[[str], Concept]) -> tuple[list[AddedConcept], list[str]]:
    """The concepts, with those of their ties, that can be added to a space that has none of them yet; and a sentence for all else."""
    kept: dict[str, AddedConcept] = {}
    left_out: list[str] = []
    for concept in concepts:
        if _has(find, concept.curie):
            left_out.append(f"{concept.curie} is in the space itself now")
            continue
        lost = [end for end in concept.others() if end not in kept and not _has(find, end)]
        left_out += [f"{concept.curie} was tied to {end}, which the space no longer has" for end in lost]
        ties = tuple(tie for tie in concept.ties if not set(lost) & set(tie))
        if concept.text or ties:
            kept[concept.curie] = replace(concept, ties=ties)
        else:
            left_out.append(f"{concept.curie} has neither text nor a tie left")
    return list(kept.values()), left_out


def _has(find: Callable[[str], Concept], curie: str) -> bool:
    try:
        find(curie)
    except GenerelError:
        return False
    return True


def _keep_copy(beside: Path, before: AddedFile) -> Path:
    path = beside / f"added-{before.digest[:8]}.safetensors"
    with write_beside(path) as temporary:
        temporary.write_bytes((beside / ADDED_FILE).read_bytes())
    return path


def _say(concept: AddedConcept) -> Concept:
    return Concept(concept.curie, concept.kind, concept.name)
