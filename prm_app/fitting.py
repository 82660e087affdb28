"""Scores the whole steps that fit of a solution that is too long for its model, on request."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from prm_app.errors import TooLongError
from prm_app.futures import cancel_with, settle
from prm_app.scoring import Scorer
from prm_app.solutions.solution import ScoredSolution, Solution


class Fitting(Scorer):
    """A scorer that does not refuse a solution for its length if at least one step fits.

    The steps that do not fit stand in `unscored` and have no reward. Closing it closes the scorer.

    Args:
        scorer: What scores.
    """

    def __init__(self, scorer: Scorer) -> None:
        self.prm, self.limit, self.precision = scorer.prm, scorer.limit, scorer.precision
        self._scorer = scorer

    @property
    def alive(self) -> bool:
        return self._scorer.alive

    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        futures: list[Future[ScoredSolution]] = []
        for whole, attempt in zip(solutions, self._scorer.submit(solutions), strict=True):
            fitted: Future[ScoredSolution] = Future()
            attempt.add_done_callback(partial(self._take_answer, whole, whole, fitted))
            cancel_with(fitted, attempt)
            futures.append(fitted)
        return futures

    def close(self) -> None:
        self._scorer.close()

    def _take_answer(
        self,
        whole: Solution,
        tried: Solution,
        fitted: Future[ScoredSolution],
        attempt: Future[ScoredSolution],
    ) -> None:
        try:
            scored = attempt.result()
            rest = whole.validated().scored_steps[len(scored.steps) :]
            settle(fitted, replace(scored, unscored=rest))
        except TooLongError as error:
            if error.step < 2:
                settle(fitted, error)
                return
            # What a family writes after the last step may not fit either: then one step less.
            fitting = tried.first(error.step - 1)
            [again] = self._scorer.submit([fitting])
            again.add_done_callback(partial(self._take_answer, whole, fitting, fitted))
            cancel_with(fitted, again)
        except Exception as error:
            settle(fitted, error)
