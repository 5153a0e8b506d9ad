"""What speaks for a concept as an answer to a relation, besides its cosine with the query, and how it is put together.

A concept's score is the sum of six features times weights that held-out relations taught (`generel.index.rankings_file`):

    cosine       of the two vectors
    popularity   what it gains as an answer to this relation, whoever asks
    vote         the concepts nearest to the query vote for what the relation ties them to
    sharing      the same of the concepts that share the most ties, of any relation, with the query
    likeness     cosine with the mean of the answers that the query is known to have
    degree       of how many concepts it is a known answer to this relation

Votes and degrees count by their logarithm, as in a product of experts; the others count as they are. Popularity is what training found to be left
to the concept once the cosine has spoken, and falls short where cosines say little: there the degree does. A query that is not known to
have any answer is weighed by weights of its own: it has nothing to be alike to, and what it asks for tends to be what others ask for. One without
any known tie shares none either, and has weights of a third sort.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# Near ones vote, by their cosine to this power; so many of either sort.
POWER = 6
VOTERS = SHARERS = 100
# How many votes are more than none: one of a near concept at a cosine of .38, and of one that shares a few ties.
VOTE_UNIT, SHARING_UNIT = 0.003, 0.03


def log_votes(votes: Floats, *, unit: float) -> Floats:
    """Logarithm of 1 + votes / unit: 0 for whom nobody votes, and next to nothing where only far concepts do."""
    return np.log1p(votes / np.float32(unit), dtype=np.float32)


def log_degrees(counts: NDArray[np.integer]) -> Floats:
    """Logarithm of 1 + how many concepts each is a known answer to."""
    return np.log1p(counts).astype(np.float32)


def voting_weights(cosines: Floats) -> Floats:
    """What the vote of a concept with this cosine counts; none if it points away."""
    weights: Floats = np.maximum(cosines, 0) ** POWER
    return weights


def mean_direction(vectors: Floats) -> Floats:
    """(dims,) unit norm: the direction of the mean of (n, dims) vectors; zeros of none."""
    total = vectors.sum(axis=0, dtype=np.float32)
    norm = float(np.linalg.norm(total))
    direction: Floats = total / norm if norm > 0 else total
    return direction
