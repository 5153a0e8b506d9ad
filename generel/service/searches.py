"""Neighbor queries of many requests, searched together.

While a search is going on, others arrive; those that want neighbors of the same sort go into the next one together, which costs each a
third less than to be searched alone. Nobody waits for a batch to fill: one that finds nothing to do begins at once.

Those that ask by a relation weigh votes of concepts and ties, tens of milliseconds each; they are searched in the slow lane, apart from the others.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from generel.concepts.errors import GenerelError
from generel.query.neighbors import Wanted, find_neighbors, kinds_of_answers
from generel.query.records import Neighbor, Resolved
from generel.service.lanes import Lane, Lanes
from generel.service.served_space import ServedSpace
from generel.service.texts import TextsWanted, Vectors

# More at once would make the first of them wait for the last.
SEARCHES_AT_ONCE = 8


@dataclass(frozen=True)
class Search:
    """A neighbor query.

    Attributes:
        query: in words.
        as_kind: the kind that it must be of; None for any.
        wanted: which neighbors.
        vectors: of the free texts that are at hand.
    """

    query: str
    as_kind: str | None
    wanted: Wanted
    vectors: Vectors


@dataclass(frozen=True)
class Found:
    """What a query was taken for, and its neighbors."""

    resolved: Resolved
    neighbors: list[Neighbor]


Outcome = Found | Exception


class Searches:
    """The searches of one space in one lane; lives in one event loop."""

    def __init__(self, space: ServedSpace, lanes: Lanes, lane: Lane, *, waiting: int) -> None:
        """`waiting`: how many may wait before others are turned away."""
        self._space, self._lanes, self._lane, self._most = space, lanes, lane, waiting
        self._waiting: list[tuple[Search, asyncio.Future[Found]]] = []
        self._searcher: asyncio.Task[None] | None = None

    async def find(self, search: Search) -> Found:
        """What the query means and the neighbors of that.

        Raises:
            TextsWanted: it is free text whose vector is not at hand.
            Overloaded: too many wait.
            GenerelError: it means nothing, or has no such neighbors.
        """
        if len(self._waiting) >= self._most:
            raise self._lanes.turn_away(self._lane)
        promise: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((search, promise))
        if self._searcher is None:
            self._searcher = asyncio.create_task(self._search_all())
        return await promise

    async def _search_all(self) -> None:
        while self._waiting:
            together = self._take()
            try:
                outcomes = await self._lanes.run(partial(find_all, self._space, [search for search, _ in together]), self._lane)
            except Exception as error:
                outcomes = [error] * len(together)
            for (_, promise), outcome in zip(together, outcomes, strict=True):
                _settle(promise, outcome)
        self._searcher = None

    def _take(self) -> list[tuple[Search, "asyncio.Future[Found]"]]:
        """The first that waits and those that go with it; who has given up is forgotten."""
        there = [(search, promise) for search, promise in self._waiting if not promise.done()]
        together = [each for each in there if each[0].wanted == there[0][0].wanted][:SEARCHES_AT_ONCE]
        taken = {id(promise) for _, promise in together}
        self._waiting = [each for each in there if id(each[1]) not in taken]
        return together


def lane_of(wanted: Wanted) -> Lane:
    """Where neighbors of that sort are searched."""
    return Lane.SLOW if wanted.relation else Lane.QUICK


def find_all(space: ServedSpace, searches: Sequence[Search]) -> list[Outcome]:
    """What each search found, or why it found nothing; all of them want the same sort of neighbors."""
    outcomes: list[Outcome | Resolved] = [_resolve(space, search) for search in searches]
    resolved = [each for each in outcomes if isinstance(each, Resolved)]
    vectors = {text: vector for search in searches for text, vector in search.vectors.items()}
    found = iter(space.with_texts(vectors, lambda space: find_neighbors(space, resolved, searches[0].wanted)) if resolved else [])
    return [Found(each, next(found)) if isinstance(each, Resolved) else each for each in outcomes]


def _resolve(space: ServedSpace, search: Search) -> Resolved | Exception:
    try:
        resolved = space.resolve(search.query, as_kind=search.as_kind)
        kinds_of_answers(resolved.concept, search.wanted)
    except GenerelError as error:
        return error
    if resolved.is_text and space.can_embed and resolved.query not in search.vectors:
        return TextsWanted([resolved.query])
    return resolved


def _settle(promise: "asyncio.Future[Found]", outcome: Outcome) -> None:
    if promise.done():
        return
    if isinstance(outcome, Found):
        promise.set_result(outcome)
    else:
        promise.set_exception(outcome)
