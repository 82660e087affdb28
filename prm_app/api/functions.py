"""What a program may ask, whatever protocol it speaks: score, rank, and the models on offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from typing import Any

from prm_app.api.limits import MOST_RANKED, require_few
from prm_app.api.progress import Outcomes, scored_by, solutions_of
from prm_app.api.rankings import Question, rankings
from prm_app.catalog import Prm
from prm_app.errors import InputError, PrmError
from prm_app.scoring import Models, Status
from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.documents import Opinion, Result, rank_document, score_document
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution, Solution
from prm_app.solutions.steps import Split

Tell = Callable[[float, str], Awaitable[None]]
"""Called with how far a request is, in [0, 1], and with a sentence."""


async def silent(done: float, sentence: str) -> None:
    """Tells nobody."""


async def score(
    models: Models,
    problem: str,
    solution: str,
    model: str = "",
    split: Split = "auto",
    delimiter: str = "",
    threshold: float | None = None,
    compare_with: str = "",
    fit: bool = False,
    tell: Tell = silent,
) -> dict[str, Any]:
    """The scored solution as `score_document` writes it; raises a PrmError."""
    limit = _threshold(models.find(model), threshold)
    prms = [models.find(name) for name in ([model, compare_with] if compare_with else [model])]
    solutions = await solutions_of(problem, {1: solution}, split, delimiter)
    scored = []
    for i, prm in enumerate(prms):
        part = _part(tell, i, len(prms))
        outcomes = await _scored(models, prm.key, solutions, fit, part)
        scored.append(_or_raise(outcomes[1]))
    second = Opinion(prms[1].title, scored[1], prms[1].threshold) if compare_with else None
    return score_document(Result(problem, scored[0], second), limit)


async def rank(
    models: Models,
    problem: str,
    solutions: list[str],
    aggregation: Aggregation = "mean",
    model: str = "",
    split: Split = "auto",
    delimiter: str = "",
    threshold: float | None = None,
    compare_with: str = "",
    reference_answer: str = "",
    fit: bool = False,
    tell: Tell = silent,
) -> dict[str, Any]:
    """The ranking as `rank_document` writes it; raises a PrmError."""
    if not solutions:
        raise InputError("There are no solutions: give at least one.")
    require_few(solutions, MOST_RANKED)
    limit = _threshold(models.find(model), threshold)
    question = Question(
        problem, solutions, split, delimiter, model, compare_with, reference_answer, fit
    )
    part = _part(tell, 0, 2) if compare_with else tell
    ranking = Ranking(problem, len(solutions), {})
    async for update in rankings(models, question, dict(enumerate(solutions, 1))):
        if isinstance(update, Status):
            part = _part(tell, 1, 2) if ranking.outcomes else part
            await _tell_of_load(part, update)
            continue
        ranking = update
        outcomes = ranking.second.ranking.outcomes if ranking.second else ranking.outcomes
        part = _part(tell, 1, 2) if ranking.second else part
        await _tell_of_scores(part, len(outcomes), len(solutions))
    return rank_document(ranking, aggregation, limit)


def list_models(models: Models) -> list[dict[str, Any]]:
    """The models on offer as plain data, and whether each answers at once."""
    return [
        {field.name: getattr(prm, field.name) for field in fields(prm) if field.name != "scope"}
        | {
            "checkpoint": None if prm.bundled else prm.checkpoint,
            "family": prm.family and prm.family.name,
            "ready": models.status(prm.key).ready,
            "made_for": prm.scope and prm.scope.made_for,
        }
        for prm in models.models()
    ]


def _threshold(prm: Prm, threshold: float | None) -> float:
    if threshold is None:
        return prm.threshold
    if not 0 <= threshold <= 1:
        raise InputError(f"The threshold is {threshold}: rewards lie in [0, 1], so give one there.")
    return threshold


def _part(tell: Tell, i: int, parts: int) -> Tell:
    """Tells of the i-th of so many equal parts."""

    async def tell_progress(done: float, sentence: str) -> None:
        await tell((i + done) / parts, sentence)

    return tell_progress


async def _scored(
    models: Models,
    name: str,
    solutions: Mapping[int, Solution | InputError],
    fit: bool,
    tell: Tell,
) -> Outcomes:
    """What becomes of each solution."""
    outcomes: Outcomes = {}
    async for status, _, outcomes in scored_by(models, name, solutions, fit):
        if status:
            await _tell_of_load(tell, status)
        else:
            await _tell_of_scores(tell, len(outcomes), len(solutions))
    return outcomes


async def _tell_of_load(tell: Tell, status: Status) -> None:
    """The first half of what a model has to do."""
    await tell(status.progress / 2, status.stage or "Loading the model")


async def _tell_of_scores(tell: Tell, done: int, total: int) -> None:
    """The second half."""
    await tell(0.5 + done / total / 2, f"{done} of {total} solutions scored")


def _or_raise(outcome: ScoredSolution | PrmError) -> ScoredSolution:
    if isinstance(outcome, PrmError):
        raise outcome
    return outcome
