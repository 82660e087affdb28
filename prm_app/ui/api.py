"""The page's public endpoints, for gradio_client and as MCP tools: `/score`, `/rank`, `/models`.

Gradio reads their docstrings for the schemas, and one line an argument.
"""

import asyncio
from dataclasses import fields
from typing import Any

from gradio.events import api

from prm_app.catalog import Prm
from prm_app.errors import InputError, PrmError
from prm_app.scoring import Models
from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.documents import Opinion, Result, rank_document, score_document
from prm_app.solutions.ranking import Ranking
from prm_app.solutions.solution import ScoredSolution
from prm_app.solutions.steps import Split
from prm_app.ui.limits import MOST_RANKED, require_few
from prm_app.ui.listeners import SCORING
from prm_app.ui.progress import Outcomes, all_scored, solutions_of
from prm_app.ui.rank_answer import Question, rankings


class Endpoints:
    """The endpoints; their signatures and docstrings are what callers and agents read."""

    def __init__(self, models: Models) -> None:
        self._models = models

    async def score(
        self,
        problem: str,
        solution: str,
        model: str = "",
        split: Split = "auto",
        delimiter: str = "",
        threshold: float | None = None,
        compare_with: str = "",
    ) -> dict[str, Any]:
        """Scores each step of a solution with a process reward model.

        The answer holds the steps, the reward of each in [0, 1] (the probability that it is right
        given what precedes it), the number of the first step under the threshold (null if there is
        none), the mean, min, product and last of the rewards, tokens and seconds; and under
        compared_with the same of a second model, with the steps at which the two differ.

        Args:
            problem: The problem's text.
            solution: The solution's text; it is split into steps.
            model: A key from models, hub name or folder, loaded if needed; empty: the page's own.
            split: What separates steps; labels are "Step 1", "Step 2", and auto guesses.
            delimiter: The text to split at, for split = delimiter.
            threshold: A step with a reward under this is wrong, in [0, 1]; null: the model's own.
            compare_with: A second model, which judges at its own threshold; empty: none.
        """
        limit = _threshold(self._models.find(model), threshold)
        scored = await _scored_alone(self._models, model, problem, solution, split, delimiter)
        second = None
        if compare_with:
            prm = self._models.find(compare_with)
            other = await _scored_alone(self._models, prm.key, problem, solution, split, delimiter)
            second = Opinion(prm.title, other, prm.threshold)
        return score_document(Result(problem, scored, second), limit)

    async def rank(
        self,
        problem: str,
        solutions: list[str],
        aggregation: Aggregation = "mean",
        model: str = "",
        split: Split = "auto",
        delimiter: str = "",
        threshold: float | None = None,
        compare_with: str = "",
        reference_answer: str = "",
    ) -> dict[str, Any]:
        """Ranks several solutions of one problem by their step rewards (Best-of-N).

        The answer holds the number of the best solution, counted from 1, the best by each
        aggregation, and the ranking: for each solution what /score answers. A solution that could
        not be scored comes last, with its error. Of up to 512 solutions the final answers are
        compared: majority_vote and weighted_vote tell the answer that most speaks for, and right
        the solutions with the reference answer. A second model's choice and Kendall's tau of the
        two orders stand under compared_with.

        Args:
            problem: The problem's text.
            solutions: The texts of the solutions.
            aggregation: How step rewards become one number: mean, min, product or last.
            model: A key from models, hub name or folder, loaded if needed; empty: the page's own.
            split: What separates steps; labels are "Step 1", "Step 2", and auto guesses.
            delimiter: The text to split at, for split = delimiter.
            threshold: A step with a reward under this is wrong, in [0, 1]; null: the model's own.
            compare_with: A second model, which judges at its own threshold; empty: none.
            reference_answer: The right final answer, such as 42 or 3\\sqrt{2}; empty: not known.
        """
        if not solutions:
            raise InputError("There are no solutions: give at least one.")
        require_few(solutions, MOST_RANKED)
        limit = _threshold(self._models.find(model), threshold)
        question = Question(
            problem, solutions, split, delimiter, model, compare_with, reference_answer
        )
        ranking = None
        async for known in rankings(self._models, question, dict(enumerate(solutions, 1))):
            ranking = known if isinstance(known, Ranking) else ranking
        assert ranking is not None
        return rank_document(ranking, aggregation, limit)

    async def models(self) -> list[dict[str, Any]]:
        """Lists the process reward models on offer.

        Each has its key, title, checkpoint (null if it is bundled), family, default threshold,
        number of parameters, licence, published first-error F1 on ProcessBench, and whether it is
        ready to answer at once.
        """
        return [
            {field.name: getattr(prm, field.name) for field in fields(prm)}
            | {
                "checkpoint": None if prm.bundled else prm.checkpoint,
                "family": prm.family and prm.family.name,
                "ready": self._models.status(prm.key).ready,
            }
            for prm in self._models.models()
        ]


def publish(models: Models) -> None:
    """Publishes the endpoints; to be called inside the Blocks."""
    endpoints = Endpoints(models)
    shared = {key: SCORING[key] for key in ("concurrency_id", "concurrency_limit")}
    api(endpoints.score, api_name="score", **shared)
    api(endpoints.rank, api_name="rank", **shared)
    api(endpoints.models, api_name="models", concurrency_limit=None)


def _threshold(prm: Prm, threshold: float | None) -> float:
    if threshold is None:
        return prm.threshold
    if not 0 <= threshold <= 1:
        raise InputError(f"The threshold is {threshold}: rewards lie in [0, 1], so give one there.")
    return threshold


async def _scored(
    models: Models, name: str, problem: str, texts: list[str], split: Split, delimiter: str
) -> Outcomes:
    solutions = await solutions_of(problem, dict(enumerate(texts, 1)), split, delimiter)
    with await asyncio.wrap_future(models.open(name)) as scorer:
        return await all_scored(scorer, solutions)


async def _scored_alone(
    models: Models, name: str, problem: str, text: str, split: Split, delimiter: str
) -> ScoredSolution:
    outcome = (await _scored(models, name, problem, [text], split, delimiter))[1]
    if isinstance(outcome, PrmError):
        raise outcome
    return outcome
