"""Votes over final answers: which solutions agree, and which answer has most of them behind it.

What a solution's final answer is, and whether two are equal, is decided by math-verify: 1/2 is 0.5.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prm_app.errors import InputError


@dataclass(frozen=True, slots=True)
class Vote:
    """An answer as its first solution writes it, and the indices of all solutions that give it.

    `share` in [0, 1] is its part of the votes; solutions without an answer do not vote.
    """

    answer: str
    solutions: tuple[int, ...]
    share: float


def majority_vote(solutions: Sequence[str]) -> Vote | None:
    """The answer that most solutions give ("self-consistency", Wang et al., 2022).

    None where no solution has an answer; of equally frequent answers the one given first.
    """
    return weighted_vote(solutions, [1.0] * len(solutions))


def weighted_vote(solutions: Sequence[str], rewards: Sequence[float]) -> Vote | None:
    """The answer whose solutions have the largest sum of rewards.

    Weighted best-of-N (Li et al., 2023; Uesato et al., 2022). `rewards[i]` in [0, 1] is the reward
    of solution i. None where no solution has an answer.
    """
    groups = group_by_answer(solutions)
    if not groups:
        return None
    weights = [sum(rewards[i] for i in group) for group in groups]
    best = max(range(len(groups)), key=weights.__getitem__)
    total = sum(weights)
    return Vote(
        answer=str(_answer(solutions[groups[best][0]])[-1]),
        solutions=tuple(groups[best]),
        share=weights[best] / total if total else 1 / len(groups),
    )


def group_by_answer(solutions: Sequence[str]) -> list[list[int]]:
    """The indices of the solutions that give the same answer, for each answer in order.

    Solutions without an answer are in none.
    """
    from math_verify import verify

    answers = [_answer(solution) for solution in solutions]
    groups: list[list[int]] = []
    for i, answer in enumerate(answers):
        if not answer:
            continue
        for group in groups:
            if verify(answers[group[0]], answer, timeout_seconds=_timeout()):
                group.append(i)
                break
        else:
            groups.append([i])
    return groups


def match_answer(solutions: Sequence[str], reference: str) -> list[bool]:
    """Which of the solutions have this final answer, such as `3\\sqrt{2}` or GSM8K's `... #### 8`.

    Raises InputError where the reference itself is no answer.
    """
    from math_verify import verify

    expected = _answer(f"\\boxed{{{reference.split('####')[-1].strip()}}}")
    if not expected:
        raise InputError(f"The answer {reference!r} cannot be read as mathematics.")
    return [
        bool(verify(expected, _answer(solution), timeout_seconds=_timeout()))
        for solution in solutions
    ]


def _answer(solution: str) -> list[Any]:
    """The final answer in math-verify's terms, its text last; empty where there is none."""
    from math_verify import parse

    return parse(solution, parsing_timeout=_timeout())


def _timeout() -> int | None:
    """math-verify's time limit works by signals, which only the main thread has."""
    return 5 if threading.current_thread() is threading.main_thread() else None
