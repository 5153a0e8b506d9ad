"""The answers to a relation, ranked by all that speaks for them: see `generel.query.ranking_features`.

Not every concept is scored: what is near to the query, and what anybody votes for. Ties are read in either direction, as they are kept; the
concepts that vote are of the kinds at the query's end of the relation.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME, Predicate
from generel.index.freshness import ties_are_made_from
from generel.index.rankings_file import FEATURES, Rankings, standing_of
from generel.index.store import NO_ROW, Rows
from generel.query.ranking_features import (
    SHARERS,
    SHARING_UNIT,
    VOTE_UNIT,
    VOTERS,
    log_degrees,
    log_votes,
    mean_direction,
    voting_weights,
)
from generel.query.records import RelationQuestion, Resolved

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

Floats = NDArray[np.float32]
# The nearest answers that are scored, whoever votes for them; and of how many the voters are taken, for some have no tie by the relation.
NEAREST, VOTERS_AMONG = 1000, 400
# A query with more ties than this shares its rarest ones.
MOST_TIES = 1000


class Asked(NamedTuple):
    """A query and the relation that is asked about.

    Attributes:
        row: of the query; -1 for free text.
        kind: of the query, or that it is taken for.
        vector: (dims,) of the query.
        relation: in whichever direction it leads to the answers.
        askers: kinds at the query's end of the relation.
        answers: kinds at the other end; None for all.
    """

    row: int
    kind: str
    vector: Floats
    relation: Predicate
    askers: tuple[str, ...]
    answers: tuple[str, ...] | None


class Votes(NamedTuple):
    """Concepts that somebody votes for, ascending, and how much for each."""

    rows: Rows
    weights: Floats


def rank_answers(space: "EmbeddingSpace", query: Resolved, relation: Predicate, *, answers: tuple[str, ...] | None, rankings: Rankings) -> tuple[Rows, Floats]:
    """The rows of what may answer, best first, and the cosine of each with the query.

    Free text is taken for a concept of the kind that its nearest one has, of those at the end of the relation where it stands.

    Args:
        answers: the kinds of answers; None for all, which no text may have.
        rankings: of the space.

    Raises:
        NotThere: the index of the space was built before it held what this reads.
    """
    if not (ties_are_made_from(space.names, space.manifest) and space.names.has_tie_norms):
        raise NotThere(f"the index of {space.folder} does not hold what ranks the answers to a relation; run: generel load {space.folder}")
    asked = _asked(space, query, relation, answers)
    near, _ = _nearest(space, asked, NEAREST, answers)
    votes, shared = _vote(space, asked, *_near_voters(space, asked)), _vote(space, asked, *_sharing_voters(space, asked))
    rows = np.setdiff1d(np.concatenate((near, votes.rows, shared.rows)), [asked.row])
    rows = rows if answers is None else rows[np.isin(space.names.kinds[rows], [KINDS.index(kind) for kind in answers])]
    vectors = space.vectors_at(rows)
    cosines = vectors @ asked.vector
    known = space.names.ties(asked.row, relation.name).astype(np.int64)
    standing = standing_of(has_ties=len(space.names.ties(asked.row)) > 0, has_answers=len(known) > 0)
    weights = rankings.weights(relation.name, asking=asked.kind, standing=standing)
    voted = log_votes(_at(rows, votes), unit=VOTE_UNIT), log_votes(_at(rows, shared), unit=SHARING_UNIT)
    degrees = _degrees(space, rows, relation) if weights[FEATURES.index("degree")] else np.zeros(len(rows), dtype=np.float32)
    features = (cosines, space.bias_of(rows, asked.kind, relation=relation.name), *voted, vectors @ mean_direction(space.vectors_at(known)), degrees)
    scores = sum(weight * feature for weight, feature in zip(weights.tolist(), features, strict=True))
    order = np.lexsort((rows, -np.asarray(scores)))
    return rows[order], cosines[order]


def questions_of(rankings: Rankings, kind: str) -> list[RelationQuestion]:
    """The relations that a concept of this kind can be asked by and whose answers have learned to be ranked, by name."""
    asked = [BY_NAME[relation] for relation, kinds in sorted(rankings.tied.by_relation.items()) if relation in BY_NAME and kind in kinds]
    return [_question(relation, kind) for relation in asked]


def _question(relation: Predicate, kind: str) -> RelationQuestion:
    if relation.same_kind:
        return RelationQuestion(relation.name, relation.phrase if relation.symmetric else f"{relation.phrase}, or {relation.inverse_phrase}", (kind,))
    ends = ((relation.subjects, relation.objects, relation.phrase), (relation.objects, relation.subjects, relation.inverse_phrase))
    standing = [(other, phrase) for own, other, phrase in ends if kind in own]
    answers = tuple(each for each in KINDS if any(each in other for other, _ in standing))
    return RelationQuestion(relation.name, ", or ".join(dict.fromkeys(phrase for _, phrase in standing)), answers)


def can_rank(query: Resolved, relation: Predicate, answers: tuple[str, ...] | None) -> bool:
    """Whether it is clear at which end of the relation the query stands; for free text the kinds of its answers must say so."""
    return not query.is_text or bool(askers_for_text(relation, answers))


def askers_for_text(relation: Predicate, answers: tuple[str, ...] | None) -> tuple[str, ...]:
    """The kinds at the end from which these answers are asked for; none where both ends have such answers."""
    if answers is None:
        return ()
    if relation.same_kind:
        return answers
    ends = [asking for asking, other in ((relation.subjects, relation.objects), (relation.objects, relation.subjects)) if {*answers} & {*other}]
    return tuple(kind for kind in KINDS if kind in ends[0]) if len(ends) == 1 else ()


def _asked(space: "EmbeddingSpace", query: Resolved, relation: Predicate, answers: tuple[str, ...] | None) -> Asked:
    vector = space.vectors_of([query])[0]
    if not query.is_text:
        return Asked(query.row, query.concept.kind, vector, relation, askers_of(relation, query.concept.kind), answers)
    asked = Asked(NO_ROW, "", vector, relation, askers_for_text(relation, answers), answers)
    nearest, _ = _nearest(space, asked, 1, asked.askers)
    return asked._replace(kind=KINDS[space.names.kinds[nearest[0]]] if len(nearest) else asked.askers[0])


def askers_of(relation: Predicate, kind: str) -> tuple[str, ...]:
    """The kinds at the end of the relation that a query of this kind stands at; both ends where it may stand at either."""
    if relation.same_kind:
        return (kind,)
    ends = [end for end in (relation.subjects, relation.objects) if kind in end]
    return tuple(each for each in KINDS if any(each in end for end in ends))


def _nearest(space: "EmbeddingSpace", asked: Asked, n: int, kinds: tuple[str, ...] | None) -> tuple[Rows, Floats]:
    n = min(n, len(space.names.kinds))
    found = space.store.nearest(asked.vector[None, :], n, kinds=None if kinds is None or kinds == KINDS else kinds, exclude=np.array([asked.row]))
    there = found.rows[0] != NO_ROW
    return found.rows[0][there], found.cosines[0][there]


def _near_voters(space: "EmbeddingSpace", asked: Asked) -> tuple[Rows, Floats, int]:
    rows, cosines = _nearest(space, asked, VOTERS_AMONG, asked.askers)
    return rows, voting_weights(cosines), VOTERS


def _sharing_voters(space: "EmbeddingSpace", asked: Asked) -> tuple[Rows, Floats, int]:
    """Concepts by the cosine of their ties with the query's, a tie to something that n concepts are tied to counting 1 / root of n."""
    names, own = space.names, space.names.ties(asked.row)
    shared = names.ties_of(own)
    rarest = sorted(shared, key=len)[:MOST_TIES]
    if not rarest:
        return np.empty(0, np.int64), np.empty(0, np.float32), SHARERS
    others = np.concatenate(rarest)
    weights = np.repeat([1 / len(each) for each in rarest], [len(each) for each in rarest])
    rows, at = np.unique(others, return_inverse=True)
    alike = np.bincount(at, weights=weights).astype(np.float32) / (names.tie_norms[rows] * names.tie_norms[asked.row])
    keep = (rows != asked.row) & np.isin(names.kinds[rows], [KINDS.index(kind) for kind in asked.askers])
    rows, alike = rows[keep].astype(np.int64), alike[keep]
    best = np.lexsort((rows, -alike))[:VOTERS_AMONG]
    return rows[best], alike[best], SHARERS


def _vote(space: "EmbeddingSpace", asked: Asked, voters: Rows, weights: Floats, k: int) -> Votes:
    """What the first k of the voters that have a tie by the relation are tied to."""
    ties = space.names.ties_of(voters, asked.relation.name)
    voting = [at for at, others in enumerate(ties) if len(others)][:k]
    if not voting:
        return Votes(np.empty(0, np.int64), np.empty(0, np.float32))
    rows, at = np.unique(np.concatenate([ties[each] for each in voting]), return_inverse=True)
    counted = np.bincount(at, weights=np.repeat(weights[voting], [len(ties[each]) for each in voting]))
    return Votes(rows.astype(np.int64), counted.astype(np.float32))


def _degrees(space: "EmbeddingSpace", rows: Rows, relation: Predicate) -> Floats:
    """(len(rows),) of how many concepts each is a known answer; takes milliseconds that a release without a weight for it need not wait."""
    return log_degrees(np.array([len(each) for each in space.names.ties_of(rows, relation.name)], dtype=np.int64))


def _at(rows: Rows, votes: Votes) -> Floats:
    """(len(rows),) the votes for each; 0 where there are none."""
    counted = np.zeros(len(rows), dtype=np.float32)
    places = np.searchsorted(rows, votes.rows)
    there = (places < len(rows)) & (rows[np.minimum(places, len(rows) - 1)] == votes.rows) if len(rows) else np.zeros(len(votes.rows), dtype=bool)
    counted[places[there]] = votes.weights[there]
    return counted
