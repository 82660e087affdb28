"""Asks for several items in one request if many wait. Knows nothing of what the items are."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from prm_app.errors import PrmError, ServerError

TOGETHER = 8
"""The most items of one request: they share most of what it costs, here and at the server."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Batches(Generic[Item, Outcome]):
    """Keeps so many requests under way, and divides among them what waits. For one event loop.

    A few items are asked for one by one, so that none waits for another. If a request for several
    fails, each of them is asked for alone: a failure stays with its item.

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

    def add(self, items: Sequence[tuple[Item, Future[Outcome]]]) -> None:
        """Asks for items once there is place; each one's future gets its outcome or error."""
        self._line.extend(items)
        self._start()

    async def close(self) -> None:
        """Fails what waits; what is under way fails if its task is cancelled."""
        while self._line:
            _fail([self._line.popleft()], _closed())

    def _start(self) -> None:
        while self._line and (free := self._requests - len(self._running)):
            count = min(TOGETHER, -(-len(self._line) // free))
            waiting = [self._line.popleft() for _ in range(count)]
            batch = [each for each in waiting if each[1].set_running_or_notify_cancel()]
            task = asyncio.ensure_future(self._answer(batch))
            self._running.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._start()

    async def _answer(self, batch: Sequence[tuple[Item, Future[Outcome]]]) -> None:
        if not batch:
            return
        try:
            outcomes = await self._ask([item for item, _ in batch])
        except asyncio.CancelledError:
            _fail(batch, _closed())
            raise
        except Exception as error:
            if len(batch) > 1 and isinstance(error, PrmError):
                await asyncio.gather(*(self._answer([each]) for each in batch))
            else:
                _fail(batch, error)
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                future.set_result(outcome)


def _fail(batch: Sequence[tuple[Item, Future[Outcome]]], error: Exception) -> None:
    for _, future in batch:
        future.set_exception(error)


def _closed() -> ServerError:
    return ServerError("The connection to the servers was closed before they answered.")
