"""When a run has learned what it can: a figure of validation that has not grown for some time."""

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Best:
    """The best validation so far.

    Attributes:
        step: when; 0 before the first.
        value: the watched figure then; higher is better.
        since: validations since that were no better.
    """

    step: int = 0
    value: float = -math.inf
    since: int = 0

    def after(self, step: int, value: float) -> "Best":
        """The best after one more validation; an equal figure is no better."""
        return Best(step, value) if value > self.value else Best(self.step, self.value, self.since + 1)

    def is_settled(self, patience: int) -> bool:
        """Whether so many validations in a row were no better; never with a patience of 0."""
        return 0 < patience <= self.since

    def as_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps; nothing before the first validation."""
        return asdict(self) if self.step else {}
