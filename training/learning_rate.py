"""How a learning rate changes over a run: up at its beginning, where that is wanted, and down to zero at its end.

Late in a run a constant rate mostly moves weights to and fro between the batches of different tasks; falling rates average that out.
"""

from typing import Any


def rate_factor(done: int, *, steps: int, warmup: float = 0.0, cooldown: float = 0.0) -> float:
    """The share of the learning rate that the step after `done` others has, above 0 and at most 1.

    Args:
        done: steps before it.
        steps: of the whole run.
        warmup: share of the steps over which the rate rises to 1.
        cooldown: share of the steps, the last ones, over which it falls towards 0; 0 lets it stay.
    """
    rising, falling = max(1.0, warmup * steps), cooldown * steps
    up = (done + 1) / rising
    down = (steps - done) / max(1.0, falling) if falling else 1.0
    return max(0.0, min(1.0, up, down))


def steps_done(optimizer: Any) -> int:
    """How many steps a torch optimizer has made: counted by itself, in the state that a checkpoint keeps."""
    return int(next((float(state["step"]) for state in optimizer.state.values()), 0.0))
