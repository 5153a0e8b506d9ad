"""Progress on stderr: bars on a terminal, a line at the start and one at the end elsewhere.

Nothing here writes to stdout, so bars never end up in somebody's data.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from generel.concepts.progress import Advance


class RichProgress:
    """A `generel.concepts.progress.Progress` for people."""

    def __init__(self, console: Console | None = None) -> None:
        """On `console`; stderr where none is given."""
        self._console = console or Console(stderr=True)
        self._bars: Progress | None = None
        self._depth = 0

    @contextmanager
    def task(self, description: str, *, total: float | None = None) -> Iterator[Advance]:
        """A bar, or two lines; a task within a task gets a bar below."""
        shown = self._bar(description, total) if self._console.is_terminal else self._lines(description)
        with shown as advance:
            yield advance

    def say(self, message: str) -> None:
        """One line, above the bars if there are any."""
        self._console.print(message, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def _lines(self, description: str) -> Iterator[Advance]:
        began = time.monotonic()
        self.say(f"{description} …")
        yield lambda amount: None
        self.say(f"{description}: done in {time.monotonic() - began:.1f} s")

    @contextmanager
    def _bar(self, description: str, total: float | None) -> Iterator[Advance]:
        bars = self._bars = self._bars or _new_bars(self._console)
        if self._depth == 0:
            bars.start()
        self._depth += 1
        try:
            task = bars.add_task(description, total=total)
            yield lambda amount: bars.advance(task, amount)
            # A task that did not know its size, or misjudged it, is full when it is done.
            known = bars.tasks[bars.task_ids.index(task)].completed
            bars.update(task, total=known or 1, completed=known or 1)
        finally:
            self._depth -= 1
            if self._depth == 0:
                bars.stop()
                self._bars = None


def _new_bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(finished_text=" "), TextColumn("{task.description}", markup=False), BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), TimeRemainingColumn(compact=True), console=console,
    )
