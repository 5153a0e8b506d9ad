"""The space's own ranking of the answers to a relation, from the training rows alone: what `generel.query.relation_ranking` does for a user.

Here it ranks all candidates, many queries at a time. A user's space knows the held-out rows too, and so answers better than it is judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from sklearn.preprocessing import normalize

from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME
from generel.index.rankings_file import Standing, Weights, standing_of
from generel.query.ranking_features import SHARERS, SHARING_UNIT, VOTE_UNIT, VOTERS, log_degrees, log_votes
from generel.query.relation_ranking import askers_of
from training.evaluate.graph_scorers import CoSharing
from training.evaluate.ranking import Scorer
from training.evaluate.scorers import ROUNDING, Bias, Cosine, Degree, Vote
from training.evaluate.space import SpaceVectors
from training.evaluate.split import NumberedSplit, Numbers

Floats = NDArray[np.float32]
STANDINGS = get_args(Standing)


@dataclass(frozen=True)
class RelationRanking:
    """The features of a relation's answers, in the order of `rankings_file.FEATURES`, weighed and added up.

    Attributes:
        weights: (standings, features) in the order of STANDINGS.
        standing: (n_concepts,) which of these a query has.
    """

    features: Sequence[Scorer]
    weights: Weights
    standing: Numbers
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c); a feature without weight is not computed."""
        total = np.zeros((len(queries), len(candidates)), dtype=np.float32)
        for feature, by_standing in zip(self.features, self.weights.T.astype(np.float32), strict=True):
            weights = by_standing[self.standing[queries]]
            if weights.any():
                total += weights[:, None] * feature.scores(queries, candidates)
        return total


def ranking_of(split: NumberedSplit, space: SpaceVectors, sharing: csr_array, *, predicate: str, predicates: Sequence[str], asking: str) -> RelationRanking | None:
    """The space's ranking of what a concept of this kind is tied to; None where it was released without one.

    Args:
        sharing: of `graph_scorers.sharing_rows`.
        predicate: the name asked by, that of a family or of its only member.
        predicates: those that it stands for.
    """
    if space.rankings is None:
        return None
    features = make_features(split, space, sharing, predicates=predicates, asking=asking)
    weights = np.stack([space.rankings.weights(predicate, asking=asking, standing=standing) for standing in STANDINGS])
    return RelationRanking(features, weights, standings(sharing, answered(split, predicates)))


def answered(split: NumberedSplit, predicates: Sequence[str]) -> NDArray[np.bool_]:
    """(n_concepts,) whether training knows an answer by these predicates, from whichever end."""
    ties = split.training_ties(predicates)
    return (np.diff(ties.indptr) > 0) | (np.asarray(ties.sum(axis=0)) > 0)


def standings(sharing: csr_array, has_answers: NDArray[np.bool_]) -> Numbers:
    """(n_concepts,) place in STANDINGS."""
    places = np.array([[STANDINGS.index(standing_of(has_ties=ties, has_answers=answers)) for answers in (False, True)] for ties in (False, True)])
    found: Numbers = places[(np.diff(sharing.indptr) > 0).astype(int), has_answers.astype(int)]
    return found


@dataclass(frozen=True)
class LogVotes:
    """`ranking_features.log_votes` of somebody's votes."""

    votes: Scorer
    unit: float
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) at least 0."""
        return log_votes(self.votes.scores(queries, candidates), unit=self.unit)


@dataclass(frozen=True)
class Likeness:
    """The cosine with the mean of the query's known answers.

    Attributes:
        vectors: (n_concepts, dims) unit or zero.
        ties: (n_concepts, n_concepts) training rows, from who asks to who answers; what is tied several times counts once.
    """

    vectors: Floats
    ties: csr_array
    resolution: float = ROUNDING

    def scores(self, queries: Numbers, candidates: Numbers) -> Floats:
        """(q, c) cosine; 0 for a query without known answers."""
        own = self.ties[queries]
        means = normalize(np.asarray((own > 0).astype(np.float32) @ self.vectors))
        cosines: Floats = means @ self.vectors[candidates].T
        return cosines


def make_features(
    split: NumberedSplit, space: SpaceVectors, sharing: csr_array, *, predicates: Sequence[str], asking: str
) -> tuple[Scorer, ...]:
    """The features, in the order of FEATURES, of answers to these predicates when a concept of this kind asks, from whichever end.

    Args:
        sharing: of `graph_scorers.sharing_rows`.
    """
    ties = split.training_ties(predicates)
    either_way = csr_array(ties + ties.T)
    askers = {kind for name in predicates for kind in askers_of(BY_NAME[name], asking)}
    votes = np.isin(split.kind_numbers, [KINDS.index(kind) for kind in askers]).astype(np.float32)
    voting = csr_array(diags_array(votes) @ either_way)
    voting.eliminate_zeros()
    bias = space.bias_by(predicates[0], asking=asking)
    return (
        Cosine(space.vectors, space.vectors), Bias(bias, split.kind_numbers), LogVotes(Vote(space.vectors, voting, VOTERS), VOTE_UNIT),
        LogVotes(CoSharing(sharing, voting, SHARERS), SHARING_UNIT), Likeness(space.vectors, either_way), Degree(log_degrees(np.diff(either_way.indptr))),
    )
