"""How engines keep and search vectors: as they are, in a byte a number, or in a bit or two; and how hard they look.

Quantized vectors only propose candidates: each search takes more of them than were asked for and scores them by the vectors as
they are. Measured at 100,000 and a million vectors by `tests/benchmarks/stores.py`.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

NONE, INT8, BINARY = "none", "int8", "binary"
QUANTIZATIONS = (NONE, INT8, BINARY)
# The HNSW graph: links of a vector on each level, and candidates kept while it is built.
LINKS, BUILD_EF = 16, 100
# Numbers beyond this quantile are clipped to it, so that a byte is not spent on outliers.
INT8_QUANTILE = 0.99
# From so many vectors on the graph over bytes is worth its loss: it is built in less than half the time.
INT8_ADVISED_FROM = 500_000


@dataclass(frozen=True)
class Effort:
    """How hard a store searches.

    Attributes:
        ef: candidates kept while walking the graph.
        filtered_ef: the same where only some kinds may answer.
        oversampling: candidates that are scored by the vectors as they are, for each one asked for; 1 where nothing is quantized.
    """

    ef: int
    filtered_ef: int
    oversampling: float

    def ef_for(self, limit: int, *, filtered: bool) -> int:
        """The candidates to keep for `limit` answers."""
        return max(self.filtered_ef if filtered else self.ef, limit)


EFFORTS = MappingProxyType({
    NONE: Effort(256, 256, 1.0),
    INT8: Effort(256, 256, 2.0),
    BINARY: Effort(256, 512, 4.0),
})
# From so many vectors on half of that is kept where only some kinds may answer: it finds .98 of the ten nearest of a million, and in half the time.
MANY = 500_000


def effort_for(quantization: str, n_vectors: int) -> Effort:
    """How hard to search so many vectors."""
    effort = EFFORTS[quantization]
    return replace(effort, filtered_ef=effort.filtered_ef // 2) if n_vectors >= MANY else effort
