"""The store that a space is searched with: Edge where it can be opened, else the exact scan and a sentence why."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.index.exact import ExactStore
from generel.index.freshness import edge_folder, edge_is_current
from generel.index.space_folder import Manifest
from generel.index.store import VectorStore
from generel.index.vectors_file import VectorsFile

# A load that ends between looking for the folder and opening it takes the folder away; the second look finds the new one.
ATTEMPTS = 2


def open_store(
    folder: Path, manifest: Manifest, *, file: VectorsFile, kinds: NDArray[np.uint8], exact: bool = False
) -> tuple[VectorStore, str]:
    """A store over the vectors of the space in `folder`, and why it is not Edge; the reason is empty where it is, or where `exact`.

    Args:
        file: the space's vectors.
        kinds: (n,) positions in KINDS, as `NamesIndex.kinds`.
        exact: whether the exact scan is wanted.
    """
    if exact:
        return ExactStore(file, kinds), ""
    reason = "its index has not been built for these vectors; run: generel load"
    for _ in range(ATTEMPTS):
        if not edge_is_current(folder, manifest):
            break
        try:
            from generel.index.edge import EdgeStore

            return EdgeStore(edge_folder(folder, manifest), file), ""
        except ImportError as error:
            reason = f"qdrant-edge-py cannot be imported ({error})"
        # The engine raises bare `Exception`: a folder it may not write, a torn file, another version's layout.
        except Exception as error:
            reason = f"Qdrant Edge cannot open its index ({' '.join(str(error).split())}); if the folder may be written, run: generel load --force"
    return ExactStore(file, kinds), reason
