"""Memory that is free but not given back, which a worker would otherwise keep of every space that it has served.

Two allocators keep what is freed for later: that of polars (jemalloc), which gives pages back only while it is asked for others, and the C
library's, whose free pages lie between those in use. A worker opens a space, for which it takes more than it keeps, and then asks for next
to nothing: with the starter space it had 290 to 430 MB of its own, and 200 to 380 when the space was closed, of which 40 had been there
before. Told to give back at once, and when a space goes, it has 185 and 49, at no cost in processor time that could be measured
(`tests/benchmarks/service_memory.py`).

The third that looks after memory is the collector of cycles. It goes through all objects now and then, those of the libraries and of the space
included, which takes tens of milliseconds in which nobody is answered, and finds nothing there. So it is told to leave out what is there once
a space is open.
"""

import gc
import os

from generel.concepts.heap import give_back

# Read by polars' allocator when polars is imported. Polars puts its own settings before what it finds there; of two the later counts.
VARIABLE, OF_POLARS, AT_ONCE = "_RJEM_MALLOC_CONF", "dirty_decay_ms:500,muzzy_decay_ms:1000", "dirty_decay_ms:0,muzzy_decay_ms:0"


def give_back_at_once() -> None:
    """Have polars give freed pages back in this process, if it has not been imported yet, and in those that it starts; what somebody else has set counts before this."""
    # A process whose parent and grandparent have imported polars finds its settings twice.
    ours = {*OF_POLARS.split(","), *AT_ONCE.split(",")}
    of_others = [each for each in os.environ.get(VARIABLE, "").split(",") if each and each not in ours]
    os.environ[VARIABLE] = ",".join([AT_ONCE, *of_others])


def settle_down() -> None:
    """Collect what a change of spaces has left, and leave out of later collections what is there now.

    What the C library has free is given back, too, where it can be told so.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    give_back()
