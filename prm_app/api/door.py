"""Who is answered next when many ask at once: so many together, and no visitor takes all places."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prm_app.errors import BusyError


class Door:
    """Lets so many requests in at once and so many more wait; turns the others away.

    Of one visitor fewer are let in, and fewer may wait, so another finds a place. Who came first
    is let in first, unless he has his share inside already. Used in one event loop.

    Args:
        inside: Requests answered side by side.
        waiting: Requests that wait for their turn.
        share: The part of both that one visitor may take.
    """

    def __init__(self, inside: int = 64, waiting: int = 1024, share: float = 1 / 4) -> None:
        self._inside, self._waiting = inside, waiting
        self._own_inside, self._own_waiting = (
            max(1, int(most * share)) for most in (inside, waiting)
        )
        self._running: Counter[str] = Counter()
        self._line: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, visitor: str) -> AsyncIterator[None]:
        """Waits for a place, and gives it back at the end.

        Args:
            visitor: Whose request it is, such as by the address it comes from.

        Raises:
            BusyError: Too many wait, of this visitor or in all.
        """
        await self._come_in(visitor)
        try:
            yield
        finally:
            self._running -= Counter([visitor])
            self._let_in()

    async def _come_in(self, visitor: str) -> None:
        own = sum(who == visitor for who, _ in self._line)
        if own >= self._own_waiting or len(self._line) >= self._waiting:
            raise BusyError(
                f"{len(self._line)} requests are waiting already, {own} of them from where this "
                "one comes: ask again in a moment."
            )
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((visitor, place))
        self._let_in()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was let in meanwhile
                self._running -= Counter([visitor])
            self._line = [entry for entry in self._line if entry[1] is not place]
            self._let_in()
            raise

    def _let_in(self) -> None:
        """Lets in whoever has a place, who came first of those first."""
        for visitor, place in list(self._line):
            if self._running.total() >= self._inside:
                return
            if self._running[visitor] < self._own_inside:
                self._line.remove((visitor, place))
                if not place.done():
                    self._running[visitor] += 1
                    place.set_result(None)


DOOR = Door()
"""Of this process's page, whatever protocol is spoken."""
