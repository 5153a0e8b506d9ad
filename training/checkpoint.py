"""A run's state on disk: weights, optimizer, random generator and step, whole or not at all.

The folder is written beside and renamed, and the digests of both of its files are checked when it is read, so that a run resumed
from it continues to the same result as one that was never interrupted.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from generel.concepts.atomic import build_beside, recover
from generel.concepts.errors import BuildMismatch, Corrupt, NotThere
from training.model import ConceptModel

STATE, TENSORS = "state.json", "tensors.safetensors"


@dataclass(frozen=True)
class RunState:
    """Where a run stands besides its tensors: steps done, the generator's state, the losses' running means, the best validation."""

    step: int
    rng: dict[str, Any]
    losses: dict[str, float]
    best: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, model: ConceptModel, state: RunState, *, identity: dict[str, Any]) -> None:
    """Write the checkpoint at `folder`; the one there before stays until this one is complete.

    Args:
        folder: where to.
        model: its tower, tables and optimizer are saved.
        state: where the run stands.
        identity: recipe and digest of the build; a checkpoint is only ever resumed with equal ones.
    """
    with build_beside(folder) as beside:
        save_file(_tensors(model), beside / TENSORS)
        with (beside / TENSORS).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        payload = {**asdict(state), "identity": identity, "sha256": digest}
        (beside / STATE).write_text(json.dumps({"state": payload, "sha256": _digest_of(payload)}))


def load_checkpoint(folder: Path, model: ConceptModel, *, identity: dict[str, Any]) -> RunState:
    """Put the checkpoint's tensors into `model`; where the run stood.

    Raises:
        NotThere: no checkpoint.
        BuildMismatch: it belongs to another recipe or build, and what differs is named; or to another version of generel.
        Corrupt: cut short, or a digest does not match.
    """
    recover(folder)
    if not (folder / STATE).is_file():
        raise NotThere(f"{folder} holds no checkpoint; train without --resume")
    try:
        written = json.loads((folder / STATE).read_text())
        payload = written["state"]
        with (folder / TENSORS).open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == payload["sha256"] and _digest_of(payload) == written["sha256"]
        tensors = load_file(folder / TENSORS) if whole else {}
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise Corrupt(f"the checkpoint {folder} cannot be read ({error}); delete it and train without --resume") from error
    if not whole:
        raise Corrupt(f"the checkpoint {folder} does not match its digest; delete it and train without --resume")
    if payload["identity"] != json.loads(json.dumps(identity)):
        raise BuildMismatch(f"the checkpoint {folder} belongs to another recipe or build ({_difference(payload['identity'], identity)}); train without --resume, or under another --name")
    try:
        _restore(model, tensors)
    except (KeyError, RuntimeError) as error:
        raise BuildMismatch(f"the checkpoint {folder} was written by another version of generel ({error}); train without --resume") from error
    return RunState(payload["step"], payload["rng"], payload["losses"], payload["best"])


def checkpoint_identity(folder: Path) -> dict[str, Any] | None:
    """The recipe and build that the checkpoint at `folder` belongs to; None where there is none that can be read."""
    recover(folder)
    try:
        written = json.loads((folder / STATE).read_text())
        return dict(written["state"]["identity"]) if _digest_of(written["state"]) == written["sha256"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def restore_rng(state: dict[str, Any]) -> np.random.Generator:
    """The generator that continues where the saved one stood."""
    rng = np.random.default_rng()
    rng.bit_generator.state = state
    return rng


def _digest_of(payload: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def _tensors(model: ConceptModel) -> dict[str, torch.Tensor]:
    tensors = {f"{part}.{name}": tensor for part, module in model.modules().items() for name, tensor in module.state_dict().items()}
    for name, table in model.tables().items():
        tensors |= table.state(name)
    for number, moments in model.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in moments.items()}
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def _restore(model: ConceptModel, tensors: dict[str, torch.Tensor]) -> None:
    for part, module in model.modules().items():
        module.load_state_dict({name: tensors[f"{part}.{name}"] for name in module.state_dict()})
    for name, table in model.tables().items():
        table.load(tensors, name)
    saved = model.optimizer.state_dict()
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, number, name = key.split(".", 2)
            moments.setdefault(int(number), {})[name] = tensor
    model.optimizer.load_state_dict({"state": moments, "param_groups": saved["param_groups"]})


def _difference(left: dict[str, Any], right: dict[str, Any]) -> str:
    """The settings in which two identities differ, each with its value in the checkpoint and now."""
    there, now = dict(_settings(left)), dict(_settings(json.loads(json.dumps(right))))
    keys = [key for key in sorted({*there, *now}) if there.get(key) != now.get(key)]
    return ", ".join(f"{key} was {there.get(key)!r}, is {now.get(key)!r}" for key in keys)


def _settings(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value below a nested mapping by its dotted name."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _settings(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
