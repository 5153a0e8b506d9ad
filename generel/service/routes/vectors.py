"""/v1/embed and /v1/vectors: the vectors of texts, and those of some concepts or of all."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from generel.service.answers import VectorPage, Vectors
from generel.service.asking import Form, answer, check_batch, next_page
from generel.service.lanes import Lane
from generel.service.questions import TextsQuestion, VectorPageQuestion, VectorsQuestion
from generel.service.routes.responses import PROBLEMS, WITH_PARQUET
from generel.service.served_space import ServedSpace
from generel.service.vector_pages import PARQUET, read_page, rows_of, to_parquet

AS_PARQUET = Form("parquet", PARQUET, to_parquet)
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


@router.get("/vectors", response_model=VectorPage, responses=WITH_PARQUET)
async def all_vectors(request: Request, asked: Annotated[VectorPageQuestion, Query()]) -> Response:
    """All concepts, or those of some kinds, by row, with their stored vectors; a page at a time."""

    def work(space: ServedSpace) -> VectorPage:
        page = rows_of(space, asked.kind, limit=asked.limit, offset=asked.offset)
        more = next_page(request, n=len(page.rows), limit=asked.limit, offset=asked.offset, most=page.total - 1)
        return read_page(space, page, next=more)

    return await answer(request, work, lane=Lane.SLOW, other=AS_PARQUET, format=asked.format)


def _vectors(space: ServedSpace, vectors: object) -> Vectors:
    # Arrays are written as they are; a list of lists would take ten times the memory.
    return Vectors(vectors, space.manifest.dims)  # type: ignore[arg-type]
