"""Large tables of which a step touches few rows: gathered, trained, and put back by row-wise Adagrad.

Torch's own sparse gradients keep one accumulator per *element*; one per row halves the memory and, on rows that are all
of one concept or token, loses nothing measurable.
"""

import torch


class SparseRows:
    """A table (n_rows, dims), zeros at first, with one Adagrad accumulator a row.

    The update is `row -= learning_rate * gradient / sqrt(sum over steps of mean(gradient ** 2))`
    (Duchi et al., JMLR 2011, with the mean over a row's elements in place of each element).
    """

    def __init__(self, n_rows: int, dims: int, *, learning_rate: float) -> None:
        self.weight = torch.zeros(n_rows, dims)
        self.accumulator = torch.zeros(n_rows)
        self.learning_rate = learning_rate
        self._rows: torch.Tensor | None = None
        self._gathered: torch.Tensor | None = None

    def gather(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows with these numbers as a leaf that collects a gradient; the numbers must be distinct."""
        self._rows = rows
        self._gathered = self.weight[rows].requires_grad_(True)
        return self._gathered

    def update(self) -> None:
        """Apply the gradient of the rows gathered last; without one, nothing happens."""
        if self._rows is None or self._gathered is None or self._gathered.grad is None:
            return
        gradient = self._gathered.grad
        accumulated = self.accumulator[self._rows] + gradient.square().mean(1)
        self.accumulator[self._rows] = accumulated
        # A row whose gradient has always been zero is left alone instead of divided by zero.
        step = self.learning_rate / accumulated.sqrt().clamp_min(1e-12)
        self.weight[self._rows] -= gradient * step.unsqueeze(1)
        self._rows = self._gathered = None

    def state(self, name: str) -> dict[str, torch.Tensor]:
        """The table and its accumulators under `name`, for a checkpoint."""
        return {f"{name}.weight": self.weight, f"{name}.accumulator": self.accumulator}

    def load(self, state: dict[str, torch.Tensor], name: str) -> None:
        """Take back what `state` gave."""
        self.weight.copy_(state[f"{name}.weight"])
        self.accumulator.copy_(state[f"{name}.accumulator"])
