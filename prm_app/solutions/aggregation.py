"""Aggregations of step rewards, and the order they put solutions in."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, get_args

from prm_app.errors import InputError

Aggregation = Literal["mean", "min", "product", "last"]
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)

_AGGREGATE: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": lambda rewards: math.fsum(rewards) / len(rewards),
    "min": min,
    "product": math.prod,
    "last": lambda rewards: rewards[-1],
}


def aggregate(rewards: Sequence[float], how: Aggregation = "mean") -> float:
    """One number in [0, 1] for a solution from the rewards of its steps.

    Args:
        rewards: One for each step, in [0, 1].
        how: `mean` is what Skywork-o1-Open-PRM ranks best-of-N by; `min` and `product` are those of
            "Let's Verify Step by Step" (Lightman et al., 2023), and the product favours short
            solutions; `last` is that of "Scaling LLM Test-Time Compute Optimally" (Snell et al.,
            2024).

    Raises:
        InputError: There are no rewards, or no such aggregation.
    """
    if not rewards:
        raise InputError("There are no rewards to aggregate: the solution has no steps.")
    if how not in _AGGREGATE:
        raise InputError(
            f"There is no aggregation called {how!r}: choose one of {', '.join(AGGREGATIONS)}."
        )
    return _AGGREGATE[how](rewards)


def first_error(rewards: Sequence[float], threshold: float) -> int | None:
    """The index of the first step whose reward is under the threshold, or None.

    The reading of ProcessBench (Zheng et al., 2024): a solution is taken as right up to that step.

    Args:
        rewards: One for each step, in [0, 1].
        threshold: In [0, 1].
    """
    return next((i for i, reward in enumerate(rewards) if reward < threshold), None)


def ranked(rewards: Sequence[Sequence[float]], how: Aggregation = "mean") -> list[int]:
    """The indices of the solutions, best first; equal ones keep their order.

    Args:
        rewards: The step rewards of each solution, in [0, 1].
        how: As for `aggregate`.

    Raises:
        InputError: A solution has no rewards, or there is no such aggregation.
    """
    return sorted(range(len(rewards)), key=lambda i: -aggregate(rewards[i], how))
