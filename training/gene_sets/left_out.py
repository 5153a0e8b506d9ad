"""Which sets must not be learned when a library is asked about as if it were new: its own, its relatives' and its sets' twins.

A relative is another release of the same thing: a library of which some sets are called the same. A twin is a set of any other library that
has nearly the same genes.
"""

import numpy as np
from scipy.sparse import csr_array

from training.gene_sets.collection import Collection, Numbers

# Of a relative's sets, at least so many are called as one of the library's.
SAME_NAMES = 0.01
# Genes in both over genes in either, from which on two sets are twins.
TWINS = 0.8
SETS_AT_ONCE = 4096


def relatives(collection: Collection, library: str) -> list[str]:
    """The library and its relatives, ascending."""
    names = set(collection.sets["set"].to_numpy()[collection.numbers_of(library)].tolist())
    shares = {
        other: np.mean([name in names for name in collection.sets["set"].to_numpy()[collection.numbers_of(other)].tolist()]) for other in collection.libraries
    }
    return [other for other in collection.libraries if other == library or shares[other] >= SAME_NAMES]


def sets_without(collection: Collection, library: str) -> Numbers:
    """The numbers of the sets that may be learned when the library is asked about, ascending."""
    asked = collection.numbers_of(library)
    related = np.isin(collection.sets["library"].to_numpy(), relatives(collection, library))
    others = np.flatnonzero(~related)
    return others[~_are_twins(collection, others, collection.matrix(asked))]


def _are_twins(collection: Collection, numbers: Numbers, asked: csr_array) -> np.ndarray:
    """(len(numbers),) whether each set is the twin of one that is asked about."""
    sizes = np.diff(asked.indptr)
    twins = np.zeros(len(numbers), np.bool_)
    columns = csr_array(asked.T)
    for start in range(0, len(numbers), SETS_AT_ONCE):
        part = numbers[start : start + SETS_AT_ONCE]
        both = (collection.matrix(part) @ columns).tocoo()
        either = collection.sizes[part][both.row] + sizes[both.col] - both.data
        twins[start + both.row[both.data / either >= TWINS]] = True
    return twins
