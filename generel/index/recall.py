"""How many neighbors a store misses: its answers beside those of the exact scan, over a sample of the space's own vectors."""

from dataclasses import dataclass

import numpy as np

from generel.concepts.errors import GenerelError
from generel.concepts.kinds import KINDS
from generel.index.exact import ExactStore
from generel.index.store import Nearest, VectorStore

SAMPLE, CHECKED_K, LEAST_RECALL = 200, 10, 0.9
SEED = 20
# Cosines of two stores differ in the last digits; a neighbor this close to the k-th is as good as it.
TIE = 1e-5


class PoorIndexError(GenerelError):
    """An index that was built and is not good enough to serve."""


@dataclass(frozen=True)
class Recall:
    """Recall@10 against the exact scan: of all concepts, and of concepts of one kind (mean over queries, each with a kind drawn for it)."""

    overall: float
    of_kind: float

    def __str__(self) -> str:
        return f"recall@{CHECKED_K} {self.overall:.3f} ({self.of_kind:.3f} of one kind) against the exact scan"

    def require(self, what: str) -> None:
        """Nothing, if the recall of all concepts is enough to serve.

        Raises:
            PoorIndexError: it is not.
        """
        if self.overall < LEAST_RECALL:
            raise PoorIndexError(f"{what} was refused: {self}, below {LEAST_RECALL}")


def measure_recall(store: VectorStore, exact: ExactStore) -> Recall:
    """The recall of a store over the vectors that `exact` scans; ties are not held against it."""
    generator = np.random.default_rng(SEED)
    n = exact.count()
    rows = np.sort(generator.choice(n, size=min(SAMPLE, n), replace=False))
    queries = exact.fetch(rows)
    drawn = generator.choice(np.unique(exact.kinds), size=len(rows))
    overall = recall_between(store.nearest(queries, CHECKED_K), exact.nearest(queries, CHECKED_K))
    found = 0.0
    for code in np.unique(drawn):
        some, kind = queries[drawn == code], [KINDS[code]]
        found += len(some) * recall_between(store.nearest(some, CHECKED_K, kinds=kind), exact.nearest(some, CHECKED_K, kinds=kind))
    return Recall(overall, found / len(rows))


def recall_between(found: Nearest, truth: Nearest) -> float:
    """Mean over queries of the share of found cosines that reach the last true one (within TIE)."""
    worst = np.nanmin(truth.cosines, axis=1, keepdims=True)
    n_true = np.sum(~np.isnan(truth.cosines), axis=1)
    return float(np.mean(np.sum(found.cosines >= worst - TIE, axis=1) / n_true))
