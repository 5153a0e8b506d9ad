"""Ranking what is nearest to many queries: by cosine and popularity, of the kinds that are wanted, without what is known already.

Queries that want the same kinds and about as many candidates are searched together. A relation says which kinds an answer may have: those
at its other end, seen from the query. A space keeps no vector for a relation; it has learned what else speaks for an answer to one, see
`generel.query.relation_ranking`.
"""

import difflib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generel.concepts.errors import BadInput, NotThere
from generel.concepts.kinds import KINDS
from generel.concepts.predicates import BY_NAME, Predicate
from generel.index.freshness import ties_are_made_from
from generel.index.store import NO_ROW, Rows
from generel.query.records import Concept, Neighbor, Resolved
from generel.query.relation_ranking import can_rank, rank_answers
from generel.query.resolve import to_concept

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

Floats = NDArray[np.float32]
Kinds = tuple[str, ...] | None
Ranked = tuple[Rows, Floats]
# Popularity can lift a concept past nearer ones, so more are fetched than asked for.
CANDIDATES_A_NEIGHBOR, FEWEST_CANDIDATES = 8, 200


@dataclass(frozen=True)
class Wanted:
    """Which neighbors are wanted.

    Attributes:
        k: how many.
        offset: how many of the best are passed over: the second page of ten begins at 10.
        kinds: their kinds; None for all.
        relation: the predicate that should join them to the query; None for none in particular.
        exclude_known: whether to leave out what the evidence already ties to the query, by `relation` if there is one.
        least_cosine: only neighbors with at least this cosine; None for all.
    """

    k: int
    offset: int = 0
    kinds: Kinds = None
    relation: Predicate | None = None
    exclude_known: bool = False
    least_cosine: float | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}; at least one answer must be asked for")
        if self.offset < 0:
            raise ValueError(f"offset is {self.offset}; it counts the answers that are passed over")
        if self.least_cosine is not None and not -1 <= self.least_cosine <= 1:
            raise BadInput(f"the least cosine is {self.least_cosine}; cosines lie between -1 and 1")

    @property
    def last(self) -> int:
        """The rank of the last neighbor wanted."""
        return self.offset + self.k


def read_relation(name: str | None) -> Predicate | None:
    """The predicate of that name; None for None.

    Raises:
        BadInput: there is none; the nearest are named.
    """
    if name is None or name in BY_NAME:
        return BY_NAME[name] if name else None
    near = difflib.get_close_matches(name, BY_NAME, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the relations are {', '.join(BY_NAME)}"
    raise BadInput(f"unknown relation '{name}'; {hint}")


def kinds_of_answers(query: Concept, wanted: Wanted) -> Kinds:
    """The kinds that neighbors of a query may have, in the order of KINDS; None for all.

    Free text is of no kind, so both ends of a relation answer it.

    Raises:
        BadInput: the relation joins no concept of the query's kind, or none of the wanted kinds, to anything.
    """
    if wanted.relation is None:
        return wanted.kinds
    relation, is_concept = wanted.relation, query.kind in KINDS
    if relation.same_kind and is_concept:
        ends = {query.kind} & {*relation.subjects, *relation.objects}
    else:
        directions = ((relation.subjects, relation.objects), (relation.objects, relation.subjects))
        ends = {str(kind) for one, other in directions if not is_concept or query.kind in one for kind in other}
    answers = tuple(kind for kind in KINDS if kind in ends and (wanted.kinds is None or kind in wanted.kinds))
    if not answers:
        joins = f"{' or '.join(relation.subjects)} with {' or '.join(relation.objects)}"
        asked = f", and {' or '.join(wanted.kinds)} was asked for" if ends and wanted.kinds else ""
        raise BadInput(f"'{relation.name}' joins {joins}; {query} is a {query.kind}{asked}")
    return None if answers == KINDS else answers


def find_neighbors(space: "EmbeddingSpace", resolved: Sequence[Resolved], wanted: Wanted) -> list[list[Neighbor]]:
    """The wanted neighbors of each query, best first."""
    if not resolved:
        return []
    known = [known_rows(space, each, wanted.relation) if wanted.exclude_known else None for each in resolved]
    groups: dict[tuple[Kinds, int], list[int]] = defaultdict(list)
    ranked: list[Ranked] = [(np.empty(0, np.int64), np.empty(0, np.float32))] * len(resolved)
    for at, each in enumerate(resolved):
        kinds = kinds_of_answers(each.concept, wanted)
        if (relation := wanted.relation) and space.rankings and can_rank(each, relation, kinds):
            ranked[at] = _cut(rank_answers(space, each, relation, answers=kinds, rankings=space.rankings), wanted, known[at])
        else:
            groups[kinds, _candidates(space, each.concept, wanted, known[at])].append(at)
    for (kinds, n), places in groups.items():
        together = [resolved[at] for at in places]
        own_rows = np.array([each.row for each in together], dtype=np.int64)
        found = space.store.nearest(space.vectors_of(together), n, kinds=kinds, exclude=own_rows)
        for at, rows, cosines in zip(places, found.rows, found.cosines, strict=True):
            ranked[at] = _rank(space, resolved[at].concept, (rows, cosines), wanted, known[at])
    return _to_records(space, resolved, ranked, offset=wanted.offset)


def _candidates(space: "EmbeddingSpace", query: Concept, wanted: Wanted, known: Rows | None) -> int:
    """How many to fetch. What is known is left out afterwards, so room is made for it, in steps that many queries share."""
    is_lifted = space.manifest.bias_weight and query.kind in KINDS
    n = max(CANDIDATES_A_NEIGHBOR * wanted.last, FEWEST_CANDIDATES) if is_lifted else wanted.last
    room = 1 << int(len(known) - 1).bit_length() if known is not None and len(known) else 0
    return min(n + room, space.manifest.n_concepts + len(space.added))


def _rank(space: "EmbeddingSpace", query: Concept, found: Ranked, wanted: Wanted, known: Rows | None) -> Ranked:
    """The rows and cosines of one query's neighbors by cosine and popularity, best first, cut to the page that is wanted."""
    rows, cosines = found
    if space.manifest.bias_weight and query.kind in KINDS:
        lifted = cosines + space.manifest.bias_weight * space.bias_of(rows, query.kind, relation=wanted.relation.name if wanted.relation else None)
        order = np.argsort(-lifted, kind="stable")
        rows, cosines = rows[order], cosines[order]
    return _cut((rows, cosines), wanted, known)


def _cut(ranked: Ranked, wanted: Wanted, known: Rows | None) -> Ranked:
    """The page that is wanted of what is ranked, without what is known or not near enough."""
    rows, cosines = ranked
    keep = rows != NO_ROW
    if known is not None:
        keep &= ~np.isin(rows, known)
    if wanted.least_cosine is not None:
        keep &= cosines >= wanted.least_cosine
    return rows[keep][wanted.offset : wanted.last], cosines[keep][wanted.offset : wanted.last]


def _to_records(space: "EmbeddingSpace", resolved: Sequence[Resolved], ranked: Sequence[Ranked], *, offset: int) -> list[list[Neighbor]]:
    rows, cosines = (np.concatenate(each) for each in zip(*ranked, strict=True))
    distinct, at = np.unique(rows, return_inverse=True)
    concepts = [to_concept(concept) for concept in space.names.concepts(distinct)]
    queries = np.repeat(np.array([each.concept.kind for each in resolved]), [len(each) for each, _ in ranked])
    kinds = np.array([concept.kind for concept in concepts])[at] if len(at) else np.empty(0, queries.dtype)
    percentiles = _percentiles(space, queries, kinds, cosines)
    records = zip([concepts[place] for place in at.tolist()], np.minimum(cosines, 1).tolist(), percentiles, strict=True)
    return [
        [Neighbor(concept, cosine, rank, percentile) for rank, (concept, cosine, percentile) in enumerate((next(records) for _ in each), offset + 1)]
        for each, _ in ranked
    ]


def _percentiles(space: "EmbeddingSpace", queries: NDArray[np.str_], kinds: NDArray[np.str_], cosines: Floats) -> list[float | None]:
    """Of each cosine; None where the kinds were not calibrated."""
    stated: list[float | None] = [None] * len(cosines)
    for query, kind in sorted(set(zip(queries.tolist(), kinds.tolist(), strict=True))):
        if random_pairs := space.percentiles.between(query, kind):
            at = np.flatnonzero((queries == query) & (kinds == kind))
            for place, percentile in zip(at.tolist(), random_pairs.percentile(cosines[at]).tolist(), strict=True):
                stated[place] = percentile
    return stated


def known_rows(space: "EmbeddingSpace", query: Resolved, relation: Predicate | None) -> Rows:
    """The rows that the evidence ties to a query, by any predicate or that of a relation; none for free text.

    Raises:
        NotThere: the index was built before it held what is known.
    """
    if query.is_text:
        return np.empty(0, np.int64)
    if not ties_are_made_from(space.names, space.manifest):
        raise NotThere(f"the index of {space.folder} does not hold its known relations; run: generel load {space.folder}")
    own = space.names.ties(query.row, relation.name if relation else None).astype(np.int64)
    ends = [{subject, other} for each in space.added for subject, predicate, other in each.ties if relation is None or predicate == relation.name]
    others = {curie for pair in ends if query.concept.curie in pair for curie in pair - {query.concept.curie}}
    added = [concept.row for concept in map(space.names.by_curie, sorted(others)) if concept]
    return np.union1d(own, np.array(added, dtype=np.int64))
