"""Looking a text up: everything it may mean, best first.

Stages: identifier, exact name, synonym, beginning of a name, misspelled name. A later stage is asked only while there are fewer
than k answers, so a fuzzy hit never stands before an exact one.
"""

from collections.abc import Collection, Iterator

from generel.concepts.curie import Curie
from generel.concepts.errors import BadIdentifier, UnknownPrefix
from generel.index.names import LEAST_ALIKE, NamesIndex
from generel.query.records import Match
from generel.query.resolve import find_candidates, to_concept


def look_up(names: NamesIndex, text: str, k: int, *, kinds: Collection[str] | None = None) -> list[Match]:
    """At most k concepts that `text` may mean, each once, with its best match; empty if nothing is like it.

    Args:
        kinds: only concepts of these kinds; None for all.
    """
    matches: dict[str, Match] = {}
    for match in _stages(names, text, k, kinds):
        if kinds is None or match.concept.kind in kinds:
            matches.setdefault(match.concept.curie, match)
        if len(matches) == k:
            break
    return list(matches.values())


def _stages(names: NamesIndex, text: str, k: int, kinds: Collection[str] | None) -> Iterator[Match]:
    """Matches of one stage after the other, k or more from each where there are; a concept may come again.

    An identifier that is known means itself: other identifiers are not offered for their likeness.
    """
    exact = find_candidates(names, text)
    yield from (Match(to_concept(found.concept), found.matched, found.how, 1.0) for found in exact)
    if exact and exact[0].how in ("curie", "alias"):
        return
    # The prefix stage gives concepts that the exact one gave, too, so it is asked for as many more.
    for hit in names.starting(text, k + len(exact), kinds=kinds):
        yield Match(to_concept(hit.concept), hit.text, hit.how, hit.score)
    if curie := _curie(text):
        near = [(_alike(curie, concept.curie), concept) for concept in names.near_curies(curie, k=k)]
        yield from (Match(to_concept(concept), concept.curie, "fuzzy", score) for score, concept in near if score >= LEAST_ALIKE)
        return
    for hit in names.resembling(text, 2 * k, kinds=kinds):
        yield Match(to_concept(hit.concept), hit.text, hit.how, hit.score)


def _curie(text: str) -> str | None:
    try:
        return str(Curie.parse(text))
    except (UnknownPrefix, BadIdentifier):
        return None


def _alike(left: str, right: str) -> float:
    from rapidfuzz.distance import OSA

    return OSA.normalized_similarity(left, right)
