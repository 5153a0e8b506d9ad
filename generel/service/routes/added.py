"""/v1/added: what was added to the space; adding concepts and taking them out again, where the service allows that.

What is added lies beside the space, as `generel add` puts it there. The worker that was asked serves it before it answers; others follow
within the time of two looks at the files.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from generel.concepts.errors import NotPermitted
from generel.query.added_input import NewConcept
from generel.query.records import Concept
from generel.service.answers import AddedConcepts, ChangedConcepts
from generel.service.asking import answer, check_batch, next_page, serving_of, to_json
from generel.service.questions import AddedQuestion, NewConceptQuestion, NewConceptsQuestion, RemovalQuestion
from generel.service.routes.responses import PROBLEMS, WITH_CHANGES
from generel.service.served_space import ServedSpace


def check_writable(request: Request) -> None:
    """Nothing, if who asks may change the space.

    Raises:
        NotPermitted: the service takes no changes, or not with this key.
    """
    if not serving_of(request).settings.writable:
        raise NotPermitted("this service takes no changes; its keeper can add concepts with `generel add`, or serve with: generel serve --writable")
    if not request.scope.get("key_may_write", True):
        raise NotPermitted(f"the key '{request.scope['key_name']}' may not change the space; the service's keeper can make one that may with: generel serve keys new NAME --write")


router = APIRouter(prefix="/v1/added", tags=["added"])
WRITABLE = [Depends(check_writable)]


@router.get("", response_model=AddedConcepts, responses=PROBLEMS)
async def added(request: Request, asked: Annotated[AddedQuestion, Query()]) -> Response:
    """What was added to the released space, in the order it was added; a page at a time."""

    def work(space: ServedSpace) -> AddedConcepts:
        page, total = space.added[asked.offset : asked.offset + asked.limit], len(space.added)
        return AddedConcepts(space.tag, total, page, next_page(request, n=len(page), limit=asked.limit, offset=asked.offset, most=total - 1))

    return await answer(request, work)


@router.post("", response_model=ChangedConcepts, responses=WITH_CHANGES, dependencies=WRITABLE)
async def add(request: Request, asked: NewConceptsQuestion) -> Response:
    """Add concepts, all or none, without training: their vectors are made of their names and of what they are tied to."""
    check_batch(request, len(asked.concepts), "concepts")
    new = [_read(each) for each in asked.concepts]
    return await _change(request, lambda space: space.add(new))


@router.post("/remove", response_model=ChangedConcepts, responses=WITH_CHANGES, dependencies=WRITABLE)
async def remove(request: Request, asked: RemovalQuestion) -> Response:
    """Take added concepts out again, all or none; the answer says what they were."""
    check_batch(request, len(asked.curies), "concepts")
    return await _change(request, lambda space: space.remove(asked.curies))


async def _change(request: Request, work: Callable[[ServedSpace], list[Concept]]) -> Response:
    return to_json(ChangedConcepts(tuple(await serving_of(request).change(work))), {"Cache-Control": "no-store"})


def _read(asked: NewConceptQuestion) -> NewConcept:
    ties = tuple((predicate, curie) for predicate, curie in asked.ties)
    return NewConcept(asked.curie, asked.kind, asked.name, tuple(asked.synonyms), asked.definition, ties)
