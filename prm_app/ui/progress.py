"""How a handler waits for a model and for its rewards without holding a thread."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from prm_app.catalog import Prm, find_model
from prm_app.errors import EngineError, InputError, PrmError
from prm_app.scoring import Models, Scorer, Status
from prm_app.solutions.solution import ScoredSolution, solution
from prm_app.solutions.steps import Split

POLL_SECONDS = 0.25
REDRAW_SECONDS = 0.25

Outcomes = dict[int, ScoredSolution | PrmError]


def offered(host: Models, name: str) -> Prm:
    """The model of that name as the host knows it, or as the catalogue does."""
    return next((prm for prm in host.models() if prm.is_called(name)), None) or find_model(name)


async def ready(host: Models, name: str = "") -> AsyncIterator[Status | Scorer]:
    """The host's status, again and again, until the model of that name serves; then its scorer.

    Selects the model first where it neither serves nor loads; an empty name stands for the one in
    use. Raises the PrmError for which a load failed.
    """
    selected = False
    while True:
        status = host.status()
        if status.loading is None and (_is(status.serving, name) or not name):
            break
        if not (_is(status.loading, name) or not name):
            if selected:
                raise status.error or EngineError(
                    f"{name} was not loaded, because another model was chosen meanwhile: choose "
                    "it again to score with it."
                )
            host.select(name)
            selected = True
        yield status
        await asyncio.sleep(POLL_SECONDS)
    yield await asyncio.to_thread(host.scorer, name or None)


def _is(prm: Prm | None, name: str) -> bool:
    return prm is not None and prm.is_called(name)


async def scored_one_by_one(
    scorer: Scorer, problem: str, texts: Mapping[int, str], split: Split, delimiter: str
) -> AsyncIterator[Outcomes]:
    """What has become of the texts so far, whenever some more are done; the last time of all.

    One that fails has its error in its place and does not disturb the others.
    """
    asked, outcomes = {}, {}
    for number, text in texts.items():
        try:
            asked[number] = solution(problem, text, split, delimiter)
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
