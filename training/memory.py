"""What training would keep in memory and never use again.

No two steps have as many slots, texts and candidates. oneDNN compiles matrix products for one shape each and keeps the last 1,024, none of which is found
again, and tensors of ever new sizes leave gaps in the C library's heap. On 69,518 texts 300 steps peak at 2.25 GB with the kept products, at 1.66 without
them, and at 1.51 with the gaps given back, at no cost in processor time that could be told from noise (`tests/benchmarks/training_memory.py`).
"""

import os

# Read by oneDNN when it computes for the first time in a process.
VARIABLE = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
# So many steps are between two times that the heap's gaps are given back.
STEPS_BETWEEN = 25


def keep_no_products() -> None:
    """Have oneDNN keep no compiled product, if it has not computed in this process yet; what somebody else has set counts before this."""
    os.environ.setdefault(VARIABLE, "0")
