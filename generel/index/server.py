"""Vectors on a Qdrant server or cluster: it proposes rows, the space's own file scores them.

The tables and vectors of a space stay where the reader is; the server takes the search off it. The store stays with the
collection that it opened, so an alias that moves meanwhile changes nothing for it.
"""

from collections.abc import Collection as Some

import numpy as np
from numpy.typing import NDArray

from generel.index.quantization import effort_for
from generel.index.server_collections import Collection, find_collection
from generel.index.server_connection import Connection
from generel.index.settle import SPARE, settle
from generel.index.space_folder import Manifest
from generel.index.store import NO_ROW, Nearest, Rows
from generel.index.unit_vectors import check_queries
from generel.index.vectors_file import Floats, VectorsFile

QUERIES_AT_ONCE = 64


class ServerStore:
    """A VectorStore over one collection that `server_load` has completed."""

    name = "server"

    def __init__(self, connection: Connection, collection: Collection, file: VectorsFile, kinds: NDArray[np.uint8]) -> None:
        """Over a collection; nothing is sent yet.

        Args:
            file: the vectors that the collection was loaded from.
            kinds: (n,) positions in KINDS.
        """
        self._connection, self.collection = connection, collection
        self._vectors, self._kinds, self._effort = file.vectors, kinds, effort_for(collection.quantization, len(file.vectors))

    @classmethod
    def open(cls, connection: Connection, manifest: Manifest, *, file: VectorsFile, kinds: NDArray[np.uint8]) -> "ServerStore":
        """The store of exactly the release of `manifest`.

        Raises:
            NotThere: it has not been loaded into that server.
            ServerUnavailable, ServerRefused: see `Connection.ask`.
        """
        return cls(connection, find_collection(connection, manifest), file, kinds)

    def nearest(
        self, vectors: Floats, k: int, *, kinds: Some[str] | None = None, exclude: Rows | None = None
    ) -> Nearest:
        """As `VectorStore.nearest`, by the server's graph: now and then a neighbor is missed, never misplaced."""
        queries = check_queries(vectors, dims=self._vectors.shape[1])
        proposed: list[Rows] = []
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            proposed += self._propose(queries[start : start + QUERIES_AT_ONCE], k + SPARE, kinds)
        return settle(proposed, queries, k, vectors=self._vectors, kinds=self._kinds, wanted=kinds, exclude=exclude)

    def _propose(self, queries: Floats, limit: int, kinds: Some[str] | None) -> list[Rows]:
        from qdrant_client import models

        only = None
        if kinds is not None:
            only = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchAny(any=list(kinds)))])
        parameters = models.SearchParams(
            hnsw_ef=self._effort.ef_for(limit, filtered=kinds is not None),
            quantization=models.QuantizationSearchParams(rescore=True, oversampling=self._effort.oversampling),
        )
        requests = [
            models.QueryRequest(query=query, filter=only, params=parameters, limit=limit, with_payload=["row"]) for query in queries.tolist()
        ]
        answers = self._connection.ask("searching", lambda client: client.query_batch_points(self.collection.name, requests))
        return [np.array([(point.payload or {}).get("row", NO_ROW) for point in answer.points], dtype=np.int64) for answer in answers]

    def fetch(self, rows: Rows) -> Floats:
        """As `VectorStore.fetch`, from the file."""
        return np.array(self._vectors[rows], dtype=np.float32)

    def count(self) -> int:
        """As `VectorStore.count`, counted by the server."""
        return self._connection.ask("counting", lambda client: client.count(self.collection.name, exact=True)).count

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
