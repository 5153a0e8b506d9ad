"""What a run says of itself: a line of JSON a validation, and TensorBoard's files for those who look at curves."""

import json
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from generel.concepts.errors import MissingExtra


class RunLog:
    """The log of a run; a context manager.

    Args:
        folder: of the run; `log.jsonl` and `tensorboard/` lie there, and grow when a run is resumed.
        tensorboard: whether to write its files.
        writes: whether this is the worker that writes.
        begun_at: the step that a resumed run continues after: what TensorBoard has of later ones is forgotten.

    Raises:
        MissingExtra: TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: Path, *, tensorboard: bool = False, writes: bool = True, begun_at: int = 0) -> None:
        self.path, self.writes = folder / "log.jsonl", writes
        self._board = _open_board(folder / "tensorboard", begun_at) if tensorboard and writes else None
        self._began, self._relations, self.rate = time.monotonic(), 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._board:
            self._board.close()

    def count(self, relations: int) -> None:
        """One more step with so many positives."""
        self._relations += relations

    def write(self, step: int, *, figures: dict[str, float], losses: dict[str, float]) -> None:
        """One line: figures of validation, running losses by task, positives a second since the last line, peak memory."""
        seconds = time.monotonic() - self._began
        self.rate = self._relations / max(seconds, 1e-9)
        record = {
            "step": step, "validation": figures, "losses": {name: round(value, 4) for name, value in losses.items()},
            "relations_a_second": round(self.rate), "peak_gb": peak_gb(), "time": round(time.time(), 1),
        }
        if self.writes:
            with self.path.open("a") as file:
                file.write(json.dumps(record) + "\n")
        if self._board:
            scalars = {f"validation/{name}": value for name, value in figures.items()} | {f"loss/{name}": value for name, value in losses.items()}
            for name, value in (scalars | {"relations a second": self.rate}).items():
                self._board.add_scalar(name, value, step)
        self._began, self._relations = time.monotonic(), 0


def peak_gb() -> float | None:
    """The largest resident memory this process has had, in GB; None where the system does not say."""
    with suppress(ImportError):
        import resource
        import sys

        # Kilobytes on Linux, bytes on macOS.
        unit = 1 if sys.platform == "darwin" else 1024
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 2)
    return None


def _open_board(folder: Path, begun_at: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtra("TensorBoard", "tensorboard", "writing its files") from error
    return SummaryWriter(str(folder), purge_step=begun_at + 1 if begun_at else None)
