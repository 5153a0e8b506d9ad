"""The store that a space is searched with: a server where one is named, else Edge where it can be opened, else the exact scan and why."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import Corrupt
from generel.index.edge_folder import current_edge, read_edge_note
from generel.index.exact import ExactStore
from generel.index.server_connection import Connection, Server
from generel.index.space_folder import Manifest
from generel.index.store import VectorStore
from generel.index.vectors_file import VectorsFile

# A load that ends while the folder is being opened takes it away; the next look finds the new one.
ATTEMPTS = 5


def open_store(
    folder: Path, manifest: Manifest, *, file: VectorsFile, kinds: NDArray[np.uint8], exact: bool = False, server: Server | None = None
) -> tuple[VectorStore, str]:
    """A store over the vectors of the space in `folder`, and why it is the scan though nobody asked for that; empty where it is not.

    Args:
        file: the space's vectors.
        kinds: (n,) positions in KINDS, as `NamesIndex.kinds`.
        exact: whether the exact scan is wanted.
        server: what is asked instead of Edge; where it fails, nothing else takes its place.

    Raises:
        NotThere, ServerUnavailable, ServerRefused: see `ServerStore.open`.
    """
    if exact:
        return ExactStore(file, kinds), ""
    if server is not None:
        from generel.index.server import ServerStore

        return ServerStore.open(Connection(server), manifest, file=file, kinds=kinds), ""
    reason = "its index has not been built for these vectors; run: generel load"
    for _ in range(ATTEMPTS):
        edge = current_edge(folder, manifest)
        if edge is None:
            continue
        try:
            from generel.index.edge import EdgeStore

            store = EdgeStore(edge, file, kinds, quantization=read_edge_note(edge).quantization)
            # Folders go only once the link has moved. The engine takes files that have gone meanwhile for empty ones.
            if current_edge(folder, manifest) == edge:
                return store, ""
        except ImportError as error:
            reason = f"qdrant-edge-py cannot be imported ({error})"
        except Corrupt as error:
            reason = f"its index cannot be used ({error}); if the folder may be written, run: generel load"
    return ExactStore(file, kinds), reason
