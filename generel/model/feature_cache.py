"""Text features computed once for every distinct string, kept on disk under the string's digest.

A cache folder belongs to one encoder (its digest is the folder's name) and is append-only: each flush writes one more segment,
so an interrupted run loses at most the segment it was computing. Deleting the folder costs time and nothing else.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

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

        Only texts not seen before are encoded; they are in the cache when this returns.

        Raises:
            Corrupt: a segment cannot be read; the message names it, and it can be deleted.
        """
        keys = np.array([text_key(text) for text in texts], dtype=KEY)
        known, vectors = self._load()
        missing = np.flatnonzero(~np.isin(_sortable(keys), _sortable(known)))
        fresh = list(dict.fromkeys(texts[int(row)] for row in missing))
        for start in range(0, len(fresh), TEXTS_A_SEGMENT):
            batch = fresh[start : start + TEXTS_A_SEGMENT]
            self._append(batch, self.encoder.encode(batch, progress=progress).astype(np.float16))
        if fresh:
            known, vectors = self._load()
        order = np.argsort(_sortable(known), kind="stable")
        places = np.searchsorted(_sortable(known)[order], _sortable(keys))
        return vectors[order[places]]

    def _load(self) -> tuple[np.ndarray, np.ndarray]:
        """All keys and vectors on disk, segment after segment."""
        keys, vectors = [np.empty(0, dtype=KEY)], [np.empty((0, self.encoder.dims), dtype=np.float16)]
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                segment = load_file(path)
                keys.append(np.ascontiguousarray(segment["keys"]).view(KEY)[:, 0])
                vectors.append(segment["features"])
            except Exception as error:
                raise Corrupt(f"{path} cannot be read ({error}); delete it and its texts are encoded again") from error
        return np.concatenate(keys), np.concatenate(vectors)

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
