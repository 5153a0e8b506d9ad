"""The application: routes, what guards them, and the space that opens when it starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from generel import __version__
from generel.query.embedder import Embedder
from generel.service.admission import Admission
from generel.service.bodies import Bodies
from generel.service.guard import Guard
from generel.service.heads import Heads
from generel.service.keys import Keys
from generel.service.map import add_map
from generel.service.metrics import Metrics
from generel.service.page.routes import add_page
from generel.service.problems import add_problems
from generel.service.rates import Rates
from generel.service.reference import add_reference
from generel.service.routes import added, concepts, genes, neighbors, relatedness, space, vectors
from generel.service.serving import Serving
from generel.service.settings import Settings

DESCRIPTION = """One embedding space of variants, genes, diseases, phenotypes, drugs, pathways and processes: what is near what, how related two
are, and by what evidence. Queries are CURIEs, rsIDs, symbols, names or any text."""

SMALLEST_PACKED, PACKING_EFFORT = 1024, 4


def make_application(settings: Settings, *, embedder: Embedder | None = None) -> FastAPI:
    """The service of one process; the space is opened when the application starts.

    Args:
        embedder: what embeds free text instead of the space's own encoder.
    """
    serving = Serving(settings, metrics=Metrics(), embedder=embedder)

    @asynccontextmanager
    async def alive(app: FastAPI) -> AsyncIterator[None]:
        await serving.start()
        yield
        await serving.stop()

    app = FastAPI(title="generel", version=__version__, description=DESCRIPTION, lifespan=alive, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.serving = serving
    for room in (concepts, neighbors, relatedness, vectors, genes, space, added):
        app.include_router(room.router)
    add_map(app)
    add_page(app)
    add_reference(app)
    add_problems(app)
    _add_guards(app, serving)
    return app


def _add_guards(app: FastAPI, serving: Serving) -> None:
    """What a request passes, from the inside out."""
    settings, metrics = serving.settings, serving.metrics
    keys, rates = Keys(settings.keys_file), Rates(settings.requests_a_second, burst=settings.burst, folder=settings.shared)
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_PACKED, compresslevel=PACKING_EFFORT)
    app.add_middleware(Bodies, largest=settings.largest_body, seconds=settings.seconds_of_body)
    app.add_middleware(Heads)
    app.add_middleware(Admission, keys=keys, rates=rates, metrics=metrics)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=settings.origins, allow_methods=["GET", "HEAD", "POST"], allow_headers=["authorization", "content-type", "if-none-match", "x-api-key"],
            expose_headers=["etag", "retry-after", "x-request-id"],
        )
    app.add_middleware(Guard, metrics=metrics, log_queries=settings.log_queries, cross_origin=bool(settings.origins))
