"""How a handler waits for a model and for its rewards without holding a thread."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future

from prm_app.errors import InputError, PrmError
from prm_app.scoring import Models, Scorer, Status
from prm_app.solutions.solution import ScoredSolution, Solution, solution
from prm_app.solutions.steps import Split

POLL_SECONDS = 0.25

Outcomes = dict[int, ScoredSolution | PrmError]
"""By the number of a solution, what became of it."""


async def until_open(models: Models, name: str, opening: Future[Scorer]) -> AsyncIterator[Status]:
    """How far a model is, again and again, until it is open or could not be opened."""
    waiting = asyncio.wrap_future(opening)
    while not waiting.done():
        yield models.status(name)
        await asyncio.wait([waiting], timeout=POLL_SECONDS)
    waiting.exception()  # told by `opening` to whoever asks for its result


def solutions_of(
    problem: str, texts: Mapping[int, str], split: Split, delimiter: str
) -> dict[int, Solution | InputError]:
    """The texts as they will be scored; one that cannot be has its error in its place."""
    found: dict[int, Solution | InputError] = {}
    for number, text in texts.items():
        try:
            found[number] = solution(problem, text, split, delimiter)
        except InputError as error:
            found[number] = error
    return found


async def scored_one_by_one(
    scorer: Scorer, solutions: Mapping[int, Solution | InputError]
) -> AsyncIterator[Outcomes]:
    """The outcomes so far, again whenever some more are known; the last time all of them.

    One that fails has its error in its place and does not disturb the others.
    """
    outcomes: Outcomes = {n: s for n, s in solutions.items() if isinstance(s, PrmError)}
    valid = {n: s for n, s in solutions.items() if isinstance(s, Solution)}
    futures = await asyncio.to_thread(scorer.submit, list(valid.values()))
    numbers = dict(zip(map(asyncio.wrap_future, futures), valid, strict=True))
    pending = set(numbers)
    while pending:
        yield dict(outcomes)
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        done, pending = await asyncio.wait(pending, timeout=POLL_SECONDS)
        for future in done:
            try:
                outcomes[numbers[future]] = future.result()
            except PrmError as error:
                outcomes[numbers[future]] = error
    yield outcomes
