"""Several processes that train one model: `torchrun` starts them, each computes its share of every step, and all end up equal.

All workers draw the same batch, from the same seed. A worker encodes its share of the slots and takes its share of the anchors and
candidates through the loss; gradients are summed. So what N workers do is what one does, to rounding, and a run may be resumed with another
number of workers than it was begun with. Only the first one writes files and talks.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class Workers:
    """This process among those of its run.

    Attributes:
        rank: from 0.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def from_environment(cls, *, device: torch.device | None = None) -> "Workers":
        """What torchrun's environment says; alone without it. The first call joins the group: gloo on processors, NCCL on graphics cards."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device is not None and device.type == "cuda" else "gloo", timeout=PATIENCE)
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def is_first(self) -> bool:
        """Whether this one writes files and talks."""
        return self.rank == 0

    def share(self, n: int) -> slice:
        """Which of n things are this worker's: shares differ by one at most."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def gather(self, mine: torch.Tensor, n: int) -> torch.Tensor:
        """(n, dims) the rows of all workers from each one's share of them; gradients flow back to whose rows they are."""
        if self.size == 1:
            return mine
        gathered: torch.Tensor = _Gather.apply(mine, n, self)  # type: ignore[no-untyped-call]
        return gathered

    def add_up(self, gradients: Iterable[torch.Tensor]) -> None:
        """Replace each worker's tensors by their sum over workers, in one message."""
        tensors = list(gradients)
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        for tensor, part in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def tell(self, said: Any) -> Any:
        """What the first worker says, told to all; a plain value."""
        if self.size == 1:
            return said
        told = [said]
        distributed.broadcast_object_list(told)
        return told[0]

    def wait(self) -> None:
        """Until all have come here."""
        if self.size > 1:
            distributed.barrier()


class _Gather(torch.autograd.Function):
    """All workers' shares in order; its gradient is each worker's share of the sum of all workers' gradients."""

    @staticmethod
    def forward(context: Any, mine: torch.Tensor, n: int, workers: Workers) -> torch.Tensor:
        context.workers, context.n = workers, n
        # The collective wants equal shares: a shorter one is padded.
        longest = -(-n // workers.size)
        padded = mine.new_zeros(longest, mine.shape[1])
        padded[: len(mine)] = mine
        parts = [torch.empty_like(padded) for _ in range(workers.size)]
        distributed.all_gather(parts, padded)
        lengths = [len(range(n)[Workers(rank, workers.size).share(n)]) for rank in range(workers.size)]
        return torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total[context.workers.share(context.n)], None, None
