"""Scores solutions of one problem and tells how far it is, without holding a thread."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from prm_app.errors import InputError, PrmError
from prm_app.scoring import ScoredSolution, Scorer, solution
from prm_app.steps import Split

REDRAW_SECONDS = 0.25

Outcomes = dict[int, ScoredSolution | PrmError]


async def scored_one_by_one(
    scorer: Scorer, problem: str, texts: Mapping[int, str], split: Split, delimiter: str
) -> AsyncIterator[Outcomes]:
    """What has become of the texts so far, whenever some more are done; the last time of all.

    One that fails has its error in its place and does not disturb the others.
    """
    asked, outcomes = {}, {}
    for number, text in texts.items():
        try:
            asked[number] = solution(scorer.prm, problem, text, split, delimiter)
        except InputError as error:
            outcomes[number] = error
    futures = await asyncio.to_thread(scorer.submit, list(asked.values()))
    numbers = dict(zip(map(asyncio.wrap_future, futures), asked, strict=True))
    pending = set(numbers)
    while pending:
        yield dict(outcomes)
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        done, pending = await asyncio.wait(pending, timeout=REDRAW_SECONDS)
        for future in done:
            try:
                outcomes[numbers[future]] = future.result()
            except PrmError as error:
                outcomes[numbers[future]] = error
    yield outcomes
