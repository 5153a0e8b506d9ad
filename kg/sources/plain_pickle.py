"""A pickled dictionary of plain values, packed with bzip2, read without running anything.

A pickle is a program. Of its instructions those that make texts, numbers, lists and dictionaries need nothing from outside; all
others ask for a class or function by its name, and none is given here.
"""

import bz2
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generel.concepts.errors import BadTable, UnsafeArchive

# A dictionary of names is some tens of megabytes.
MOST_BYTES = 512 * 1024**2


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        raise UnsafeArchive(f"it asks for {module}.{name}, and a file of plain values has no need of that")

    def persistent_load(self, pid: Any, /) -> Any:
        raise UnsafeArchive("it refers to something that lies outside it")


def read_plain_pickle(path: Path) -> Mapping[str, Any]:
    """The dictionary in `path`, made of texts, numbers, lists and dictionaries alone.

    Raises:
        UnsafeArchive: it asks for anything else, or is over 512 MiB when unpacked.
        BadTable: it cannot be unpacked, or holds no dictionary.
    """
    try:
        with bz2.open(path) as file:
            unpacked = file.read(MOST_BYTES + 1)
        if len(unpacked) > MOST_BYTES:
            raise UnsafeArchive(f"it is over {MOST_BYTES:,} bytes when unpacked")
        held = _Plain(io.BytesIO(unpacked)).load()
    except UnsafeArchive as error:
        raise UnsafeArchive(f"{path} is not read: {error}") from error
    # A damaged pickle fails in whatever way its bytes happen to ask for.
    except Exception as error:
        raise BadTable(f"{path} cannot be unpacked ({type(error).__name__}: {error}); fetch it again") from error
    if not isinstance(held, dict):
        raise BadTable(f"{path} holds a {type(held).__name__} where a dictionary should be; fetch it again")
    return held
