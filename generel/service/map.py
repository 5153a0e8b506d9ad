"""The map of the space over HTTP: all positions at once in columns, and names for those that somebody looks at.

Positions are whole numbers, since a screen shows no more; the packed answer is made once for each map and kept.
"""

import gzip
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import orjson
import polars as pl
from fastapi import APIRouter, FastAPI, Query, Request
from pydantic import Field
from starlette.responses import Response

from generel.concepts.errors import BadInput, NotOffered, NotThere, UnknownConcept
from generel.concepts.kinds import KINDS
from generel.index.map_file import find_map, read_map
from generel.query.records import Concept
from generel.service.asking import JSON, answer, check_batch, serving_of
from generel.service.lanes import Lane
from generel.service.questions import Kinds, Question, Text
from generel.service.routes.responses import PROBLEMS
from generel.service.served_space import ServedSpace

# Positions are 0 to this.
EXTENT = 65535
COLUMNS = ("row", "x", "y", "kind")
router = APIRouter(prefix="/v1/map", tags=["map"])


class MapQuestion(Question):
    """Which concepts of the map."""

    kind: Kinds = Field(default_factory=list)


class RowsQuestion(Question):
    """Concepts by their rows."""

    rows: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


class PlaceQuestion(Question):
    """A concept to find on the map."""

    query: Text


@dataclass(frozen=True)
class Label:
    """A concept whose name the map shows; from `level` 1, the first to be seen, upward as one zooms in."""

    row: int
    level: int
    concept: Concept


@dataclass(frozen=True)
class SpaceMap:
    """The map, a list a column; the same place in each list is the same concept.

    Attributes:
        columns: the lists there are.
        kinds: a number in `kind` is a place in it.
        extent: the largest x and y.
        row: of the concept in the space.
        labels: of the concepts on the map, the first to be seen before the others.
    """

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    extent: int
    row: list[int]
    x: list[int]
    y: list[int]
    kind: list[int]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Named:
    """The concept of a row."""

    row: int
    concept: Concept


@dataclass(frozen=True)
class NamesOfRows:
    """The concepts of the rows, in their order."""

    names: tuple[Named, ...]


@dataclass(frozen=True)
class Packed:
    """An answer ready to be sent, and the tag of its content."""

    gzipped: bytes
    tag: str


def add_map(app: FastAPI) -> None:
    """Serve the map from `app`."""
    app.state.maps = PackedMaps()
    app.include_router(router)


class PackedMaps:
    """The packed maps of the release that is served, by kinds; used from the thread of a lane."""

    MOST = 16

    def __init__(self) -> None:
        self._lock, self._of, self._packed = threading.Lock(), "", dict[tuple[str, ...], Packed]()

    def get(self, space: ServedSpace, kinds: Sequence[str]) -> Packed:
        """The map of the space with only these kinds, all for none.

        Raises:
            NotOffered: the space has no map.
        """
        key, of = tuple(kind for kind in KINDS if kind in kinds), f"{space.tag} {_drawn(space)}"
        with self._lock:
            if self._of != of or len(self._packed) >= self.MOST:
                self._of, self._packed = of, {}
            if key not in self._packed:
                content = orjson.dumps(draw(space, kinds))
                self._packed[key] = Packed(gzip.compress(content, 6, mtime=0), f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"')
            return self._packed[key]


def _drawn(space: ServedSpace) -> int:
    """When the map of the space was written; 0 where there is none."""
    path = find_map(space.folder, space.manifest)
    return path.stat().st_mtime_ns if path else 0


def draw(space: ServedSpace, kinds: Sequence[str]) -> SpaceMap:
    """The map of the space with only these kinds, all for none; concepts that were added are not on it.

    Raises:
        NotOffered: the space has no map.
    """
    try:
        positions = read_map(space.folder, space.manifest)
    except NotThere as error:
        raise NotOffered(f"the space '{space.manifest.name}' has no map; its keeper can make one with: generel map {space.manifest.name}") from error
    codes = space.names.kinds[: positions.height]
    shown = positions.with_columns(kind=pl.Series(codes, dtype=pl.UInt8))
    if kinds:
        shown = shown.filter(pl.col("kind").is_in([KINDS.index(kind) for kind in kinds]))
    at = (shown.select("x", "y").to_numpy() * EXTENT).round().astype(np.int64)
    labeled = shown.filter(pl.col("level") > 0).sort("level", "row").select("row", "level").rows()
    concepts = space.names.concepts([row for row, _ in labeled])
    labels = tuple(Label(row, level, Concept(each.curie, each.kind, each.name)) for (row, level), each in zip(labeled, concepts, strict=True))
    return SpaceMap(COLUMNS, KINDS, EXTENT, shown["row"].to_list(), at[:, 0].tolist(), at[:, 1].tolist(), shown["kind"].to_list(), labels)


@router.get("", response_model=SpaceMap, responses=PROBLEMS)
async def space_map(request: Request, asked: Annotated[MapQuestion, Query()]) -> Response:
    """Where all concepts lie, or those of some kinds: a list for each column, positions as whole numbers from 0 to `extent`."""
    maps: PackedMaps = request.app.state.maps
    packed = await serving_of(request).ask(lambda space: maps.get(space, asked.kind), lane=Lane.SLOW)
    headers = {"ETag": packed.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding, Authorization"}
    if packed.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed.gzipped, headers={**headers, "Content-Encoding": "gzip"}, media_type=JSON)
    return Response(gzip.decompress(packed.gzipped), headers=headers, media_type=JSON)


@router.post("/names", response_model=NamesOfRows, responses=PROBLEMS)
async def names(request: Request, asked: RowsQuestion) -> Response:
    """The concepts of some rows of the map."""
    check_batch(request, len(asked.rows), "rows")
    return await answer(request, lambda space: NamesOfRows(tuple(name_rows(space, asked.rows))))


@router.get("/place", response_model=Named, responses=PROBLEMS)
async def place(request: Request, asked: Annotated[PlaceQuestion, Query()]) -> Response:
    """The row of the concept that a query names, by which it is found among the columns of the map."""

    def work(space: ServedSpace) -> Named:
        found = space.resolve(asked.query)
        if found.is_text or found.row >= space.manifest.n_concepts:
            raise UnknownConcept(asked.query, found.near)
        return Named(found.row, found.concept)

    return await answer(request, work)


def name_rows(space: ServedSpace, rows: Sequence[int]) -> list[Named]:
    """The concepts of the rows, in their order.

    Raises:
        BadInput: the space has no such rows.
    """
    most = len(space.names.kinds)
    if wrong := [row for row in rows if row >= most]:
        raise BadInput(f"{len(wrong):,} rows, such as {wrong[0]:,}, are beyond those of the space, which has {most:,}")
    return [Named(row, Concept(each.curie, each.kind, each.name)) for row, each in zip(rows, space.names.concepts(list(rows)), strict=True)]
