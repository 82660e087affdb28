"""Scores several solutions and tells how far it is, without holding a thread."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from prm_app.errors import PrmError
from prm_app.scoring import ScoredSolution, Scorer, Solution

REDRAW_SECONDS = 0.25


async def scored_one_by_one(
    scorer: Scorer, solutions: Mapping[int, Solution]
) -> AsyncIterator[dict[int, ScoredSolution | PrmError]]:
    """What has become of the solutions so far, whenever some more are done; the last time of all.

    One that fails has its error in its place and does not disturb the others.
    """
    submitted = await asyncio.to_thread(scorer.submit, list(solutions.values()))
    numbers = {
        asyncio.wrap_future(future): i for i, future in zip(solutions, submitted, strict=True)
    }
    outcomes: dict[int, ScoredSolution | PrmError] = {}
    pending = set(numbers)
    yield outcomes
    while pending:
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        done, pending = await asyncio.wait(pending, timeout=REDRAW_SECONDS)
        for future in done:
            try:
                outcomes[numbers[future]] = future.result()
            except PrmError as error:
                outcomes[numbers[future]] = error
        yield dict(outcomes)
