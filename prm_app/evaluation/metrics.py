"""How good a PRM is: first-error detection, calibration and best-of-N accuracy from its rewards.

Pure functions of rewards and labels; nothing here knows of models, files or engines. Rewards lie in
[0, 1]. A share over nothing is NaN.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from prm_app.solutions.aggregation import AGGREGATIONS, aggregate, first_error

BINS = 15
"""Of the calibration error; as many as Guo et al. use."""
MOST_SUBSETS = 1000
"""Votes are averaged over all subsets of N candidates up to this many, else over as many drawn."""

Numbers = NDArray[Any]
Rewards = Sequence[Sequence[float]]
"""The step rewards of several solutions."""


class Detection(NamedTuple):
    """First-error detection on `wrong` wrong and `right` right solutions.

    `exact` is the share of the wrong ones whose first error is the first step flagged, `unflagged`
    the share of the right ones with no step flagged, `f1` their harmonic mean: all in [0, 1].
    """

    exact: float
    unflagged: float
    f1: float
    wrong: int
    right: int


def detection(errors: Sequence[int], rewards: Rewards, threshold: float) -> Detection:
    """First-error detection as ProcessBench defines it (Zheng et al. 2024, arXiv:2412.06559).

    Args:
        errors: `errors[i]` is the index of the first wrong step of solution i, -1 if all are right.
        rewards: The step rewards of each solution, in [0, 1].
        threshold: A step is flagged if its reward is below it.
    """
    flagged = [first_error(row, threshold) for row in rewards]
    hits = [
        (error >= 0, (-1 if step is None else step) == error)
        for error, step in zip(errors, flagged, strict=True)
    ]
    wrong = [hit for is_wrong, hit in hits if is_wrong]
    right = [hit for is_wrong, hit in hits if not is_wrong]
    exact, unflagged = _share(wrong), _share(right)
    f1 = 2 * exact * unflagged / (exact + unflagged) if exact + unflagged else 0.0
    return Detection(exact, unflagged, f1, len(wrong), len(right))


def best_threshold(errors: Sequence[int], rewards: Rewards) -> float:
    """The threshold in [0, 1] of the largest F1 on these solutions: of all, not of a grid.

    It is chosen on the data it is then measured on, so its F1 is an upper bound, not comparable
    with figures whose threshold was fixed beforehand. Needs right and wrong solutions.
    """
    rows = list(zip(errors, rewards, strict=True))
    # The first error is found exactly with a threshold in (its reward, the least one before it].
    spans = np.array([(row[e], min(row[:e], default=math.inf)) for e, row in rows if e >= 0])
    low, high = np.sort(spans[spans[:, 0] < spans[:, 1]], axis=0).T
    least = np.sort([min(row) for e, row in rows if e < 0])
    changes = np.unique(np.concatenate((low, high[high <= 1], least, [0, 1])))
    thresholds = np.sort(np.concatenate((changes, (changes[1:] + changes[:-1]) / 2)))
    exact = (np.searchsorted(low, thresholds) - np.searchsorted(high, thresholds)) / len(spans)
    unflagged = 1 - np.searchsorted(least, thresholds) / len(least)
    f1 = exact * unflagged / np.maximum(exact + unflagged, 1e-9)
    return float(thresholds[f1.argmax()])


def judged_steps(errors: Sequence[int], rewards: Rewards) -> tuple[Numbers, Numbers]:
    """Rewards and labels (1 right, 0 wrong) of the steps up to each first error, all in a row.

    The labels of later steps mean little: they may follow rightly from what is wrong.
    """
    pairs = [
        (reward, i != error)
        for error, row in zip(errors, rewards, strict=True)
        for i, reward in enumerate(row)
        if error < 0 or i <= error
    ]
    return np.array([k[0] for k in pairs]), np.array([k[1] for k in pairs], float)


def calibration_error(rewards: Numbers, labels: Numbers) -> float:
    """Expected calibration error in [0, 1] over `BINS` bins (Guo et al. 2017, arXiv:1706.04599)."""
    if not len(rewards):
        return math.nan
    place = np.minimum((rewards * BINS).astype(int), BINS - 1)
    return sum(
        float((place == b).mean()) * abs(float((rewards - labels)[place == b].mean()))
        for b in np.unique(place)
    )


def roc_auc(rewards: Numbers, labels: Numbers) -> float:
    """The chance that a right step has a larger reward than a wrong one; equal ones count half."""
    right, wrong = rewards[labels == 1], np.sort(rewards[labels == 0])
    if not len(right) or not len(wrong):
        return math.nan
    below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(below.mean() / 2 / len(wrong))


class Judged(NamedTuple):
    """The candidates of one problem: which are right, their step rewards, and their answers.

    Candidates with the same answer have the same number in `answers`, one without an answer None.
    """

    right: Sequence[bool]
    rewards: Rewards
    answers: Sequence[int | None]


def best_of(problems: Sequence[Judged], size: int) -> dict[str, float]:
    """The share of problems solved by choosing one of `size` of their candidates, by each rule.

    The expectation over random subsets of that size. It is exact for the aggregations, `random` and
    `oracle` (right if any candidate is), and for the votes if a problem has no more than
    `MOST_SUBSETS` subsets; else the votes are the mean over that many random ones, always the same.
    Equal rewards and equal votes are shared out evenly. A vote among solutions without an answer is
    wrong.
    """
    chances = [_best_of(problem, size) for problem in problems]
    return {rule: float(np.mean([each[rule] for each in chances])) for rule in chances[0]}


def sizes(candidates: int) -> list[int]:
    """1, 2, 4, ... and the number of candidates itself."""
    return [2**i for i in range((candidates - 1).bit_length())] + [candidates]


def _best_of(problem: Judged, size: int) -> dict[str, float]:
    right = np.array(problem.right, float)
    scores = {
        how: np.array([aggregate(row, how) for row in problem.rewards]) for how in AGGREGATIONS
    }
    weights = {"majority_vote": np.ones(len(right))} | {
        f"weighted_vote_{how}": score for how, score in scores.items()
    }
    return {
        **{how: _chosen(score, right, size) for how, score in scores.items()},
        **{name: _voted(weight, problem.answers, right, size) for name, weight in weights.items()},
        "random": right.mean(),
        "oracle": _chosen(right, right, size),
    }


def _chosen(scores: Numbers, right: Numbers, size: int) -> float:
    """The chance that the best-scored of `size` random candidates is right."""
    chance = 0.0
    for score in np.unique(scores):
        below, upto = (scores < score).sum(), (scores <= score).sum()
        ways = math.comb(upto, size) - math.comb(below, size)
        chance += ways / math.comb(len(scores), size) * right[scores == score].mean()
    return chance


def _voted(weights: Numbers, answers: Sequence[int | None], right: Numbers, size: int) -> float:
    """The chance that the answer with most weight among `size` random candidates is right."""
    subsets = _subsets(len(weights), size)
    distinct = sorted({answer for answer in answers if answer is not None})
    if not distinct:
        return 0.0
    gives = np.array([[answer == each for each in distinct] for answer in answers], float)
    voters = subsets @ gives
    votes = np.where(voters, (subsets * weights) @ gives, -1)
    winners = (votes == votes.max(1, keepdims=True)) & (voters > 0)
    correct = (subsets * right) @ gives / np.maximum(voters, 1)
    return float(((correct * winners).sum(1) / np.maximum(winners.sum(1), 1)).mean())


@cache
def _subsets(count: int, size: int) -> Numbers:
    """Subsets of `count` candidates, a row of 0 and 1 each: all of them, or `MOST_SUBSETS`."""
    if math.comb(count, size) <= MOST_SUBSETS:
        chosen = np.array(list(combinations(range(count), size)))
    else:
        drawn = np.random.default_rng(0).random((MOST_SUBSETS, count))
        chosen = drawn.argsort(axis=1)[:, :size]
    members = np.zeros((len(chosen), count))
    np.put_along_axis(members, chosen, 1, axis=1)
    return members


def _share(hits: Sequence[bool]) -> float:
    return float(np.mean(hits)) if hits else math.nan
