"""The web page: five shells of HTML and the files that fill them.

The policy lets a browser run and load nothing but what this service sends, and makes it refuse to parse any text as markup.
"""

from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from generel.service.page.shells import render
from generel.service.page.static_files import StaticFile, read_static_files

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Vary": "Accept-Encoding"}
router = APIRouter(include_in_schema=False)


def add_page(app: FastAPI) -> None:
    """Serve the web page from `app`, beside the `/v1` that it asks."""
    read_static_files()
    app.include_router(router)


@router.get("/")
async def home(request: Request) -> Response:
    """The search."""
    return _page(request, "home")


@router.get("/concept/{curie:path}")
async def concept(request: Request, curie: str) -> Response:
    """A concept; whether there is one, the script asks."""
    return _page(request, "concept", title=curie)


@router.get("/compare")
async def compare(request: Request) -> Response:
    """Two concepts beside each other."""
    return _page(request, "compare")


@router.get("/map")
async def space_map(request: Request) -> Response:
    """All concepts on one map."""
    return _page(request, "map")


@router.get("/about")
async def about(request: Request) -> Response:
    """What is served, and under which licenses."""
    return _page(request, "about")


@router.get("/static/{version}/{name:path}")
async def static(request: Request, version: str, name: str) -> Response:
    """A file of the page; where an open page of before an upgrade asks for one of its version, the browser does not keep it."""
    files = read_static_files()
    if name not in files.by_name:
        raise HTTPException(404)
    caching = "public, max-age=31536000, immutable" if version == files.version else "no-store"
    return _send(request, files.by_name[name], {"Cache-Control": caching})


@router.get("/favicon.ico")
async def icon(request: Request) -> Response:
    """The icon, for what asks without having read the page."""
    return _send(request, read_static_files().by_name["icon.svg"], {"Cache-Control": "public, max-age=86400"})


def _page(request: Request, name: str, *, title: str = "") -> Response:
    root = str(request.scope.get("root_path", "")).rstrip("/")
    html = render(name, root=root, static=f"{root}/static/{read_static_files().version}", title=title)
    return Response(html, headers={**HEADERS, "Cache-Control": "no-cache"}, media_type="text/html")


def _send(request: Request, file: StaticFile, headers: dict[str, str]) -> Response:
    packed = "gzip" in request.headers.get("accept-encoding", "")
    encoding = {"Content-Encoding": "gzip"} if packed else {}
    return Response(file.gzipped if packed else file.content, headers={**HEADERS, **headers, **encoding}, media_type=file.media_type)
