"""From a question of Best-of-N to its ranking, as more of it becomes known; draws nothing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from prm_app.api.limits import MOST_SHOWN, require_short
from prm_app.api.progress import scored_by, solutions_of
from prm_app.scoring import Models, Status
from prm_app.solutions.ranking import Ranking, RankOpinion
from prm_app.solutions.steps import Split
from prm_app.solutions.voting import group_by_answer, match_answer

VOTES_AT_ONCE = asyncio.Semaphore(2)
"""Each vote may keep a process busy for seconds."""


class Question(NamedTuple):
    """What is ranked, by which model, beside which second one, held against which answer.

    `second` and `reference` are empty if there is none. With `fit`, of solutions that are too long
    the steps that fit are scored; these solutions are not ranked.
    """

    problem: str
    texts: list[str]
    split: Split
    delimiter: str
    model: str
    second: str = ""
    reference: str = ""
    fit: bool = False


async def rankings(
    models: Models, question: Question, texts: Mapping[int, str]
) -> AsyncGenerator[Status | Ranking]:
    """The ranking of texts by number, again whenever more is known, and how far a model is.

    The model scores first, then the second one; then the final answers are compared, of at most
    `MOST_SHOWN` solutions.

    Raises:
        PrmError: A model cannot be opened, or the reference answer cannot be read; what was known
            before stands.
    """
    require_short("reference answer", question.reference, 1000)
    solutions = await solutions_of(question.problem, texts, question.split, question.delimiter)
    ranking = Ranking(question.problem, len(texts), {})
    async for status, _, outcomes in scored_by(models, question.model, solutions, question.fit):
        ranking = replace(ranking, outcomes=outcomes)
        yield status or ranking
    if question.second:
        by_second = scored_by(models, question.second, solutions, question.fit)
        async for status, prm, theirs in by_second:
            if prm is not None:
                second = Ranking(question.problem, len(texts), theirs)
                ranking = replace(ranking, second=RankOpinion(prm.title, second, prm.threshold))
            yield status or ranking
    if len(texts) <= MOST_SHOWN and ranking.scored:
        async for whole in _with_answers(ranking, question.reference, texts):
            yield whole


async def _with_answers(
    ranking: Ranking, reference: str, texts: Mapping[int, str]
) -> AsyncIterator[Ranking]:
    """The ranking with its final answers compared, then held against the reference answer."""
    numbers = sorted(ranking.scored)
    solutions = [texts[number] for number in numbers]
    async with VOTES_AT_ONCE:
        answers = await asyncio.to_thread(group_by_answer, solutions)
        ranking = replace(ranking, answers=answers.numbered(numbers))
        yield ranking
        if reference.strip():
            matches = await asyncio.to_thread(match_answer, solutions, reference)
            right = frozenset(n for n, same in zip(numbers, matches, strict=True) if same)
            yield replace(ranking, right=right)
