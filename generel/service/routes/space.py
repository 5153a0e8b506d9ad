"""/v1/space, /v1/kinds and /v1/relations: what is served and what it can be asked; /healthz, /readyz and /metrics: for who keeps it running."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from generel import __version__
from generel.concepts.errors import Overloaded
from generel.query.relation_ranking import questions_of
from generel.service.answers import Health, Kinds, RelationsOfKind, SpaceCard
from generel.service.asking import answer, serving_of
from generel.service.metrics import CONTENT_TYPE
from generel.service.questions import KindQuestion
from generel.service.routes.responses import PROBLEMS
from generel.service.served_space import ServedSpace

router = APIRouter(tags=["space"])


@router.get("/v1/space", response_model=SpaceCard, responses=PROBLEMS)
async def space(request: Request) -> Response:
    """What is served: its counts, its sources with licenses and citations, and what it was measured to be worth."""
    return await answer(request, describe)


@router.get("/v1/manifest", response_model=dict[str, Any], responses=PROBLEMS)
async def manifest(request: Request) -> Response:
    """All that the release says of itself, with the digest of each of its files."""
    return await answer(request, lambda space: dict(space.manifest.raw))


@router.get("/v1/kinds", response_model=Kinds, responses=PROBLEMS)
async def kinds(request: Request) -> Response:
    """The kinds that there is a concept of."""
    return await answer(request, lambda space: Kinds(tuple(space.kinds())))


@router.get("/v1/relations", response_model=RelationsOfKind, responses=PROBLEMS)
async def relations(request: Request, asked: Annotated[KindQuestion, Query()]) -> Response:
    """The relations that a concept of this kind can be asked by, whose answers `/v1/neighbors` ranks by what told them on held-out relations."""
    return await answer(request, lambda space: RelationsOfKind(tuple(questions_of(space.rankings, asked.kind)) if space.rankings else ()))


def describe(space: ServedSpace) -> SpaceCard:
    """The card of a space."""
    manifest = space.manifest
    counts = Counter(manifest.counts) + Counter(each.kind for each in space.added)
    return SpaceCard(
        manifest.name, manifest.raw["digest"], space.tag, manifest.created, manifest.raw["format"], manifest.dims, manifest.metric,
        manifest.n_concepts + len(space.added), manifest.n_relations, dict(counts), tuple(dict(source) for source in manifest.sources), dict(manifest.figures),
        dict(manifest.encoder), space.store.name, space.note, len(space.added), space.can_embed, space.gene_set_folder is not None, __version__,
    )


@router.get("/healthz", response_model=Health)
async def health() -> Health:
    """Whether the process is up; it is whenever it answers."""
    return Health("up")


@router.get("/readyz", response_model=Health, responses={503: PROBLEMS[503]})
async def readiness(request: Request) -> Health:
    """Whether the space is open and can be asked."""
    if not serving_of(request).is_ready:
        raise Overloaded("the space is being opened; try again in a moment")
    return Health("ready")


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """The numbers of all workers, for Prometheus."""
    return Response(serving_of(request).metrics.text(), media_type=CONTENT_TYPE)
