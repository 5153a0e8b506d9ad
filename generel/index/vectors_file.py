"""The vectors of a space where they lie: a memory map over `vectors.safetensors`.

Opening reads the header only; the pages of a vector are read when it is touched. The header is checked against the file's
size, so a file that was cut short is refused at opening and never read past its end.
"""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt, NotThere
from generel.concepts.kinds import KINDS

Floats = NDArray[np.float32]
LENGTH = struct.Struct("<Q")
LARGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class VectorsFile:
    """Memory maps, read-only.

    Attributes:
        vectors: (n, dim) float32, unit norm.
        bias: (n, number of kinds) float32; bias[j, k] is what concept j gains, in cosine, as an answer to a query of kind KINDS[k].
    """

    vectors: Floats
    bias: Floats

    @classmethod
    def open(cls, path: Path) -> "VectorsFile":
        """The maps of the file at `path`.

        Raises:
            NotThere: no such file.
            Corrupt: no safetensors header, not these tensors, or fewer bytes than the header promises.
        """
        try:
            with path.open("rb") as stream:
                header, start = _read_header(stream.read(LENGTH.size), stream.read(LARGEST_HEADER))
            vectors, bias = (_map(path, header[name], start) for name in ("vectors", "bias"))
        except FileNotFoundError as error:
            raise NotThere(f"{path} is not there; release the space again") from error
        except (KeyError, ValueError, TypeError, struct.error) as error:
            raise Corrupt(f"{path} cannot be read as vectors ({error}); release the space again or copy it anew") from error
        if vectors.ndim != 2 or bias.shape != (len(vectors), len(KINDS)):
            raise Corrupt(f"{path} holds vectors {vectors.shape} and bias {bias.shape}, which do not belong together")
        return cls(vectors, bias)


def _read_header(length: bytes, rest: bytes) -> tuple[dict[str, Any], int]:
    (size,) = LENGTH.unpack(length)
    if size > len(rest):
        raise ValueError(f"its header should have {size:,} bytes")
    return json.loads(rest[:size]), LENGTH.size + size


def _map(path: Path, entry: dict[str, Any], start: int) -> Floats:
    begin, end = entry["data_offsets"]
    if entry["dtype"] != "F32":
        raise ValueError(f"a tensor is {entry['dtype']}, not F32")
    if start + end > path.stat().st_size:
        raise ValueError(f"it is cut short: {path.stat().st_size:,} of {start + end:,} bytes")
    shape = tuple(entry["shape"])
    if end - begin != 4 * int(np.prod(shape)):
        raise ValueError(f"shape {shape} does not fill {end - begin:,} bytes")
    return np.memmap(path, dtype="<f4", mode="r", offset=start + begin, shape=shape)
