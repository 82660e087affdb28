"""Problem + steps in, scored solution out: what scoring means, wherever the model runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue

from prm_app.catalog import Prm
from prm_app.errors import InputError, PrmError
from prm_app.ranking import Aggregation, aggregate, first_error
from prm_app.steps import Split, split_steps

CHUNK = 128
"""Solutions tokenised and submitted together: some milliseconds of work."""
IN_FLIGHT = 1024
"""Solutions submitted and not yet done: more than any engine computes in one step."""


@dataclass(frozen=True, slots=True)
class ScoredSolution:
    """The steps of one solution as they were scored, and the reward of each.

    `rewards[i]` in [0, 1] is the probability that step i is right given what precedes it. `tokens`
    is the length of the whole prompt, `computed` how many of them the engine had to compute (the
    rest was known); `seconds` is the time from asking to answer, waiting included.
    """

    model: str
    steps: tuple[str, ...]
    rewards: tuple[float, ...]
    tokens: int
    computed: int
    seconds: float

    def aggregate(self, how: Aggregation = "mean") -> float:
        return aggregate(self.rewards, how)

    def first_error(self, threshold: float) -> int | None:
        return first_error(self.rewards, threshold)


@dataclass(frozen=True, slots=True)
class Solution:
    """A problem and the steps of one solution of it."""

    problem: str
    steps: tuple[str, ...]


def solution(
    prm: Prm, problem: str, text: str, split: Split = "auto", delimiter: str | None = None
) -> Solution:
    """A problem and a solution's text as this PRM will score them.

    Raises InputError where the problem or the solution is empty.
    """
    steps = split_steps(text, split, delimiter)
    if prm.format is not None:
        steps = [step for step in prm.format.split(steps) if step.strip()]
    return checked(Solution(problem, tuple(steps)))


def checked(solution: Solution) -> Solution:
    """The same solution; raises InputError where it has no problem, no steps, or no real text."""
    if not solution.problem.strip():
        raise InputError(
            "The problem is empty: a PRM judges steps against the problem, so give one."
        )
    if not any(step.strip() for step in solution.steps):
        raise InputError("The solution is empty: give at least one step.")
    try:
        "".join((solution.problem, *solution.steps)).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "The text holds half of a surrogate pair, which is no character: it was cut or decoded "
            "wrongly before it came here."
        ) from error
    return solution


class Scorer(ABC):
    """Scores solutions with one PRM, wherever that runs. Safe to use from several threads."""

    prm: Prm
    limit: int
    """The longest prompt in tokens."""

    @abstractmethod
    def submit(self, solutions: Sequence[Solution]) -> list[Future[ScoredSolution]]:
        """Starts scoring; each future ends with the scored solution or raises a PrmError."""

    def score(self, solution: Solution) -> ScoredSolution:
        """Scores one solution; raises a PrmError."""
        return self.submit([solution])[0].result()

    def score_many(
        self, solutions: Iterable[Solution]
    ) -> Iterator[tuple[int, ScoredSolution | PrmError]]:
        """Each solution's index and outcome, in the order in which they are done.

        At most `IN_FLIGHT` are on their way at a time: the next ones are tokenised while those are
        computed, and memory does not grow with the number of solutions.
        """
        done: SimpleQueue[tuple[int, Future[ScoredSolution]]] = SimpleQueue()
        remaining = enumerate(solutions)
        waiting = 0
        while True:
            if waiting <= IN_FLIGHT - CHUNK and (chunk := list(islice(remaining, CHUNK))):
                for (i, _), future in zip(chunk, self.submit([s for _, s in chunk]), strict=True):
                    future.add_done_callback(lambda future, i=i: done.put((i, future)))
                waiting += len(chunk)
                continue
            if not waiting:
                return
            i, future = done.get()
            waiting -= 1
            try:
                yield i, future.result()
            except PrmError as error:
                yield i, error
