"""The scoring of one solution: how far it is, and at the end its result; draws no result."""

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

from prm_app.api.limits import solution_within
from prm_app.api.progress import cancelled_at_the_end, submit, until_open
from prm_app.fitting import Fitting
from prm_app.scoring import Models
from prm_app.solutions.documents import Opinion, Result
from prm_app.solutions.steps import Split
from prm_app.ui import views

SOON = "Scored as soon as the model is ready"
LONG_SECONDS = 0.4
"""What takes longer can be stopped."""


class Question(NamedTuple):
    """What is scored, and by which model."""

    problem: str
    text: str
    split: Split
    delimiter: str
    model: str
    second: str


class Progress(NamedTuple):
    """What is said meanwhile, as HTML, and whether it takes so long that one may stop it."""

    message: str
    long: bool


async def answers(
    models: Models, question: Question, fit: bool
) -> AsyncGenerator[Progress | Result]:
    """How far the scoring is, and at the end its result."""
    item = await asyncio.to_thread(solution_within, *question[:4])
    opinions = []
    for name in [question.model, *filter(None, [question.second])]:
        opening = models.open(name)
        async for status in until_open(models, name, opening):
            yield Progress(views.waiting(status.stage, status.progress, SOON), True)
        # One model at a time is kept open: there may be no room for two.
        with opening.result() as scorer, cancelled_at_the_end() as under_way:
            message = views.notice(f"Scoring with {scorer.prm.title}…")
            yield Progress(message, False)
            one = Fitting(scorer) if fit else scorer
            [future] = await submit(one, [item], under_way)
            if not (await asyncio.wait({future}, timeout=LONG_SECONDS))[0]:
                yield Progress(message, True)
            opinions.append(Opinion(scorer.prm.title, await future, scorer.prm.threshold))
    yield Result(item.problem, opinions[0].scored, *opinions[1:])
