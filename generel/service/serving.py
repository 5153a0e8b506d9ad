"""The space that a worker serves: opened after the process has started, replaced while it answers, closed when nobody uses it any more.

Every request holds a lease on the space that it began with, and a space that was replaced is closed with its last lease. So a swap
needs no pause: requests that came before it are answered by the old release, those after it by the new one.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from threadpoolctl import threadpool_limits

from generel.concepts.errors import GenerelError, Overloaded
from generel.query.embedder import Embedder
from generel.query.neighbors import Wanted
from generel.service.lanes import Lane, Lanes
from generel.service.memory import settle_down
from generel.service.metrics import Metrics
from generel.service.opening import Fingerprint, open_served, read_fingerprint
from generel.service.searches import Found, Search, Searches, lane_of
from generel.service.served_space import ServedSpace
from generel.service.settings import Settings
from generel.service.texts import Floats, TextBatches, TextsWanted, Vectors

Answer = TypeVar("Answer")
log = logging.getLogger("generel.service")


def share_processors(workers: int) -> None:
    """Let matrix products of this process use its part of half the processors: the other half searches, and speaks HTTP.

    Products of a few texts are small, and threads that wait for each other take the processors from all other workers: two workers on two
    processors read 10 free texts a second, and 93 where each product keeps to one (`tests/benchmarks/service_load.py`, 177,057 concepts).
    """
    threadpool_limits(max(1, (os.cpu_count() or 1) // (2 * workers)), user_api="blas")


class Lease:
    """A space and how many requests use it."""

    def __init__(self, space: ServedSpace, texts: TextBatches, searches: Mapping[Lane, Searches]) -> None:
        self.space, self.texts, self.searches = space, texts, searches
        self.users, self.retired = 0, False

    def retire(self) -> None:
        """Close the space as soon as nobody uses it."""
        self.retired = True
        self.close_if_unused()

    def close_if_unused(self) -> None:
        if self.retired and not self.users:
            self.space.close()
            # Looking through all that is free takes milliseconds, in which others are answered.
            threading.Thread(target=settle_down, name="generel-memory", daemon=True).start()


class Serving:
    """What the routes ask; lives in one event loop."""

    def __init__(self, settings: Settings, *, metrics: Metrics, embedder: Embedder | None = None) -> None:
        """`embedder` embeds free text instead of the space's own encoder."""
        self.settings, self.metrics = settings, metrics
        self._embedder = embedder
        self.lanes = Lanes(waiting=settings.waiting, seconds=settings.seconds_of_answer, metrics=metrics)
        self._current: Lease | None = None
        self._watcher: asyncio.Task[None] | None = None
        # What the files were when the space of now was opened, and who is opening another.
        self._served: Fingerprint = ()
        self._opening = asyncio.Lock()

    async def start(self) -> None:
        """Open and warm the space, then watch its files.

        Raises:
            GenerelError: it cannot be opened.
        """
        share_processors(self.settings.workers)
        self._served = read_fingerprint(self.settings)
        await self._take_up("start")
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching and close the space; what is being answered ends first."""
        if self._watcher is not None:
            self._watcher.cancel()
        await asyncio.to_thread(self.lanes.close)
        if self._current is not None:
            self._current.retire()
            self._current = None

    @property
    def is_ready(self) -> bool:
        """Whether there is a space to ask."""
        return self._current is not None

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """A context in which the space of now stays open.

        Raises:
            Overloaded: there is none yet.
        """
        lease = self._current
        if lease is None:
            raise Overloaded("the space is being opened; try again in a moment")
        lease.users += 1
        try:
            yield lease
        finally:
            lease.users -= 1
            lease.close_if_unused()

    async def ask(self, work: Callable[[ServedSpace], Answer], *, lane: Lane = Lane.QUICK) -> Answer:
        """What `work` says of the space of now, done in a lane; free texts that it meets are embedded with those of other requests.

        Raises:
            Overloaded: too much waits, or this has waited too long.
            GenerelError: as `work`.
        """
        with self.lease() as lease:
            return await self.ask_leased(lease, work, lane=lane)

    async def ask_leased(self, lease: Lease, work: Callable[[ServedSpace], Answer], *, lane: Lane = Lane.QUICK) -> Answer:
        """`ask` of a space that is held already."""
        return await self._persist(lease, lambda vectors: self.lanes.run(partial(lease.space.with_texts, vectors, work), lane))

    async def neighbors(self, lease: Lease, query: str, wanted: Wanted, *, as_kind: str | None = None) -> Found:
        """The neighbors of a query, searched together with those of other requests.

        Raises:
            Overloaded, GenerelError: as `ask`.
        """
        return await self._persist(lease, lambda vectors: lease.searches[lane_of(wanted)].find(Search(query, as_kind, wanted, vectors)))

    async def change(self, work: Callable[[ServedSpace], Answer]) -> Answer:
        """What `work` says, which changes what lies beside the space; this worker serves the change before it answers.

        A change that has begun is waited for, however long it takes: who asked for it has to know how it ended.

        Raises:
            Overloaded: too much waits; nothing was changed.
            GenerelError: as `work`.
        """
        with self.lease() as lease:
            done = await _supply(lease, lambda vectors: self.lanes.run(partial(lease.space.with_texts, vectors, work), Lane.SLOW))
        try:
            await self._take_up_change()
        except Exception:
            # It is made, whatever hinders this worker; the watch sees it as it sees those of other processes.
            log.exception("a change could not be served at once; it is tried again")
        return done

    async def _persist(self, lease: Lease, attempt: Callable[[Vectors], Awaitable[Answer]]) -> Answer:
        """What the attempt answers, unless that takes too long."""
        seconds = self.settings.seconds_of_answer
        try:
            async with asyncio.timeout(seconds):
                return await _supply(lease, attempt)
        except TimeoutError as error:
            raise Overloaded(f"the answer took longer than {seconds:g} seconds; ask for less, or again later") from error

    async def _take_up_change(self) -> None:
        """Serve what the files are now, unless it is what is served."""
        async with self._opening:
            found = await asyncio.to_thread(read_fingerprint, self.settings)
            if found != self._served:
                await self._take_up("change")
                self._served = found

    async def _take_up(self, how: str) -> None:
        """Open the space as its files are now and serve it from here on; what cannot be opened changes nothing."""
        space = await self.lanes.run(lambda: open_served(self.settings, embedder=self._embedder), Lane.SLOW)
        texts = TextBatches(lambda texts: self._read_texts(space, texts), seconds=self.settings.batch_milliseconds / 1000)
        searches = {lane: Searches(space, self.lanes, lane, waiting=self.settings.waiting) for lane in (Lane.QUICK, Lane.SLOW)}
        lease = Lease(space, texts, searches)
        before, self._current = self._current, lease
        if before is None:
            settle_down()
        else:
            before.retire()
        self.metrics.swaps.labels(how).inc()
        self.metrics.concepts.set(space.manifest.n_concepts + len(space.added))
        self.metrics.loaded.set_to_current_time()
        log.info("serving", extra={"space": space.manifest.name, "tag": space.tag, "concepts": space.manifest.n_concepts, "how": how})

    async def _read_texts(self, space: ServedSpace, texts: list[str]) -> Floats:
        self.metrics.texts.observe(len(texts))
        return await self.lanes.run(lambda: space.embed(texts), Lane.TEXTS)

    async def _watch(self) -> None:
        """Take up every change of the files once they stay as they are for the time of one look."""
        seen = self._served
        while True:
            await asyncio.sleep(self.settings.watch_seconds)
            try:
                found = await asyncio.to_thread(read_fingerprint, self.settings)
                if found == self._served or found != seen:
                    seen = found
                    continue
                await self._take_up_change()
            except (GenerelError, OSError) as error:
                # A load that is still at work: the files change again, and are looked at again.
                log.warning("the space on disk cannot be served yet", extra={"reason": str(error)})
            except Exception:
                # Whatever a half-written file makes a library say: what is served goes on, and so does the watch.
                log.exception("the space on disk could not be opened; it is tried again")


async def _supply(lease: Lease, attempt: Callable[[Vectors], Awaitable[Answer]]) -> Answer:
    """What the attempt answers once all the texts are at hand that it asks for."""
    vectors: dict[str, Floats] = {}
    while True:
        try:
            return await attempt(vectors)
        except TextsWanted as wanted:
            # An attempt asks for all that it meets at once, so there are few rounds.
            vectors = {**vectors, **await lease.texts.vectors(wanted.texts)}
