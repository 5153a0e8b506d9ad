"""What the frozen layers give for every text, computed once and kept on disk as long as encoder and number of layers are the same.

A folder belongs to one encoder, one number of layers and one precision; a text is known by the digest of its token ids. The folder is append-only:
a segment counts from when its index is written, after its tokens, so an interrupted build loses one segment. Tokens are mapped, not read.
Deleting the folder costs time and nothing else.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from generel.concepts.atomic import write_beside
from generel.concepts.errors import Corrupt
from generel.concepts.progress import SILENT, Progress
from generel.model.bag import Bags

# Tokens between two flushes: 200 MB of MiniLM's in bf16, a minute's work or two.
TOKENS_A_SEGMENT = 262_144
# numpy has no bf16: its bits are kept as integers.
STORED = {torch.bfloat16: torch.int16, torch.float32: torch.float32}
INDEX, TOKENS = ".index.safetensors", ".tokens.npy"
# Text numbers to their (tokens, dims) outputs, text after text.
Compute = Callable[[NDArray[np.int64]], torch.Tensor]


@dataclass(frozen=True)
class LayerOutputs:
    """The cached outputs of all texts of a run.

    Attributes:
        segments: the mapped tokens of each segment.
        segment, first: (texts,) in which segment a text lies, and its first row there.
        lengths: (texts,) in tokens.
    """

    segments: list[NDArray[Any]]
    segment: NDArray[np.int64]
    first: NDArray[np.int64]
    lengths: NDArray[np.int64]
    dtype: torch.dtype

    def take(self, texts: NDArray[np.int64]) -> torch.Tensor:
        """(tokens, dims) of these texts, text after text, in main memory."""
        lengths = self.lengths[texts]
        ends = np.cumsum(lengths)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        rows, segment = np.repeat(self.first[texts], lengths) + within, np.repeat(self.segment[texts], lengths)
        taken = np.empty((len(rows), self.segments[0].shape[1]), dtype=self.segments[0].dtype)
        for number in np.unique(segment).tolist():
            places = np.flatnonzero(segment == number)
            taken[places] = self.segments[number][rows[places]]
        return torch.from_numpy(taken).view(self.dtype)


class LayerCache:
    """The outputs of an encoder's first layers below `root`."""

    def __init__(self, root: Path, *, encoder: str, n_layers: int, dtype: torch.dtype) -> None:
        """Of the encoder with this digest."""
        self.folder = root / f"{encoder}-{n_layers}-{str(dtype).removeprefix('torch.')}"
        self.dtype = dtype

    def outputs(self, tokens: Bags, compute: Compute, *, progress: Progress = SILENT) -> LayerOutputs:
        """The outputs of all texts; only those not seen before are computed, and they are on disk when this returns.

        Raises:
            Corrupt: a segment cannot be read; the message names it, and it can be deleted.
        """
        keys = [token_key(tokens.rows[start:end]) for start, end in zip(tokens.offsets[:-1].tolist(), tokens.offsets[1:].tolist(), strict=True)]
        known = {key for key, _, _ in self._indexed()}
        fresh = {key: text for text, key in reversed(list(enumerate(keys))) if key not in known}
        missing, lengths = np.array(sorted(fresh.values()), dtype=np.int64), np.diff(tokens.offsets)
        with progress.task(f"Run the frozen layers over {len(missing):,} texts", total=float(lengths[missing].sum())) as advance:
            for texts in _segments(missing, lengths):
                self._append([keys[text] for text in texts.tolist()], lengths[texts], compute(texts))
                advance(float(lengths[texts].sum()))
        return self._open(keys, lengths)

    def _open(self, keys: list[bytes], lengths: NDArray[np.int64]) -> LayerOutputs:
        places = {key: (segment, first) for key, segment, first in self._indexed()}
        found = np.array([places[key] for key in keys], dtype=np.int64).reshape(-1, 2)
        return LayerOutputs([self._map(path) for path in self._paths()], found[:, 0], found[:, 1], lengths, self.dtype)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{INDEX}"))

    def _indexed(self) -> Iterator[tuple[bytes, int, int]]:
        """Key, number of the segment and first row of every text on disk."""
        for segment, path in enumerate(self._paths()):
            try:
                index = load_file(path)
                firsts = np.concatenate(([0], np.cumsum(index["lengths"])))[:-1]
            except Exception as error:
                raise Corrupt(f"{path} cannot be read ({error}); delete it and its texts are computed again") from error
            yield from ((bytes(key), segment, first) for key, first in zip(index["keys"], firsts.tolist(), strict=True))

    def _map(self, path: Path) -> NDArray[Any]:
        tokens = path.with_name(path.name.removesuffix(INDEX) + TOKENS)
        try:
            return np.load(tokens, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise Corrupt(f"{tokens} cannot be read ({error}); delete it and {path.name}, and its texts are computed again") from error

    def _append(self, keys: list[bytes], lengths: NDArray[np.int64], outputs: torch.Tensor) -> None:
        name = hashlib.blake2b(b"".join(keys), digest_size=8).hexdigest()
        stored = outputs.to(self.dtype).cpu().contiguous().view(STORED[self.dtype]).numpy()
        with write_beside(self.folder / f"{name}{TOKENS}") as temporary, temporary.open("wb") as file:
            np.save(file, stored)
        with write_beside(self.folder / f"{name}{INDEX}") as temporary:
            save_file({"keys": np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, 16), "lengths": lengths}, temporary)


def token_key(ids: NDArray[np.int32]) -> bytes:
    """Sixteen bytes that stand for a text's tokens."""
    return hashlib.blake2b(ids.astype("<i4").tobytes(), digest_size=16).digest()


def _segments(texts: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The texts in blocks of about so many tokens as a segment holds."""
    if not len(texts):
        return []
    blocks = np.cumsum(lengths[texts]) // TOKENS_A_SEGMENT
    return np.split(texts, np.flatnonzero(np.diff(blocks)) + 1)
