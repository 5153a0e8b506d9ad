"""/v1/concepts: finding concepts, what one is, what it is tied to; /v1/resolve: what a query means."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from generel.concepts.curie import Curie
from generel.concepts.errors import UnknownConcept
from generel.query.explain_records import link_of
from generel.query.neighbors import read_relation
from generel.query.records import Match, Resolved
from generel.service.answers import ConceptCard, ConceptRelations, Identifier, Matches
from generel.service.asking import answer, as_table, flatten, next_page
from generel.service.questions import LONGEST_QUERY, MOST_ANSWERS, LookupQuestion, RelationsQuestion, ResolveQuestion
from generel.service.routes.responses import PROBLEMS, WITH_TABLE
from generel.service.served_space import ServedSpace

BY_MEANING = {"auto": None, "yes": True, "no": False}
IN_MATCHES = ("curie", "kind", "name", "matched", "how", "score")
IN_RELATIONS = ("predicate", "direction", "phrase", "curie", "kind", "name", "source", "source_version", "license", "confidence", "url")
Named = Annotated[str, Path(max_length=LONGEST_QUERY, description="A CURIE or rsID in any spelling, or another database's identifier.", examples=["chebi:9150"])]
router = APIRouter(prefix="/v1", tags=["concepts"])


@router.get("/concepts", response_model=Matches, responses=WITH_TABLE)
async def look_up(request: Request, asked: Annotated[LookupQuestion, Query()]) -> Response:
    """The concepts that a text may mean, best first: by identifier, name, synonym, beginning of a name, misspelled name, meaning."""

    def work(space: ServedSpace) -> Matches:
        matches = _page_of_matches(space, asked)
        return Matches(asked.q, matches, next_page(request, n=len(matches), limit=asked.limit, offset=asked.offset, most=MOST_ANSWERS))

    return await answer(request, work, other=as_table(lambda found: map(flatten, found.matches), IN_MATCHES), format=asked.format)


def _page_of_matches(space: ServedSpace, asked: LookupQuestion) -> tuple[Match, ...]:
    """Those that the pages before do not have: a longer list may hold them in another order."""
    kinds, by_meaning = asked.kind or None, BY_MEANING[asked.meaning]
    found = space.lookup(asked.q, asked.offset + asked.limit, kinds, by_meaning=by_meaning)
    if asked.offset:
        shown = {match.concept for match in space.lookup(asked.q, asked.offset, kinds, by_meaning=by_meaning)}
        found = [match for match in found if match.concept not in shown]
    return tuple(found[: asked.limit])


@router.get("/resolve", response_model=Resolved, responses=PROBLEMS)
async def resolve(request: Request, asked: Annotated[ResolveQuestion, Query()]) -> Response:
    """What a query is taken to mean: one concept, or itself as a text."""
    return await answer(request, lambda space: space.resolve(asked.query, as_kind=asked.as_kind))


# The path may hold a slash: an identifier's address in the web is an identifier, too.
@router.get("/concepts/{curie:path}/relations", response_model=ConceptRelations, responses=WITH_TABLE)
async def relations(request: Request, curie: Named, asked: Annotated[RelationsQuestion, Query()]) -> Response:
    """The evidence that a concept is in, by predicate, then falling confidence."""

    def work(space: ServedSpace) -> ConceptRelations:
        predicate = read_relation(asked.predicate)
        seen = space.of_concepts.of(space.concept(curie).curie, predicate=predicate.name if predicate else None, kinds=asked.kind or None)
        page = seen[asked.offset : asked.offset + asked.limit]
        more = next_page(request, n=len(page), limit=asked.limit, offset=asked.offset, most=len(seen) - 1)
        return ConceptRelations(space.of_concepts.records(page), len(seen), more)

    return await answer(request, work, other=as_table(lambda found: map(flatten, found.relations), IN_RELATIONS), format=asked.format)


@router.get("/concepts/{curie:path}", response_model=ConceptCard, responses=PROBLEMS)
async def concept(request: Request, curie: Named) -> Response:
    """What the space knows of a concept by itself: names, definition, identifiers."""
    return await answer(request, lambda space: describe(space, curie))


def describe(space: ServedSpace, curie: str) -> ConceptCard:
    """The card of a concept.

    Raises:
        UnknownConcept: there is none.
    """
    found = space.resolve(curie)
    if found.how not in ("curie", "alias"):
        raise UnknownConcept(curie)
    row = space.names.concepts([found.row])[0]
    said = space.described(found.row)
    aliases = (Identifier(alias, Curie.parse(alias).link) for alias in space.aliases_of(found.concept.curie))
    identifiers = (Identifier(found.concept.curie, link_of(found.concept)), *aliases)
    return ConceptCard(
        found.concept, tuple(said["synonyms"]), said["definition"], identifiers, row.n_relations, said["source"], found.row >= space.manifest.n_concepts
    )


