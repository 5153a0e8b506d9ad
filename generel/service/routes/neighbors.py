"""/v1/neighbors: what is nearest to a query, or to each of many."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from generel.query.neighbors import Wanted, find_neighbors, read_relation
from generel.query.records import Neighbor, Resolved, TakenAs
from generel.service.answers import Neighbors, NeighborsOfMany
from generel.service.asking import answer, answer_leased, as_table, check_batch, flatten, next_page, serving_of
from generel.service.lanes import Lane
from generel.service.questions import MOST_PASSED_OVER, ManyNeighborsQuestion, NeighborOptions, NeighborsQuestion
from generel.service.routes.responses import PROBLEMS, WITH_TABLE
from generel.service.served_space import ServedSpace
from generel.service.serving import Lease

COLUMNS = ("rank", "cosine", "percentile", "curie", "kind", "name")
# Of more queries, errors name no concepts that are like them: that takes 10 ms each.
FEW = 20
router = APIRouter(prefix="/v1", tags=["neighbors"])


@router.get("/neighbors", response_model=Neighbors, responses=WITH_TABLE)
async def neighbors(request: Request, asked: Annotated[NeighborsQuestion, Query()]) -> Response:
    """The concepts nearest to a query, best first."""

    wanted = wanted_of(asked)

    async def work(lease: Lease) -> Neighbors:
        found = await serving_of(request).neighbors(lease, asked.query, wanted, as_kind=asked.as_kind)
        more = next_page(request, n=len(found.neighbors), limit=asked.k, offset=asked.offset, most=MOST_PASSED_OVER)
        return _answer(found.resolved, found.neighbors, more)

    return await answer_leased(request, work, other=as_table(lambda found: map(flatten, found.neighbors), COLUMNS), format=asked.format)


@router.post("/neighbors", response_model=NeighborsOfMany, responses=PROBLEMS)
async def neighbors_of_many(request: Request, asked: ManyNeighborsQuestion) -> Response:
    """The concepts nearest to each query, in the order of the queries; one that means nothing fails them all."""
    check_batch(request, len(asked.queries), "queries")

    def work(space: ServedSpace) -> NeighborsOfMany:
        suggest = len(asked.queries) <= FEW
        resolved = [space.resolve(query, as_kind=asked.as_kind, suggest=suggest) for query in asked.queries]
        return NeighborsOfMany(tuple(_answer(each, found, None) for each, found in zip(resolved, find_neighbors(space, resolved, wanted_of(asked)), strict=True)))

    return await answer(request, work, lane=Lane.SLOW)


def wanted_of(asked: NeighborOptions) -> Wanted:
    """The options as the space knows them."""
    return Wanted(asked.k, asked.offset, tuple(asked.kind) or None, read_relation(asked.relation), asked.exclude_known, asked.min_score)


def _answer(resolved: Resolved, found: Sequence[Neighbor], more: str | None) -> Neighbors:
    return Neighbors(TakenAs.of(resolved), resolved.note, tuple(found), more)


