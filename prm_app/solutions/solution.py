"""A solution and its steps: what may be scored, and what it is once scored."""

from __future__ import annotations

from dataclasses import dataclass

from vllm_prm.text import is_blank, line_feeds

from prm_app.errors import InputError
from prm_app.solutions.aggregation import Aggregation, aggregate, first_error
from prm_app.solutions.steps import Split, split_steps


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
    """A problem and the steps of one solution of it.

    A blank step is a blank line between two steps: families whose prompt keeps blank lines read
    it, and it is never scored.
    """

    problem: str
    steps: tuple[str, ...]

    @property
    def scored_steps(self) -> tuple[str, ...]:
        """The steps that get a reward: all but the blank ones."""
        return tuple(step for step in self.steps if not is_blank(step))

    def validated(self) -> Solution:
        """The solution with plain line breaks; what every scorer takes.

        Raises:
            InputError: It has no problem or no step that is not blank, or is not valid text.
        """
        if is_blank(self.problem):
            raise InputError(
                "The problem is empty: a PRM judges steps against the problem, so give one."
            )
        if not self.scored_steps:
            raise InputError("The solution is empty: give at least one step.")
        try:
            "".join((self.problem, *self.steps)).encode()
        except UnicodeEncodeError as error:
            raise InputError(
                "The text holds half of a surrogate pair, which is no character: it was cut or "
                "decoded wrongly before it came here."
            ) from error
        return Solution(line_feeds(self.problem).strip("\n"), tuple(map(line_feeds, self.steps)))


def solution(
    problem: str, text: str, split: Split = "auto", delimiter: str | None = None
) -> Solution:
    """A problem and a solution's text, split into steps; see `split_steps`.

    Raises:
        InputError: The problem or the solution is empty or not valid text, or the way to split is
            not known.
    """
    return Solution(problem, tuple(split_steps(text, split, delimiter))).validated()
