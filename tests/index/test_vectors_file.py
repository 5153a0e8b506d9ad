"""The memory map over vectors.safetensors."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from generel.concepts.errors import Corrupt, NotThere
from generel.concepts.kinds import KINDS
from generel.index.vectors_file import VectorsFile

VECTORS = np.array([[1, 0, 0], [0, 0.6, 0.8]], np.float32)
BIAS = np.array([[0.5] * len(KINDS), [-1] * len(KINDS)], np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good file of two vectors."""
    save_file({"vectors": VECTORS, "bias": BIAS}, tmp_path / "vectors.safetensors")
    return tmp_path / "vectors.safetensors"


def test_what_safetensors_wrote_is_read(path: Path) -> None:
    """Vectors and bias come back exactly, and cannot be written to."""
    file = VectorsFile.open(path)
    assert file.vectors.tolist() == VECTORS.tolist()
    assert file.bias.tolist() == BIAS.tolist()
    with pytest.raises(ValueError, match="read-only"):
        file.vectors[0, 0] = 2


@pytest.mark.parametrize("n_bytes", [0, 5, 8, 60])
def test_a_cut_header_is_corrupt(path: Path, n_bytes: int) -> None:
    """A file that ends in its header is refused with its name."""
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(Corrupt, match=r"vectors\.safetensors cannot be read"):
        VectorsFile.open(path)


def test_missing_vectors_at_the_end_are_noticed_at_opening(path: Path) -> None:
    """One byte less than the header promises is refused before anything is read past the end."""
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Corrupt, match="cut short"):
        VectorsFile.open(path)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"vectors": VECTORS}, "'bias'"),
        ({"vectors": VECTORS.astype(np.float16), "bias": BIAS}, "F16"),
        ({"vectors": VECTORS, "bias": BIAS[:1]}, "do not belong together"),
        ({"vectors": VECTORS, "bias": BIAS[:, 0]}, "do not belong together"),
        ({"vectors": BIAS[0], "bias": BIAS}, "do not belong together"),
    ],
)
def test_other_tensors_are_refused(path: Path, tensors: dict, message: str) -> None:
    """A missing, half-precision or mismatched tensor is said."""
    save_file(tensors, path)
    with pytest.raises(Corrupt, match=message):
        VectorsFile.open(path)


def test_a_header_that_lies_about_the_shape_is_refused(path: Path) -> None:
    """A shape that does not fill the tensor's bytes is refused."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["vectors"]["shape"] = [3, 3]
    changed = json.dumps(header).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + content[8 + size :])
    with pytest.raises(Corrupt, match="does not fill"):
        VectorsFile.open(path)


def test_a_missing_file_is_not_there(tmp_path: Path) -> None:
    """No file is NotThere, not Corrupt."""
    with pytest.raises(NotThere):
        VectorsFile.open(tmp_path / "vectors.safetensors")
