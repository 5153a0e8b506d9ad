"""/v1/embed and /v1/vectors: the vectors of texts, and those of concepts."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from generel.service.answers import Vectors
from generel.service.asking import answer, check_batch
from generel.service.lanes import Lane
from generel.service.questions import TextsQuestion, VectorsQuestion
from generel.service.routes.responses import PROBLEMS
from generel.service.served_space import ServedSpace

router = APIRouter(prefix="/v1", tags=["vectors"])


@router.post("/embed", response_model=Vectors, responses=PROBLEMS)
async def embed(request: Request, asked: TextsQuestion) -> Response:
    """The vector of each text, by its own words, even where they name a concept; of unit length."""
    check_batch(request, len(asked.texts), "texts")
    return await answer(request, lambda space: _vectors(space, space.embed(asked.texts)), lane=Lane.SLOW)


@router.post("/vectors", response_model=Vectors, responses=PROBLEMS)
async def vectors(request: Request, asked: VectorsQuestion) -> Response:
    """The stored vector of each concept, of unit length; names will do as well."""
    check_batch(request, len(asked.curies), "concepts")
    return await answer(request, lambda space: _vectors(space, space.vectors(asked.curies)), lane=Lane.SLOW)


def _vectors(space: ServedSpace, vectors: object) -> Vectors:
    # Arrays are written as they are; a list of lists would take ten times the memory.
    return Vectors(vectors, space.manifest.dims)  # type: ignore[arg-type]
