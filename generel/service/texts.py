"""Free texts of a served space: embedded together with those of other requests, before what asked for them is done again.

Work runs without knowing which texts it will meet. When it meets one that is not there yet, `TextsWanted` stops it; the texts are embedded
with all that arrived meanwhile, and the work is done again with their vectors at hand. What precedes an embedding is remembered or cheap.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from generel.query.embedder import Embedder

Floats = NDArray[np.float32]
Vectors = Mapping[str, Floats]
Read = Callable[[list[str]], Awaitable[Floats]]
# Larger batches read no more texts a second and make everybody wait for the last of them.
TEXTS_AT_ONCE = 32


class TextsWanted(Exception):
    """Work that cannot go on without the vectors of these texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        super().__init__(f"{len(self.texts)} texts")


class TextsAtHand:
    """An embedder that, where texts were laid out for it, gives those and asks for others instead of embedding them itself."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._thread = threading.local()

    @contextmanager
    def laid_out(self, vectors: Vectors) -> Iterator[None]:
        """A context in which this thread has just these vectors."""
        self._thread.vectors = vectors
        try:
            yield
        finally:
            self._thread.vectors = None

    def embed(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dims) float32, unit norm.

        Raises:
            TextsWanted: some are not laid out.
        """
        vectors: Vectors | None = getattr(self._thread, "vectors", None)
        if vectors is None:
            return self.embedder.embed(texts)
        if wanted := [text for text in dict.fromkeys(texts) if text not in vectors]:
            raise TextsWanted(wanted)
        return np.stack([vectors[text] for text in texts])


class TextBatches:
    """Texts of many requests, embedded together; lives in one event loop.

    The first text waits a few milliseconds for others. A request with many texts hands them over a batch at a time, so that one with
    a single text does not wait for all of them.
    """

    def __init__(self, read: Read, *, seconds: float) -> None:
        """`read` embeds a list of distinct texts off the event loop; `seconds` is how long the first text waits."""
        self._read, self._seconds = read, seconds
        self._waiting: dict[str, asyncio.Future[Floats]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def vectors(self, texts: Sequence[str]) -> dict[str, Floats]:
        """The vector of each text."""
        distinct = list(dict.fromkeys(texts))
        found: dict[str, Floats] = {}
        for start in range(0, len(distinct), TEXTS_AT_ONCE):
            part = distinct[start : start + TEXTS_AT_ONCE]
            vectors = await asyncio.gather(*(self._promise(text) for text in part))
            found.update(zip(part, vectors, strict=True))
        return found

    def _promise(self, text: str) -> "asyncio.Future[Floats]":
        # Shielded: one of several who wait for a text may give up without taking it from the others.
        if text not in self._waiting:
            self._waiting[text] = asyncio.get_running_loop().create_future()
        if self._reader is None:
            self._reader = asyncio.get_running_loop().create_task(self._read_all())
        return asyncio.shield(self._waiting[text])

    async def _read_all(self) -> None:
        await asyncio.sleep(self._seconds)
        while self._waiting:
            part = dict(list(self._waiting.items())[:TEXTS_AT_ONCE])
            for text in part:
                del self._waiting[text]
            await self._read_part(part)
        self._reader = None

    async def _read_part(self, part: "Mapping[str, asyncio.Future[Floats]]") -> None:
        try:
            vectors = await self._read(list(part))
        except Exception as error:
            for promise in part.values():
                _fail(promise, error)
        else:
            for promise, vector in zip(part.values(), vectors, strict=True):
                if not promise.done():
                    promise.set_result(vector)


def _fail(promise: "asyncio.Future[Floats]", error: Exception) -> None:
    if not promise.done():
        promise.set_exception(error)
        # Looked at here, so that nobody is told of it where all who waited have gone.
        promise.exception()
