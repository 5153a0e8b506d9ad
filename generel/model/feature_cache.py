"""Text features computed once for every distinct string, kept on disk under the string's digest.

A cache folder belongs to one encoder (its digest is the folder's name) and is append-only: each flush writes one more segment,
so an interrupted run loses at most the segment it was computing. Deleting the folder costs time and nothing else.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from generel.concepts.atomic import write_beside
from generel.concepts.errors import Corrupt
from generel.concepts.progress import SILENT, Progress

# Texts encoded between two flushes: about 20 s of work on two cores.
TEXTS_A_SEGMENT = 32768
KEY = np.dtype("V16")


class Encoder(Protocol):
    """What the cache needs of `generel.model.encoder.TextEncoder`."""

    digest: str

    @property
    def dims(self) -> int: ...

    def encode(self, texts: Sequence[str], *, progress: Progress = SILENT) -> np.ndarray: ...


class FeatureCache:
    """The features of one encoder below `root`."""

    def __init__(self, root: Path, encoder: Encoder) -> None:
        self.folder = root / encoder.digest
        self.encoder = encoder

    def features(self, texts: Sequence[str], *, progress: Progress = SILENT) -> np.ndarray:
        """Features of the texts in their order: (len(texts), dims) float16, unit norm.

        Only texts not seen before are encoded; they are in the cache when this returns. Segments are read one at a time, so that memory is
        bounded by what was asked for, however much the cache holds.

        Raises:
            Corrupt: a segment cannot be read; the message names it, and it can be deleted.
        """
        if not len(texts):
            return np.empty((0, self.encoder.dims), dtype=np.float16)
        asked, first, places = np.unique(_sortable(np.array([text_key(text) for text in texts], dtype=KEY)), return_index=True, return_inverse=True)
        vectors, found = np.empty((len(texts), self.encoder.dims), dtype=np.float16), np.zeros(len(asked), dtype=np.bool_)
        self._fill(vectors, found, asked=asked, first=first)
        # In the order of the texts, so that what is cached does not depend on their digests.
        missing = np.sort(first[~found])
        for start in range(0, len(missing), TEXTS_A_SEGMENT):
            rows = missing[start : start + TEXTS_A_SEGMENT]
            batch = [texts[row] for row in rows.tolist()]
            vectors[rows] = self.encoder.encode(batch, progress=progress).astype(np.float16)
            self._append(batch, vectors[rows])
        again = np.flatnonzero(first[places] != np.arange(len(texts)))
        vectors[again] = vectors[first[places[again]]]
        return vectors

    def _fill(self, vectors: np.ndarray, found: np.ndarray, *, asked: np.ndarray, first: np.ndarray) -> None:
        """Put in the row `first` of `vectors` whatever is on disk of the keys `asked`, which ascend, and mark them in `found`."""
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                with safe_open(path, framework="np") as segment:
                    keys = _sortable(np.ascontiguousarray(segment.get_tensor("keys")).view(KEY)[:, 0])
                    rows = np.minimum(np.searchsorted(asked, keys), len(asked) - 1)
                    there = np.flatnonzero(asked[rows] == keys)
                    if len(there):
                        vectors[first[rows[there]]], found[rows[there]] = segment.get_tensor("features")[there], True
            except Exception as error:
                raise Corrupt(f"{path} cannot be read ({error}); delete it and its texts are encoded again") from error

    def _append(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        keys = np.array([text_key(text) for text in texts], dtype=KEY)
        name = hashlib.blake2b(keys.tobytes(), digest_size=8).hexdigest()
        with write_beside(self.folder / f"{name}.safetensors") as temporary:
            save_file({"keys": keys.view(np.uint8).reshape(-1, 16), "features": vectors}, temporary)


def text_key(text: str) -> bytes:
    """Sixteen bytes that stand for the string; two strings never share them in practice."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _sortable(keys: np.ndarray) -> np.ndarray:
    """The keys as fixed-length byte strings that numpy can sort; a trailing zero byte would be lost in 'S', so hex-free views of two integers are used."""
    return np.ascontiguousarray(keys).view(np.dtype([("high", ">u8"), ("low", ">u8")]))
