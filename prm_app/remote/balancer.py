"""Shares requests among equal servers: chooses the next, leaves out failed ones, repeats requests.

Knows nothing of what the requests are.
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

FIRST_REST, LONGEST_REST = 1.0, 30.0
"""Seconds for which a server that failed is left out: doubled at every failure in a row."""
PASSING = (UnreachableError, BusyError)
"""Errors that may pass: the request is tried again."""


class Server(Protocol):
    """A server that has to be checked before its first request, and again once it is back."""

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
        # One failed request says little about the server; a lost connection says that it is away.
        if self.failures > 1 or isinstance(error, UnreachableError):
            self.ready = False
            rest = min(LONGEST_REST, FIRST_REST * 2 ** min(self.failures - 1, 10))
            self.rests_until = time.monotonic() + rest


class Pool(Generic[S]):
    """Gives each request to the least busy server that is not left out. For one event loop.

    Args:
        servers: Each server, and whether it has been checked already.
        patience: Seconds for which a request that fails is repeated; it is tried at least twice.
    """

    def __init__(self, servers: Sequence[tuple[S, bool]], patience: float) -> None:
        self._members = [_Member(server, ready) for server, ready in servers]
        self._patience = patience

    async def run(self, ask: Callable[[S], Awaitable[T]]) -> T:
        """What `ask` returns for one of the servers.

        After an UnreachableError or BusyError it is tried again, on another server if there is
        one, with growing pauses until the patience is over. Every other error is raised at once.
        """
        last: _Member[S] | None = None
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(PASSING),
            wait=wait_exponential_jitter(multiplier=0.1, max=5.0, jitter=0.2),
            stop=stop_after_attempt(2) & stop_after_delay(self._patience),
            reraise=True,
        ):
            with attempt:
                last = self._next(last)
                return await self._try(last, ask)
        raise AssertionError("unreachable")

    async def once(self, ask: Callable[[S], Awaitable[T]]) -> T:
        """What `ask` returns for one of the servers; every error is raised at once."""
        return await self._try(self._next(), ask)

    def _next(self, last: _Member[S] | None = None) -> _Member[S]:
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
    """Checks a server that was away. If it now serves another model, it counts as unreachable."""
    try:
        await server.connect()
    except PrmError as error:
        raise UnreachableError(str(error)) from error


async def reached(requests: Iterable[Awaitable[T]]) -> list[T | None]:
    """What each request returns, or None if its server is away or busy.

    Raises:
        PrmError: Every server is away or busy, or a request failed for another reason.
    """
    outcomes = await asyncio.gather(*requests, return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for error in errors:
        if len(errors) == len(outcomes) or not isinstance(error, PASSING):
            raise error
    return [None if isinstance(outcome, BaseException) else outcome for outcome in outcomes]
