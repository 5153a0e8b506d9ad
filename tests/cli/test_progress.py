"""Bars on a terminal, lines elsewhere, never on stdout."""

import io

import pytest
from rich.console import Console

from generel.cli.progress import RichProgress


def test_outside_a_terminal_there_is_a_line_at_each_end(capsys: pytest.CaptureFixture[str]) -> None:
    """What is done, and that it is done; markup is text."""
    progress = RichProgress()
    with progress.task("reading [x]", total=3) as advance:
        advance(3)
    progress.say("half [of] it")
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert lines[0] == "reading [x] …"
    assert lines[1].startswith("reading [x]: done in ")
    assert lines[2] == "half [of] it"
    assert out == ""


def test_a_task_that_fails_is_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    """The line at the end is missing."""
    with pytest.raises(ValueError, match="no"), RichProgress().task("reading"):
        raise ValueError("no")
    assert "done" not in capsys.readouterr().err


def terminal() -> Console:
    """A console that takes itself for a terminal."""
    return Console(file=io.StringIO(), force_terminal=True, width=100)


def test_on_a_terminal_there_are_bars() -> None:
    """One a task, nested ones below, full at the end even if the size was not known."""
    console = terminal()
    progress = RichProgress(console)
    with progress.task("outer", total=2) as advance:
        advance(1)
        with progress.task("inner"):
            progress.say("in between")
        advance(1)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "outer" in text and "inner" in text and "in between" in text
    assert "100%" in text


def test_bars_end_when_the_work_fails() -> None:
    """After an error the terminal is free, and a new task starts anew."""
    progress = RichProgress(terminal())
    for _ in range(2):
        with pytest.raises(ValueError, match="no"), progress.task("reading", total=10):
            raise ValueError("no")
    assert progress._bars is None
