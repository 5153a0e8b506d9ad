"""The concepts that were added to a space: one file beside it, which is all the truth there is about them.

    spaces/<name>.added/
      added.safetensors     `vectors` and `bias` of the added concepts; their names and ties as JSON in the file's metadata
      names-<digest>.sqlite a names index of them, made from that JSON; a cache
      .lock                 held by whoever writes

The folder lies beside the space and not in it, so a space that is released anew does not take what was added with it. Everything is in
one file so that one rename adds or removes: a reader sees all of an addition or nothing of it. Meant for thousands of concepts: every
change writes the file anew. No polars here: the cold path reads this.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from generel.concepts.atomic import write_beside
from generel.concepts.errors import BadTable, Corrupt
from generel.concepts.kinds import KINDS

FORMAT = 1
ADDED_FILE = "added.safetensors"
SOURCE = "added"
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class AddedConcept:
    """A concept that somebody added.

    Attributes:
        curie: in canonical form.
        kind: of KINDS.
        name: the preferred name.
        synonyms: other names.
        definition: kept for the reader; empty where there is none. It is not embedded.
        text: whether the name says something, or is only an identifier in the place of one and is not embedded.
        ties: (subject, predicate, object), the concept itself being one end.
    """

    curie: str
    kind: str
    name: str
    synonyms: tuple[str, ...] = ()
    definition: str = ""
    text: bool = True
    ties: tuple[tuple[str, str, str], ...] = ()

    @property
    def names(self) -> list[str]:
        """The preferred name and the synonyms, each once."""
        return list(dict.fromkeys((self.name, *self.synonyms)))

    def others(self) -> list[str]:
        """The other end of each tie, in the order of the ties; one that is tied twice stands twice."""
        return [end for subject, _, target in self.ties for end in (subject, target) if end != self.curie]


@dataclass(frozen=True)
class AddedFile:
    """What the file holds.

    Attributes:
        space: digest of the manifest of the space that the vectors belong to.
        concepts: in the order they were added.
        vectors: (m, dims) float32, unit norm, one a concept.
        bias: (m, number of kinds) float32, popularity as in a space's vectors file.
    """

    space: str
    concepts: tuple[AddedConcept, ...]
    vectors: Floats
    bias: Floats

    @property
    def document(self) -> str:
        """Everything but the numbers, as JSON; equal contents give equal text."""
        content = {"format": FORMAT, "space": self.space, "concepts": [asdict(concept) for concept in self.concepts]}
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of the document and the numbers."""
        digest = hashlib.sha256(self.document.encode())
        for tensor in (self.vectors, self.bias):
            digest.update(f"{tensor.shape}".encode())
            digest.update(np.ascontiguousarray(tensor, dtype="<f4").tobytes())
        return digest.hexdigest()

    def relations(self) -> Iterator[tuple[str, str, str]]:
        """(subject, predicate, object) of every tie, each once."""
        yield from dict.fromkeys(tie for concept in self.concepts for tie in concept.ties)


def added_folder(space: Path) -> Path:
    """Where the concepts added to the space in `space` lie."""
    return space.with_name(f"{space.name}.added")


def write_added(folder: Path, added: AddedFile) -> None:
    """Write the file into `folder`, whole or not at all."""
    tensors = {"vectors": np.ascontiguousarray(added.vectors), "bias": np.ascontiguousarray(added.bias)}
    with write_beside(folder / ADDED_FILE) as temporary:
        save_file(tensors, temporary, metadata={"document": added.document, "sha256": added.digest})
        # safetensors makes its file readable by the owner only; a space is read by others, too.
        temporary.chmod(0o644)


def read_added(folder: Path) -> AddedFile | None:
    """The file in `folder`; None where there is none.

    Raises:
        Corrupt: it is cut short, changed, or cannot be read.
        BadTable: another version of generel wrote it.
    """
    path = folder / ADDED_FILE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="np") as archive:
            metadata = archive.metadata()
            document = json.loads(metadata["document"])
            vectors, bias = archive.get_tensor("vectors"), archive.get_tensor("bias")
        if document["format"] != FORMAT:
            raise BadTable(f"{path} has format {document['format']!r}; this generel reads format {FORMAT}")
        added = AddedFile(document["space"], tuple(map(_concept, document["concepts"])), vectors, bias)
        damaged = added.digest != metadata["sha256"] or not len(added.concepts) == len(vectors) == len(bias) or bias.shape[1:] != (len(KINDS),)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _corrupt(path, str(error)) from error
    if damaged:
        raise _corrupt(path, "its digest does not match")
    return added


def _concept(fields: Mapping[str, Any]) -> AddedConcept:
    return AddedConcept(**{**fields, "synonyms": tuple(fields["synonyms"]), "ties": tuple((str(s), str(p), str(o)) for s, p, o in fields["ties"])})


def _corrupt(path: Path, reason: str) -> Corrupt:
    return Corrupt(f"{path} is not what was written ({reason}); put back a copy of it, or remove it and add its concepts again")
