"""Two processes do what one does: the same losses, gradients and tables, to rounding."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.training.worlds import world_corpus, world_model, world_recipe
from training.trainer import Run, make_tasks
from training.workers import Workers

RECIPE = world_recipe()
WORKER = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.training.test_workers import train_world
train_world(Path(sys.argv[1]), steps=int(sys.argv[2]))
"""


def train_world(folder: Path, *, steps: int) -> Run:
    """The world's run by as many workers as the environment says; each saves what it ends with, and its last gradients."""
    recipe = replace(RECIPE, steps=steps, validate_every=steps, seed=5)
    workers, corpus = Workers.from_environment(), world_corpus(recipe)
    model = world_model(recipe, corpus, workers=workers)
    run = Run(folder / "run", model, corpus, recipe, {"recipe": recipe.as_dict(), "build": "b1"}, tasks=make_tasks(corpus, recipe), validate=lambda: {"mean": 0.5})
    run.train()
    tensors = {f"{name}.{side}": tensor for name, table in model.tables().items() for side, tensor in (("weight", table.weight), ("squares", table.accumulator))}
    for part, module in model.modules().items():
        tensors |= {f"{part}.{name}": parameter.detach() for name, parameter in module.named_parameters()}
        tensors |= {f"{part}.{name}.gradient": parameter.grad for name, parameter in module.named_parameters() if parameter.grad is not None}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / f"worker_{workers.rank}.safetensors")
    return run


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(folder: Path, *, size: int, steps: int) -> None:
    """Train in this many processes, as torchrun would start them, and wait for all."""
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(size), "PYTHONPATH": os.pathsep.join(sys.path)}
    started = [subprocess.Popen([sys.executable, "-c", WORKER, str(folder), str(steps)], env={**os.environ, **common, "RANK": str(rank)}) for rank in range(size)]
    assert [process.wait(timeout=120) for process in started] == [0] * size


@pytest.mark.slow
def test_two_workers_have_the_gradients_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the tower, and the mean squares that the tables' gradients leave, after one step; only the first worker writes."""
    monkeypatch.setenv("GENEREL_FLOAT32", "1")
    alone, together = tmp_path / "alone", tmp_path / "together"
    alone.mkdir()
    together.mkdir()
    train_world(alone, steps=1)
    start(together, size=2, steps=1)
    expected, first, second = (load_file(path) for path in (alone / "worker_0.safetensors", together / "worker_0.safetensors", together / "worker_1.safetensors"))
    compared = [name for name in expected if name.endswith((".gradient", ".squares"))]
    assert expected.keys() == first.keys()
    assert {"tower.linear.weight.gradient", "tokens.squares", "residuals.squares"} <= set(compared)
    assert expected["tower.linear.weight.gradient"].abs().max() > 1e-3
    for name in compared:
        torch.testing.assert_close(first[name], expected[name], atol=1e-5, rtol=1e-4, msg=name)
        assert torch.equal(first[name], second[name])
    assert (together / "run" / "checkpoint" / "state.json").is_file()
    assert len((together / "run" / "log.jsonl").read_text().splitlines()) == 1


@pytest.mark.slow
def test_workers_stay_equal(tmp_path: Path) -> None:
    """After twelve steps in bf16 every tensor of one is that of the other, bit for bit: nothing is averaged at the end."""
    start(tmp_path, size=2, steps=12)
    first, second = (load_file(tmp_path / f"worker_{rank}.safetensors") for rank in range(2))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def test_shares_are_all_there_is_once() -> None:
    """In order, without gaps, and differing by one at most."""
    for size in range(1, 6):
        for n in range(12):
            shares = [range(n)[Workers(rank, size).share(n)] for rank in range(size)]
            assert [number for share in shares for number in share] == list(range(n))
            assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_one_worker_gathers_and_adds_nothing() -> None:
    """Alone, everything is left as it is, and no group is joined."""
    rows, workers = torch.from_numpy(np.eye(3)), Workers()
    assert workers.gather(rows, 3) is rows
    workers.add_up([rows])
    assert torch.equal(rows, torch.from_numpy(np.eye(3)))
    assert workers.tell("said") == "said"
    workers.wait()
    assert not torch.distributed.is_initialized()
