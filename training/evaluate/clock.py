"""The time that a rival has: it starts when the rival begins to learn, and is looked at after every step."""

import time
from dataclasses import dataclass


class TimeIsUp(Exception):
    """No error: how a training loop without a time limit of its own is left when its seconds are over."""


@dataclass
class Clock:
    """Seconds of training.

    Attributes:
        seconds: how long the trainer may work.
        spent: how long it had worked when the clock was looked at last; whatever it does after its last step is not counted.
    """

    seconds: float
    spent: float = 0.0
    _began: float = 0.0

    def start(self) -> None:
        """Begin to measure."""
        self._began = time.perf_counter()

    @property
    def left(self) -> float:
        """The share of the time that is still to come, from 1 to 0."""
        return max(0.0, 1.0 - (time.perf_counter() - self._began) / self.seconds)

    @property
    def is_over(self) -> bool:
        """Whether the time is up now."""
        self.spent = time.perf_counter() - self._began
        return self.spent >= self.seconds

    def check(self) -> None:
        """Nothing, or TimeIsUp."""
        if self.is_over:
            raise TimeIsUp
