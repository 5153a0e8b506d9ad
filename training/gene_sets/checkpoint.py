"""Where a training stands, on disk: tensors as safetensors, everything else as JSON, whole or not at all."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from generel.concepts.atomic import build_beside, recover
from generel.concepts.errors import BuildMismatch, Corrupt
from generel.index.space_folder import digest_file

STATE, TENSORS = "state.json", "tensors.safetensors"
Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Standing:
    """A training between two steps.

    Attributes:
        step: steps done.
        rng: state of the generator.
        best: largest figure of the held-out sets so far; None before the first check.
        worse: checks since then.
        losses: mean loss since the last check, check by check.
        figures: of the checks.
    """

    step: int
    rng: dict[str, Any]
    best: float | None = None
    worse: int = 0
    losses: tuple[float, ...] = ()
    figures: tuple[float, ...] = ()


def save_standing(folder: Path, standing: Standing, tensors: Tensors, *, identity: str) -> None:
    """Write the checkpoint; the one before stays until this one is complete.

    Args:
        identity: digest of the sets and the settings, which whoever goes on must share.
    """
    with build_beside(folder) as beside:
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, beside / TENSORS)
        (beside / STATE).write_text(json.dumps({**asdict(standing), "identity": identity, "tensors": digest_file(beside / TENSORS)}))


def load_standing(folder: Path, *, identity: str) -> tuple[Standing, Tensors] | None:
    """What was saved; None where nothing was.

    Raises:
        BuildMismatch: it is of other sets or settings.
        Corrupt: it cannot be read, or was changed.
    """
    recover(folder)
    if not (folder / STATE).is_file():
        return None
    try:
        told = json.loads((folder / STATE).read_text())
        whole = digest_file(folder / TENSORS) == told.pop("tensors")
        tensors = load_file(folder / TENSORS) if whole else {}
        theirs = told.pop("identity")
        standing = Standing(**{**told, "losses": tuple(told["losses"]), "figures": tuple(told["figures"])})
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise Corrupt(f"the checkpoint {folder} cannot be read ({error}); train without --resume") from error
    if not whole:
        raise Corrupt(f"the checkpoint {folder} does not match its digest; train without --resume")
    if theirs != identity:
        raise BuildMismatch(f"the checkpoint {folder} is of other gene sets or settings; train without --resume, or with the ones that it began with")
    return standing, tensors
