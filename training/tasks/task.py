"""What every task offers: a size, batches, and which concepts may ask and answer in it."""

from typing import Protocol

import numpy as np

from training.tasks.batch import Batch


class Task(Protocol):
    """One kind of contrastive pair.

    Attributes:
        name: unique among the tasks of a run.
        family: what a recipe may call it by as well.
    """

    @property
    def name(self) -> str: ...

    @property
    def family(self) -> str: ...

    @property
    def size(self) -> int:
        """How many pairs it has."""
        ...

    @property
    def asking(self) -> np.ndarray:
        """Numbers of the concepts that may be anchors, ascending."""
        ...

    @property
    def answering(self) -> np.ndarray:
        """Numbers of the concepts that may be candidates, ascending."""
        ...

    def draw(self, rng: np.random.Generator) -> Batch | None:
        """One step's batch; None where the draw left no pair to learn from."""
        ...
