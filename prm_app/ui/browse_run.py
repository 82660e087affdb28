"""The scoring of a file by one visitor: it goes on behind what is shown, pauses and stops."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice

from prm_app.api.door import DOOR
from prm_app.api.limits import require_short
from prm_app.api.progress import (
    CHUNK,
    IN_FLIGHT,
    POLL_SECONDS,
    Outcomes,
    UnderWay,
    cancelled_at_the_end,
    submit,
)
from prm_app.errors import PrmError
from prm_app.evaluation.solution_file import Item
from prm_app.scoring import Scorer
from prm_app.solutions.solution import ScoredSolution, Solution
from prm_app.ui.gate import VISITOR

LEAVE_SECONDS = 2.0
"""How long a new file waits at most for the scoring of the former one to end."""


@dataclass
class Run:
    """How far it is, and what the visitor wants of it.

    Attributes:
        total: How many solutions it scores.
        done: How many are.
        busy: The seconds that it has scored for; pauses do not count.
        paused: Whether no more solutions are asked for.
        stopped: Whether it ends with what is done.
        left: Whether another file is to be shown, so that nothing of this one may be.
        ended: Set once nothing more of it is drawn.
    """

    total: int
    done: int = 0
    busy: float = 0.0
    paused: bool = False
    stopped: bool = False
    left: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        return self.stopped or self.left or self.done == self.total

    @property
    def seconds_left(self) -> float | None:
        """By the pace so far; None while there is none."""
        return self.busy / self.done * (self.total - self.done) if self.done else None

    def leave(self) -> None:
        """Ends it, and waits until what is on its way to the page is there."""
        self.left = True
        self.ended.wait(LEAVE_SECONDS)


async def scores_while_open(
    scorer: Scorer, items: Sequence[tuple[int, Item]], run: Run
) -> AsyncIterator[Outcomes]:
    """What became of some more solutions, again and again until the run is over.

    It has a place at the door, which it gives back while it is paused.
    """
    remaining = iter(items)
    while not run.over:
        if run.paused:
            await asyncio.sleep(POLL_SECONDS)
            yield {}
            continue
        async with (
            DOOR.turn(VISITOR.get()),
            aclosing(_until_paused(scorer, remaining, run)) as more,
        ):
            async for outcomes in more:
                yield outcomes


async def _until_paused(
    scorer: Scorer, remaining: Iterator[tuple[int, Item]], run: Run
) -> AsyncGenerator[Outcomes]:
    """As `scores_while_open`, until a pause has come and what was on its way is done.

    At most `IN_FLIGHT` are on their way, so memory does not grow with the file, and other visitors
    wait behind no more. Of a run that is stopped nothing more is computed.
    """
    waiting: dict[asyncio.Future[ScoredSolution], int] = {}
    with cancelled_at_the_end() as under_way:
        while not run.over and (waiting or not run.paused):
            start = time.monotonic()
            outcomes: Outcomes = {}
            if not run.paused and len(waiting) <= IN_FLIGHT - CHUNK:
                chunk = list(islice(remaining, CHUNK))
                outcomes = await _ask(scorer, chunk, waiting, under_way)
            if waiting:
                await _settle(waiting, outcomes)
            run.done += len(outcomes)
            if not run.paused:
                run.busy += time.monotonic() - start
            yield outcomes


async def _settle(waiting: dict[asyncio.Future[ScoredSolution], int], outcomes: Outcomes) -> None:
    """Moves those that are done within a moment to the outcomes."""
    done, _ = await asyncio.wait(waiting, timeout=POLL_SECONDS)
    for future in done:
        error = future.exception()
        if error is not None and not isinstance(error, PrmError):
            raise error
        outcomes[waiting.pop(future)] = error or future.result()


async def _ask(
    scorer: Scorer,
    chunk: list[tuple[int, Item]],
    waiting: dict[asyncio.Future[ScoredSolution], int],
    under_way: UnderWay,
) -> Outcomes:
    """Submits some solutions; those that cannot be have their errors."""
    solutions: dict[int, Solution] = {}
    errors: Outcomes = {}
    for number, item in chunk:
        try:
            require_short("problem", item.row.problem)
            require_short("solution", item.row.text)
            solutions[number] = item.solution()
        except PrmError as error:
            errors[number] = error
    if solutions:
        futures = await submit(scorer, list(solutions.values()), under_way)
        waiting.update(zip(futures, solutions, strict=True))
    return errors
