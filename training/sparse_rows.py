"""Large tables of which a step touches few rows: gathered, trained, and put back by row-wise Adagrad.

Torch's own sparse gradients keep one accumulator per *element*; one per row halves the memory and, on rows that are all
of one concept or token, loses nothing measurable.
"""

import numpy as np
import torch


class SparseRows:
    """A table (n_rows, dims), zeros at first, with one Adagrad accumulator a row.

    The update is `row -= learning_rate * gradient / sqrt(sum over steps of mean(gradient ** 2))`
    (Duchi et al., JMLR 2011, with the mean over a row's elements in place of each element).
    """

    def __init__(self, n_rows: int, dims: int, *, learning_rate: float, device: torch.device | None = None) -> None:
        self.weight = torch.zeros(n_rows, dims, device=device)
        self.accumulator = torch.zeros(n_rows, device=device)
        self.learning_rate = learning_rate
        self._rows: torch.Tensor | None = None
        self._gathered: torch.Tensor | None = None

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows with these numbers as a leaf that collects a gradient; the numbers must be distinct."""
        self._rows = rows
        self._gathered = self.weight[rows].requires_grad_(True)
        return self._gathered

    @property
    def gradient(self) -> torch.Tensor | None:
        """(rows gathered last, dims); None where no rows are gathered. Zeros where nothing has come back, such as to a worker without a share in them."""
        if self._gathered is None:
            return None
        if self._gathered.grad is None:
            self._gathered.grad = torch.zeros_like(self._gathered)
        return self._gathered.grad

    def update(self, factor: float = 1.0) -> None:
        """Apply the gradient of the rows gathered last, at that share of the learning rate; without one, nothing happens."""
        if self._rows is None or self._gathered is None or self._gathered.grad is None:
            return
        gradient = self._gathered.grad
        accumulated = self.accumulator[self._rows] + torch.linalg.vecdot(gradient, gradient).div_(gradient.shape[1])
        self.accumulator[self._rows] = accumulated
        # A row whose gradient has always been zero is left alone instead of divided by zero.
        step = factor * self.learning_rate / accumulated.sqrt().clamp_min(1e-12)
        # In place, and once over memory: the rows are distinct, and nobody needs the gradient any more.
        self.weight.index_add_(0, self._rows, gradient.mul_(step.unsqueeze(1)), alpha=-1)
        self._rows = self._gathered = None

    def state(self, name: str) -> dict[str, torch.Tensor]:
        """The table and its accumulators under `name`, for a checkpoint."""
        return {f"{name}.weight": self.weight, f"{name}.accumulator": self.accumulator}

    def load(self, state: dict[str, torch.Tensor], name: str) -> None:
        """Take back what `state` gave."""
        self.weight.copy_(state[f"{name}.weight"])
        self.accumulator.copy_(state[f"{name}.accumulator"])


class ConceptRows(SparseRows):
    """A table with rows for some concepts only, asked by concept number: most tables concern one kind."""

    def __init__(self, concepts: np.ndarray, dims: int, *, learning_rate: float, device: torch.device | None = None) -> None:
        """Rows for these concept numbers, ascending and distinct."""
        super().__init__(len(concepts), dims, learning_rate=learning_rate, device=device)
        self.concepts = concepts

    def gather_of(self, concepts: np.ndarray) -> torch.Tensor:
        """`gather` of the rows of these concepts, which must have rows."""
        return self.gather(torch.from_numpy(np.searchsorted(self.concepts, concepts)).to(self.weight.device))

    def of(self, concepts: np.ndarray) -> torch.Tensor:
        """(len(concepts), dims) in main memory, without gradient; zeros for concepts without a row."""
        values = torch.zeros(len(concepts), self.weight.shape[1])
        if not len(self.concepts):
            return values
        places = np.minimum(np.searchsorted(self.concepts, concepts), len(self.concepts) - 1)
        there = np.flatnonzero(self.concepts[places] == concepts)
        values[torch.from_numpy(there)] = self.weight[torch.from_numpy(places[there]).to(self.weight.device)].cpu()
        return values
