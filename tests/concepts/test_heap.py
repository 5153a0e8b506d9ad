"""Free memory goes back to the system when it is told to."""

import subprocess
import sys
from pathlib import Path

import pytest

# 200 MB in blocks that the C library takes from its heap; the last one stays, so that the heap's end cannot move down by itself.
FREED = """
from pathlib import Path
import ctypes
from generel.concepts.heap import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = [ctypes.create_string_buffer(50_000) for _ in range(4_000)]
last = blocks.pop()
before = resident()
del blocks
kept = before - resident()
give_back()
print(kept, before - resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="the system does not say there how much memory a process has")
def test_what_is_free_is_given_back() -> None:
    """Of 200 MB that are freed most stay with the process until then."""
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True, env={"MALLOC_MMAP_THRESHOLD_": "1000000"})
    kept, given = map(int, done.stdout.split())
    assert kept < 20e6
    assert given > 150e6
