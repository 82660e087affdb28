"""The page's public endpoints for gradio_client: `/score`, `/rank`, `/models`.

Gradio reads their docstrings for the schemas, and one line an argument.
"""

from typing import Any

from gradio.events import api

from prm_app.api import functions
from prm_app.api.door import DOOR
from prm_app.scoring import Models
from prm_app.solutions.aggregation import Aggregation
from prm_app.solutions.steps import Split
from prm_app.ui.gate import VISITOR


class Endpoints:
    """The endpoints; their signatures and docstrings are what callers read."""

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
        fit: bool = False,
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
            fit: Whether a solution that is too long is scored up to the steps that fit.
        """
        arguments = (problem, solution, model, split, delimiter, threshold, compare_with, fit)
        async with DOOR.turn(VISITOR.get()):
            return await functions.score(self._models, *arguments)

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
        fit: bool = False,
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
            fit: Whether a solution that is too long is scored up to the steps that fit.
        """
        arguments = (problem, solutions, aggregation, model, split, delimiter, threshold)
        async with DOOR.turn(VISITOR.get()):
            return await functions.rank(
                self._models, *arguments, compare_with, reference_answer, fit
            )

    async def models(self) -> list[dict[str, Any]]:
        """Lists the process reward models on offer.

        Each has its key, title, checkpoint (null if it is bundled), family, default threshold,
        number of parameters, licence, published first-error F1 on ProcessBench, and whether it is
        ready to answer at once.
        """
        return functions.list_models(self._models)


def publish(models: Models) -> None:
    """Publishes the endpoints; to be called inside the Blocks."""
    endpoints = Endpoints(models)
    api(endpoints.score, api_name="score", concurrency_limit=None)
    api(endpoints.rank, api_name="rank", concurrency_limit=None)
    api(endpoints.models, api_name="models", concurrency_limit=None)
