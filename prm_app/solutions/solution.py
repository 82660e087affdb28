"""A solution and its steps: what may be scored, and what it is once scored."""

from __future__ import annotations

from dataclasses import dataclass

from vllm_prm.text import is_blank, line_feeds

from prm_app.errors import InputError
from prm_app.solutions.aggregation import Aggregation, aggregate, first_error
from prm_app.solutions.scope import Outside
from prm_app.solutions.steps import Split, split_steps


@dataclass(frozen=True, slots=True)
class ScoredSolution:
    """The steps of one solution as they were scored, and the reward of each.

    Attributes:
        model: The key of the model.
        steps: The steps that got a reward.
        rewards: `rewards[i]` in [0, 1] is the probability that step i is right given what precedes
            it.
        tokens: The length of the whole prompt.
        computed: How many of those the engine had to compute; the rest was known.
        seconds: The time from the request to the answer, waiting included.
        unscored: The steps after those, if they did not fit the model's context and it was asked to
            score what fits. They have no reward, and no aggregation speaks of them.
        outside: Why it is none that the model was made for; None if it is one, or nobody knows.
    """

    model: str
    steps: tuple[str, ...]
    rewards: tuple[float, ...]
    tokens: int
    computed: int
    seconds: float
    unscored: tuple[str, ...] = ()
    outside: Outside | None = None

    def aggregate(self, how: Aggregation = "mean") -> float:
        """One number in [0, 1] for the solution.

        Args:
            how: As for `prm_app.aggregate`.
        """
        return aggregate(self.rewards, how)

    def first_error(self, threshold: float) -> int | None:
        """The index of the first step that counts as wrong, or None.

        Args:
            threshold: In [0, 1]; a step with a lower reward counts as wrong.
        """
        return first_error(self.rewards, threshold)


@dataclass(frozen=True, slots=True)
class Solution:
    """A problem and the steps of one solution of it.

    Attributes:
        problem: The problem's text.
        steps: The steps in order. A blank one is a blank line between two steps: families whose
            prompt keeps blank lines read it, and it is never scored.
    """

    problem: str
    steps: tuple[str, ...]

    @property
    def scored_steps(self) -> tuple[str, ...]:
        """The steps that get a reward: all but the blank ones."""
        return tuple(step for step in self.steps if not is_blank(step))

    def first(self, count: int) -> Solution:
        """The solution up to one of its steps that are scored.

        Args:
            count: Which one, counted from 1.
        """
        scored = [i for i, step in enumerate(self.steps) if not is_blank(step)]
        return Solution(self.problem, self.steps[: scored[count - 1] + 1])

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
    """A problem and a solution's text, split into steps.

    Args:
        problem: The problem's text.
        text: The solution's text.
        split: What separates its steps; see `split_steps`.
        delimiter: The text to split at, for `split="delimiter"`.

    Raises:
        InputError: The problem or the solution is empty or not valid text, or the way to split is
            not known.
    """
    return Solution(problem, tuple(split_steps(text, split, delimiter))).validated()
