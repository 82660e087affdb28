"""What is seen of one solution beside its label: verdict, surprise, and how far two models differ.

Pure functions of rewards and labels. Rewards and what is returned lie in [0, 1].
"""

from collections.abc import Sequence
from typing import Literal, get_args

Verdict = Literal["found", "missed", "too early", "too late", "false alarm", "rightly unflagged"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def verdict(label: int, flag: int | None) -> Verdict:
    """How the first step flagged compares with the label.

    Args:
        label: The index of the first wrong step, -1 if all are right.
        flag: The index of the first step flagged, None if none is.
    """
    if flag is None:
        return "rightly unflagged" if label < 0 else "missed"
    if label < 0:
        return "false alarm"
    if flag == label:
        return "found"
    return "too early" if flag < label else "too late"


def surprise(rewards: Sequence[float], label: int) -> float:
    """The largest distance of a reward from its step's label, 1 for right and 0 for wrong.

    Steps after the first wrong one have no label. A model that is sure and right has 0, one that is
    sure and wrong at a single step has 1.
    """
    rewards_so_far = rewards if label < 0 else rewards[: label + 1]
    return max(reward if i == label else 1 - reward for i, reward in enumerate(rewards_so_far))


def surprise_of_answer(rewards: Sequence[float], right: bool) -> float:
    """The same if only the final answer is judged: the distance of the least reward from that."""
    return 1 - min(rewards) if right else min(rewards)


def disagreement(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest difference of two models' rewards at a step; both have one for each."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
