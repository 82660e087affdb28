"""Asks for several items in one request if many wait. Knows nothing of what the items are."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from prm_app.errors import PrmError, ServerError
from prm_app.futures import settle

TOGETHER = 8
"""The most items of one request: they share most of what it costs, here and at the server."""
CLOSED = "The connection to the servers was closed before they answered."

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Batches(Generic[Item, Outcome]):
    """Keeps so many requests under way, and divides among them what waits. For one event loop.

    A few items are asked for one by one, so that none waits for another. If a request for several
    fails, each of them is asked for alone: a failure stays with its item. Who cancels all futures
    of a request ends it.

    Args:
        ask: Returns an outcome for each item, in their order, or raises a PrmError.
        requests: How many are under way at once.
    """

    def __init__(
        self, ask: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]], requests: int
    ) -> None:
        self._ask, self._requests = ask, requests
        self._line: deque[tuple[Item, Future[Outcome]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    def add(self, items: Sequence[tuple[Item, Future[Outcome]]]) -> None:
        """Asks for items once there is place; each one's future gets its outcome or error."""
        self._line.extend(items)
        self._start()

    async def close(self) -> None:
        """Fails what waits; what is under way fails as its task is cancelled."""
        self._closed = True
        _fail(self._line)

    def _start(self) -> None:
        while not self._closed and self._line and len(self._running) < self._requests:
            count = min(TOGETHER, -(-len(self._line) // (self._requests - len(self._running))))
            waiting = [self._line.popleft() for _ in range(count)]
            if batch := [each for each in waiting if not each[1].cancelled()]:
                self._begin(batch)

    def _begin(self, batch: Sequence[tuple[Item, Future[Outcome]]]) -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._answer(batch))
        self._running.add(task)
        task.add_done_callback(self._end)

        def end_if_unwanted(_: Future[Outcome]) -> None:
            if all(future.cancelled() for _, future in batch):
                loop.call_soon_threadsafe(task.cancel)

        for _, future in batch:
            future.add_done_callback(end_if_unwanted)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    async def _answer(self, batch: Sequence[tuple[Item, Future[Outcome]]]) -> None:
        try:
            outcomes = await self._ask([item for item, _ in batch])
        except asyncio.CancelledError:
            _fail(batch)
            raise
        except Exception as error:
            if len(batch) > 1 and isinstance(error, PrmError):
                await asyncio.gather(*(self._answer([each]) for each in batch))
            else:
                _fail(batch, error)
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                settle(future, outcome)


def _fail(batch: Iterable[tuple[Item, Future[Outcome]]], error: Exception | None = None) -> None:
    """Ends the futures with an error; without one, with what a closed connection means."""
    for _, future in batch:
        settle(future, error or ServerError(CLOSED))
