"""/docs: the API for readers, one plain page made from the OpenAPI document; no script, and nothing from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from generel.service.routes.responses import Problem

STYLE = "reference.css"
REFERENCE = "#/components/schemas/"
Document = Mapping[str, Any]


def add_reference(app: FastAPI) -> None:
    """Serve the OpenAPI document, with what every page may answer in it, and a page made from it."""
    app.openapi = lambda: complete_document(app)  # type: ignore[method-assign]

    @app.get("/docs", include_in_schema=False)
    async def reference(request: Request) -> HTMLResponse:
        return HTMLResponse("".join(render(app.openapi())))

    @app.get(f"/docs/{STYLE}", include_in_schema=False)
    async def style(request: Request) -> Response:
        return Response(read_style(), media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@cache
def read_style() -> str:
    """The style of the page."""
    return files("generel.service").joinpath(STYLE).read_text(encoding="utf-8")


def complete_document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once: what FastAPI writes, the schema of a problem, and the keys that a service may want."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "Where the service wants keys."}}
        # FastAPI describes invalid questions in a form of its own, which is not what is answered here.
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        document["security"] = [{}, {"key": []}]
        app.openapi_schema = document
    return app.openapi_schema


def render(document: Document) -> Iterator[str]:
    """The page, piece by piece."""
    info = document["info"]
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(info["title"])} API</title>'
    yield f'<link rel="stylesheet" href="docs/{STYLE}"></head><body><main><h1>{escape(info["title"])} API <small>{escape(info["version"])}</small></h1>'
    yield f'<p>{escape(info["description"])}</p><p>The same for programs: <a href="openapi.json">openapi.json</a>. A failure is <code>application/problem+json</code>.</p>'
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(path, method, operation)
    yield "<h2>Records</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)
    yield "</main></body></html>"


def _operation(path: str, method: str, operation: Document) -> Iterator[str]:
    yield f"<section><h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
    yield from (f"<p>{escape(part)}</p>" for part in operation.get("description", "").split("\n\n"))
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter</th><th>type</th><th>default</th><th></th></tr>"
        for each in parameters:
            schema = each["schema"]
            cells = (_type(schema), "required" if each.get("required") else _json(schema.get("default")), escape(each.get("description") or schema.get("description", "")))
            yield f"<tr><td><code>{escape(each['name'])}</code></td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        yield "</table>"
    if body := operation.get("requestBody"):
        yield f"<p>Body: {_type(body['content']['application/json']['schema'])}</p>"
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema:
            yield f"<p>{escape(status)}: {_type(schema)}</p>"
    yield "</section>"


def _schema(name: str, schema: Document) -> Iterator[str]:
    yield f'<section id="{escape(name)}"><h3><code>{escape(name)}</code></h3><p class="said">{escape(schema.get("description", ""))}</p>'
    yield "<table>"
    for field, of in schema.get("properties", {}).items():
        yield f"<tr><td><code>{escape(field)}</code></td><td>{_type(of)}</td><td>{escape(of.get('description', ''))}</td></tr>"
    yield "</table></section>"


def _type(schema: Document) -> str:
    """A schema in a few words, with links to records."""
    if "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(REFERENCE))
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(_json, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "at most")) if key in schema]
    return escape(" ".join([str(schema.get("type", "any")), *bounds]))


def _json(value: Any) -> str:
    return "" if value is None else f"<code>{escape(json.dumps(value))}</code>"
