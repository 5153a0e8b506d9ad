"""The vector of a concept that training never saw, from its names and from what it is tied to.

    text = normalize( half the vector of the preferred name + half the mean over all names )
    ties = normalize( sum of the vectors of what it is tied to )
    vector = normalize( (1 - share) * text + share * ties )

The first two are how a trained space makes vectors of text and of composed kinds. The share was chosen by measurement:
`tests/benchmarks/folding_in.py` pretends that trained concepts are new and has them rank the ties that were held out.
"""

import numpy as np
from numpy.typing import NDArray

from generel.concepts.kinds import Kind

Floats = NDArray[np.float32]
# Of the shares tried (0, .3, .5, .7, 1) the one at which every kind with text kept at least what it had when it was trained, on the same test questions.
SHARE_OF_TIES = 0.3
# A variant's name is an identifier, which says nothing: one with ties is made of them alone.
SHARES = {Kind.VARIANT.value: 1.0}


def fold_in(names: Floats, ties: Floats, *, share: float) -> Floats:
    """(dims,) float32, the vector; unit norm, or zeros where what it is made of cancels out or there is nothing.

    Args:
        names: (names, dims) unit norm, the preferred name first; no rows where there is no text.
        ties: (ties, dims) unit norm; no rows where there are none.
        share: of the ties, in [0, 1]; where only one of the two is there, it is the vector whatever the share.
    """
    if not len(names):
        return normalize(ties.sum(axis=0))
    text = normalize(0.5 * names[0] + 0.5 * names.mean(axis=0))
    return text if not len(ties) else normalize((1 - share) * text + share * normalize(ties.sum(axis=0)))


def share_of_ties(kind: str) -> float:
    """How much the ties of a concept of this kind weigh against its text."""
    return SHARES.get(kind, SHARE_OF_TIES)


def normalize(vector: Floats) -> Floats:
    """The vector at unit norm, float32; zeros stay zeros."""
    norm = float(np.linalg.norm(vector))
    return (vector / norm if norm > 1e-9 else np.zeros_like(vector)).astype(np.float32)
