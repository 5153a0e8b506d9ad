"""What training tells its libraries to keep, and when it gives memory back."""

import os

import pytest

from tests.training.test_trainer import make_run
from training import memory, trainer


def test_compiled_products_are_not_kept_unless_somebody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set already counts before it."""
    monkeypatch.delenv(memory.VARIABLE, raising=False)
    memory.keep_no_products()
    assert os.environ[memory.VARIABLE] == "0"
    monkeypatch.setenv(memory.VARIABLE, "64")
    memory.keep_no_products()
    assert os.environ[memory.VARIABLE] == "64"


def test_a_run_gives_memory_back_every_so_many_steps(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """After steps 5 and 10 of twelve."""
    given = []
    run = make_run(tmp_path_factory.mktemp("run"))
    monkeypatch.setattr(trainer, "STEPS_BETWEEN", 5)
    monkeypatch.setattr(trainer, "give_back", lambda: given.append(1))
    run.train()
    assert len(given) == 2
