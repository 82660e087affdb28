"""Several equal servers that share the load: who is asked next, who rests, what is tried again.

Knows nothing of what is asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from prm_app.errors import BusyError, PrmError, UnreachableError

IN_FLIGHT = 64
"""Requests under way at once to each server: enough to fill its batches."""
FIRST_REST, LONGEST_REST = 1.0, 30.0
"""Seconds for which a server that failed is left out: doubled at every failure in a row."""
PASSING = (UnreachableError, BusyError)
"""What may be over when a server is asked again."""


class Server(Protocol):
    """A server that can be made ready: checked first, and again whenever it comes back."""

    async def connect(self) -> None: ...


S = TypeVar("S", bound=Server)
T = TypeVar("T")


class _Member(Generic[S]):
    def __init__(self, server: S, ready: bool) -> None:
        self.server, self.ready = server, ready
        self.busy, self.failures, self.rests_until = 0, 0, 0.0

    def available(self, now: float) -> bool:
        """A server that failed is tried with a single request before it gets its share again."""
        return self.rests_until <= now and (self.failures == 0 or self.busy == 0)

    def failed(self, error: Exception) -> None:
        self.failures += 1
        # One request that a server fails on says little of the server; a lost connection says all.
        if self.failures > 1 or isinstance(error, UnreachableError):
            self.ready = False
            rest = min(LONGEST_REST, FIRST_REST * 2 ** min(self.failures - 1, 10))
            self.rests_until = time.monotonic() + rest


class Pool(Generic[S]):
    """Asks the least busy server that is alive. For one event loop.

    `servers` pairs each server with whether it is connected already; `patience` is in seconds.
    """

    def __init__(self, servers: Sequence[tuple[S, bool]], patience: float) -> None:
        self._members = [_Member(server, ready) for server, ready in servers]
        self._patience = patience
        self._slots = asyncio.Semaphore(IN_FLIGHT * len(servers))

    async def run(self, ask: Callable[[S], Awaitable[T]]) -> T:
        """What `ask` returns for one of the servers.

        UnreachableError and BusyError are tried again, elsewhere where possible, with growing
        pauses until the patience is over; every other error is raised at once.
        """
        last: _Member[S] | None = None
        async with self._slots:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(PASSING),
                wait=wait_exponential_jitter(initial=0.1, max=5.0, jitter=0.2),
                stop=stop_after_attempt(2) & stop_after_delay(self._patience),
                reraise=True,
            ):
                with attempt:
                    last = self._next(last)
                    return await self._try(last, ask)
        raise AssertionError("unreachable")

    def _next(self, last: _Member[S] | None) -> _Member[S]:
        now = time.monotonic()
        return min(
            self._members,
            key=lambda each: (not each.available(now), each is last, each.busy, each.rests_until),
        )

    async def _try(self, member: _Member[S], ask: Callable[[S], Awaitable[T]]) -> T:
        member.busy += 1
        try:
            if not member.ready:
                await _reconnect(member.server)
                member.ready = True
            answer = await ask(member.server)
        except PASSING as error:
            member.failed(error)
            raise
        finally:
            member.busy -= 1
        member.failures, member.rests_until = 0, 0.0
        return answer


async def _reconnect(server: Server) -> None:
    """A server that comes back as another one is left out like one that is still away."""
    try:
        await server.connect()
    except PrmError as error:
        raise UnreachableError(str(error)) from error


async def reached(requests: Iterable[Awaitable[T]]) -> list[T | None]:
    """What each request to another server returns, or None where that one is away or busy.

    Raises the error of the first where all failed, and at once any other kind of error.
    """
    outcomes = await asyncio.gather(*requests, return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for error in errors:
        if len(errors) == len(outcomes) or not isinstance(error, PASSING):
            raise error
    return [None if isinstance(outcome, BaseException) else outcome for outcome in outcomes]
