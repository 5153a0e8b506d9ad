"""Why two concepts or texts are near each other: evidence, paths, what they share, and the words that count.

Everything here is read from what the space holds; nothing is inferred. A vector need not follow the graph: where there is no evidence,
that is the answer. Reading the relations takes polars and networkx, so this is imported only when somebody asks.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from generel.index.names import NamesIndex
from generel.index.store import NO_ROW
from generel.model.attribution import WORD, attribute
from generel.query.explain_paths import find_paths, find_shared_ties, phrase
from generel.query.explain_records import Explanation, Relation, SharedNeighbor, TextAttribution
from generel.query.records import Concept, Resolved
from generel.query.resolve import to_concept

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

# A shared neighbor is among so many nearest of its kind to both.
NEAR = 100
COLUMNS = ("subject", "predicate", "object", "source", "confidence")


def explain(space: "EmbeddingSpace", a: Resolved, b: Resolved, *, k: int, words: bool) -> Explanation:
    """What speaks for the two being related; free text has no relations, paths or shared ties.

    Args:
        k: how many paths, shared neighbors of each kind and shared ties of each predicate, at most.
        words: whether to weigh the words of the concepts' names, too, and not only those of free text.
    """
    sides = (a, b)
    paths, ties = [], []
    if not any(each.is_text for each in sides) and a.concept != b.concept:
        relations = space.relations().select(COLUMNS).collect()
        named = _Named(space.names)
        paths = find_paths(relations, a.concept.curie, b.concept.curie, k, say=named)
        ties = find_shared_ties(relations, a.concept.curie, b.concept.curie, k, say=named)
    return Explanation(
        space.relatedness(a, b), _relations(space, a, b), tuple(paths), _shared_neighbors(space, sides, k), tuple(ties), _attributions(space, sides, words=words)
    )


class _Named:
    """The concepts of CURIEs, each looked up once; one that is in no table of the space has itself as its name."""

    def __init__(self, names: NamesIndex) -> None:
        self._names = names
        self._known: dict[str, Concept] = {}

    def __call__(self, curie: str) -> Concept:
        if curie not in self._known:
            self._known[curie] = to_concept(found) if (found := self._names.by_curie(curie)) else Concept(curie, "", curie)
        return self._known[curie]


def _relations(space: "EmbeddingSpace", a: Resolved, b: Resolved) -> tuple[Relation, ...]:
    if a.is_text or b.is_text:
        return ()
    sources: dict[str, Mapping[str, Any]] = {source["name"]: source for source in space.manifest.sources}
    concepts = {each.concept.curie: each.concept for each in (a, b)}
    rows = space.evidence(a, b).sort(pl.col("confidence"), descending=True, maintain_order=True)
    return tuple(
        Relation(
            concepts[row["subject"]], row["predicate"], concepts[row["object"]], phrase(row["predicate"], forward=True), row["source"], row["source_version"],
            row["license"], row["confidence"], str(sources.get(row["source"], {}).get("title", "")), str(sources.get(row["source"], {}).get("homepage", "")),
        )
        for row in rows.iter_rows(named=True)
    )


def _shared_neighbors(space: "EmbeddingSpace", sides: tuple[Resolved, Resolved], k: int) -> dict[str, tuple[SharedNeighbor, ...]]:
    """By kind, in the order of the kinds' best: the concepts among the nearest of both, by the smaller of their two cosines."""
    vectors, own = space.vectors_of(sides), {each.row for each in sides}
    found: dict[str, list[tuple[float, int, float, float]]] = {}
    for kind in space.kinds():
        nearest = space.store.nearest(vectors, NEAR, kinds=[kind])
        left, right = (dict(zip(rows.tolist(), cosines.tolist(), strict=True)) for rows, cosines in zip(*nearest, strict=True))
        both = [(min(left[row], right[row]), row, left[row], right[row]) for row in left.keys() & right.keys() - own - {NO_ROW}]
        if both:
            found[kind] = sorted(both, key=lambda each: (-each[0], each[1]))[:k]
    return {
        kind: tuple(
            SharedNeighbor(to_concept(concept), left, right)
            for concept, (_, _, left, right) in zip(space.names.concepts(row for _, row, *_ in both), both, strict=True)
        )
        for kind, both in sorted(found.items(), key=lambda item: -item[1][0][0])
    }


def _attributions(space: "EmbeddingSpace", sides: tuple[Resolved, Resolved], *, words: bool) -> tuple[TextAttribution, ...]:
    vectors = space.vectors_of(sides)
    found = []
    for at, side in enumerate(sides):
        # One word is the whole of the text: there is nothing to tell apart.
        if (side.is_text or words) and len(WORD.findall(side.concept.name)) > 1:
            target = np.asarray(vectors[1 - at], dtype=np.float32)
            found.append(TextAttribution(side.concept, sides[1 - at].concept, attribute(space.embed, side.concept.name, target)))
    return tuple(found)
