"""Torch in this room: one thread a process."""

import torch

# The suite runs in as many processes as there are cores: tiny products in several threads wait for each other.
torch.set_num_threads(1)
