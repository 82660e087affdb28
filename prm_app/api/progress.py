"""How a handler waits for a model and for its rewards without holding a thread."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from prm_app.api.limits import solution_within
from prm_app.catalog import Prm
from prm_app.errors import InputError, PrmError
from prm_app.fitting import Fitting
from prm_app.scoring import Models, Scorer, Status
from prm_app.solutions.solution import ScoredSolution, Solution
from prm_app.solutions.steps import Split

POLL_SECONDS = 0.25
DRAWING_SHARE = 1 / 4
"""The most of its time that a handler spends on showing what is known so far."""
CHUNK, IN_FLIGHT = 64, 256
"""Solutions of one visitor asked for together, and on their way: others wait behind no more."""

T = TypeVar("T")
_FOR_MANY = ThreadPoolExecutor(2, thread_name_prefix="many solutions")

Outcomes = dict[int, ScoredSolution | PrmError]
"""By the number of a solution, what became of it."""
Arrival = tuple[int, asyncio.Future[ScoredSolution]]
UnderWay = set[asyncio.Future[ScoredSolution]]


async def apart(work: Callable[..., T], *arguments: Any) -> T:
    """Does work on many solutions in threads of its own: who has one does not wait behind it."""
    return await asyncio.get_running_loop().run_in_executor(_FOR_MANY, work, *arguments)


async def until_open(models: Models, name: str, opening: Future[Scorer]) -> AsyncIterator[Status]:
    """How far a model is, again and again, until it is open or could not be opened."""
    waiting = asyncio.wrap_future(opening)
    while not waiting.done():
        yield models.status(name)
        await asyncio.wait([waiting], timeout=POLL_SECONDS)
    waiting.exception()  # told by `opening` to whoever asks for its result


async def solutions_of(
    problem: str, texts: Mapping[int, str], split: Split, delimiter: str
) -> dict[int, Solution | InputError]:
    """The texts as they will be scored; one that cannot be has its error in its place."""

    def split_one(text: str) -> Solution | InputError:
        try:
            return solution_within(problem, text, split, delimiter)
        except InputError as error:
            return error

    def split_all() -> dict[int, Solution | InputError]:
        return {number: split_one(text) for number, text in texts.items()}

    return await apart(split_all)


async def scored_one_by_one(
    scorer: Scorer, solutions: Mapping[int, Solution | InputError]
) -> AsyncIterator[Outcomes]:
    """The outcomes so far, again whenever some more are known; the last time all of them.

    One that fails has its error in its place and does not disturb the others. Each is touched once,
    so the work is linear; who takes long to show the outcomes is given them rarely.
    """
    outcomes: Outcomes = {n: s for n, s in solutions.items() if isinstance(s, PrmError)}
    remaining = iter([(n, s) for n, s in solutions.items() if isinstance(s, Solution)])
    queue: asyncio.Queue[Arrival] = asyncio.Queue()
    submissions = len(outcomes)
    with cancelled_at_the_end() as under_way:
        while len(outcomes) < len(solutions):
            while submissions - len(outcomes) <= IN_FLIGHT - CHUNK:
                chunk = dict(islice(remaining, CHUNK))
                if not chunk:
                    break
                futures = await submit(scorer, list(chunk.values()), under_way)
                for number, future in zip(chunk, futures, strict=True):
                    future.add_done_callback(partial(_arrive, queue, number))
                submissions += len(chunk)
            last_update = time.perf_counter()
            yield dict(outcomes)
            pause = max(POLL_SECONDS, (time.perf_counter() - last_update) / DRAWING_SHARE)
            for number, future in await _arrivals(queue, submissions - len(outcomes), pause):
                try:
                    outcomes[number] = future.result()
                except PrmError as error:
                    outcomes[number] = error
    yield outcomes


async def scored_by(
    models: Models, name: str, solutions: Mapping[int, Solution | InputError], fit: bool = False
) -> AsyncIterator[tuple[Status | None, Prm | None, Outcomes]]:
    """How far a model is until it is open, then the outcomes so far with the model they are of.

    With `fit`, a solution that is too long is scored up to the steps that fit.
    """
    opening = models.open(name)
    async for status in until_open(models, name, opening):
        yield status, None, {}
    with opening.result() as scorer:
        whole_or_part = Fitting(scorer) if fit else scorer
        async for outcomes in scored_one_by_one(whole_or_part, solutions):
            yield None, scorer.prm, outcomes


@contextmanager
def cancelled_at_the_end() -> Iterator[UnderWay]:
    """Holds what is being scored: for a handler that is left half-way nothing more is computed."""
    under_way: UnderWay = set()
    try:
        yield under_way
    finally:
        for future in list(under_way):
            future.cancel()


async def submit(
    scorer: Scorer, solutions: list[Solution], under_way: UnderWay
) -> list[asyncio.Future[ScoredSolution]]:
    """Submits solutions; their futures stand in `under_way` until they are done."""
    submission = asyncio.ensure_future(apart(scorer.submit, solutions))
    try:
        answers = await asyncio.shield(submission)
    except asyncio.CancelledError:
        submission.add_done_callback(_cancel_all)
        raise
    futures = [asyncio.wrap_future(answer) for answer in answers]
    for future in futures:
        under_way.add(future)
        future.add_done_callback(under_way.discard)
    return futures


def _cancel_all(submission: asyncio.Future[list[Future[ScoredSolution]]]) -> None:
    if not submission.cancelled() and not submission.exception():
        for answer in submission.result():
            answer.cancel()


def _arrive(
    queue: asyncio.Queue[Arrival], number: int, done: asyncio.Future[ScoredSolution]
) -> None:
    queue.put_nowait((number, done))


async def _arrivals(queue: asyncio.Queue[Arrival], most: int, seconds: float) -> list[Arrival]:
    """The next one, and those that come within some seconds after it."""
    arrivals = [await queue.get()]
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while len(arrivals) < most:
                arrivals.append(await queue.get())
    return arrivals
