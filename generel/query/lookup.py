"""Looking a text up: everything it may mean, best first.

Stages: identifier, exact name, synonym, beginning of a name, misspelled name, meaning. A later stage is asked only while there are fewer
than k answers, so a fuzzy hit never stands before an exact one. The last stage needs the encoder and is asked where it is wanted, or
where no name is much like the text.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from generel.concepts.errors import MissingExtra
from generel.index.names import LEAST_ALIKE, NamesIndex
from generel.index.normalize import normalize
from generel.query.meaning import match_by_meaning
from generel.query.records import Match
from generel.query.resolve import IDENTIFIER, find_candidates, read_curie, to_concept

if TYPE_CHECKING:
    from generel.query.space import EmbeddingSpace

# A name this much like a text is what was meant; what is less like it leaves room for meaning. One whose words are but some of the
# text's, as 'blood' for 'blood thinner', scores .85.
MUCH_ALIKE = 0.9


def look_up_in(space: "EmbeddingSpace", text: str, k: int, *, kinds: Collection[str] | None = None, by_meaning: bool | None = None) -> list[Match]:
    """`look_up` in a space, then by meaning; a concept that a name has found is not found again.

    Args:
        by_meaning: whether to ask for the meaning; None for where no name is much like the text, and then only for
            concepts nearer than `EmbeddingSpace.text_floor`.

    Raises:
        MissingExtra: `by_meaning`, and what embeds text is not installed.
    """
    named = look_up(space.names, text, k, kinds=kinds)
    is_text = bool(normalize(text)) and read_curie(text) is None and not IDENTIFIER.fullmatch(text.strip())
    clear = any(match.how != "fuzzy" or match.score >= MUCH_ALIKE for match in named)
    if not is_text or by_meaning is False or (by_meaning is None and clear):
        return named
    meant = match_by_meaning(space, text, k, kinds=kinds) if by_meaning else _clearly_meant(space, text, k, kinds)
    known = {match.concept.curie for match in named}
    new = [match for match in meant if match.concept.curie not in known]
    # Names come first and leave half of the room.
    return [*named[: max(k - len(new), (k + 1) // 2)], *new][:k]


def _clearly_meant(space: "EmbeddingSpace", text: str, k: int, kinds: Collection[str] | None) -> list[Match]:
    """What is nearer to the text than anything is to nonsense; nothing where the text cannot be embedded."""
    if not space.can_embed:
        return []
    try:
        return [match for match in match_by_meaning(space, text, k, kinds=kinds) if match.score > space.text_floor]
    except MissingExtra:
        return []


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
    if curie := read_curie(text):
        near = [(_alike(curie, concept.curie), concept) for concept in names.near_curies(curie, k=k)]
        yield from (Match(to_concept(concept), concept.curie, "fuzzy", score) for score, concept in near if score >= LEAST_ALIKE)
        return
    for hit in names.resembling(text, 2 * k, kinds=kinds):
        yield Match(to_concept(hit.concept), hit.text, hit.how, hit.score)


def _alike(left: str, right: str) -> float:
    from rapidfuzz.distance import OSA

    return OSA.normalized_similarity(left, right)
