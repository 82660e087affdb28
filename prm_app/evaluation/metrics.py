"""How good a PRM is: first-error detection, calibration and best-of-N accuracy from its rewards.

Pure functions of rewards and labels; nothing here knows of models, files or engines. Rewards lie in
[0, 1]. A share over nothing is NaN.
"""

import math
from collections import Counter
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
    first_errors = [first_error(row, threshold) for row in rewards]
    hits = [
        (error >= 0, (-1 if step is None else step) == error)
        for error, step in zip(errors, first_errors, strict=True)
    ]
    wrong = [hit for is_wrong, hit in hits if is_wrong]
    right = [hit for is_wrong, hit in hits if not is_wrong]
    exact, unflagged = _share(wrong), _share(right)
    f1 = 2 * exact * unflagged / (exact + unflagged) if exact + unflagged else 0.0
    return Detection(exact, unflagged, f1, len(wrong), len(right))


class Shares(NamedTuple):
    """The figures of `Detection` at many thresholds, an array each; NaN if there is no such row."""

    exact: Numbers
    unflagged: Numbers
    f1: Numbers


def shares_at(errors: Sequence[int], rewards: Rewards, thresholds: Numbers) -> Shares:
    """What `detection` finds at each of some thresholds, in one pass over the solutions."""
    low, high = _spans(errors, rewards)
    least = _least(errors, rewards)
    hits = np.searchsorted(low, thresholds) - np.searchsorted(high, thresholds)
    wrong = sum(error >= 0 for error in errors)
    exact = hits / wrong if wrong else np.full(len(thresholds), math.nan)
    nothing = np.full(len(thresholds), math.nan)
    unflagged = 1 - np.searchsorted(least, thresholds) / len(least) if len(least) else nothing
    return Shares(exact, unflagged, 2 * exact * unflagged / np.maximum(exact + unflagged, 1e-9))


def best_threshold(errors: Sequence[int], rewards: Rewards) -> float:
    """The threshold in [0, 1] of the largest F1 on these solutions: of all, not of a grid.

    It is chosen on the data it is then measured on, so its F1 is an upper bound, not comparable
    with figures whose threshold was fixed beforehand. Needs right and wrong solutions.
    """
    low, high = _spans(errors, rewards)
    ends = (low, high[high <= 1], _least(errors, rewards), [0, 1])
    changes = np.unique(np.concatenate(ends))
    thresholds = np.sort(np.concatenate((changes, (changes[1:] + changes[:-1]) / 2)))
    return float(thresholds[shares_at(errors, rewards, thresholds).f1.argmax()])


def _spans(errors: Sequence[int], rewards: Rewards) -> Numbers:
    """Sorted ends of the spans of thresholds that find a first error exactly.

    Such a threshold is in (the reward of the wrong step, the least reward before it].
    """
    rows = [(row[e], min(row[:e], default=math.inf)) for e, row in zip(errors, rewards, strict=True)
            if e >= 0]  # fmt: skip
    spans = np.array(rows).reshape(-1, 2)
    return np.sort(spans[spans[:, 0] < spans[:, 1]], axis=0).T


def _least(errors: Sequence[int], rewards: Rewards) -> Numbers:
    """Sorted least rewards of the right solutions."""
    return np.sort([min(row) for e, row in zip(errors, rewards, strict=True) if e < 0])


def confusion(
    errors: Sequence[int], rewards: Rewards, threshold: float
) -> dict[tuple[int, int], int]:
    """How many solutions have this first wrong step and this first one flagged; -1 for none."""
    firsts = (first_error(row, threshold) for row in rewards)
    pairs = ((e, -1 if f is None else f) for e, f in zip(errors, firsts, strict=True))
    return dict(sorted(Counter(pairs).items()))


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


class Bin(NamedTuple):
    """The steps whose rewards lie in [low, high), or up to 1 in the last bin.

    `mean` is the mean of their rewards, `right` and `wrong` how many there are by their labels.
    """

    low: float
    high: float
    mean: float
    right: int
    wrong: int


def histogram(rewards: Numbers, labels: Numbers, bins: int = BINS) -> list[Bin]:
    """Equal bins over [0, 1], those without a step left out: what a reliability diagram shows."""
    place = np.minimum((rewards * bins).astype(int), bins - 1)
    rows = []
    for b in np.unique(place):
        inside = place == b
        right = int(labels[inside].sum())
        mean = float(rewards[inside].mean())
        rows.append(Bin(b / bins, (b + 1) / bins, mean, right, int(inside.sum()) - right))
    return rows


def calibration_error(rewards: Numbers, labels: Numbers) -> float:
    """Expected calibration error in [0, 1] over `BINS` bins (Guo et al. 2017, arXiv:1706.04599)."""
    if not len(rewards):
        return math.nan
    return sum(
        abs((each.right + each.wrong) * each.mean - each.right) / len(rewards)
        for each in histogram(rewards, labels)
    )


def roc_auc(rewards: Numbers, labels: Numbers) -> float:
    """The chance that a right step has a larger reward than a wrong one; equal ones count half."""
    right, wrong = rewards[labels == 1], np.sort(rewards[labels == 0])
    if not len(right) or not len(wrong):
        return math.nan
    below = np.searchsorted(wrong, right, "left") + np.searchsorted(wrong, right, "right")
    return float(below.mean() / 2 / len(wrong))


class Candidates(NamedTuple):
    """The candidates of one problem: which are right, their step rewards, and their answers.

    Candidates with the same answer have the same number in `answers`, one without an answer None.
    """

    right: Sequence[bool]
    rewards: Rewards
    answers: Sequence[int | None]


def best_of(problems: Sequence[Candidates], size: int) -> dict[str, float]:
    """The share of problems solved by choosing one of `size` of their candidates, by each rule.

    The expectation over random subsets of that size. It is exact for the aggregations, `random` and
    `oracle` (right if any candidate is), and for the votes if a problem has no more than
    `MOST_SUBSETS` subsets; else the votes are the mean over that many random ones, always the same.
    Equal rewards and equal votes are shared out evenly. A vote among solutions without an answer is
    wrong.
    """
    chances = [_best_of(problem, size) for problem in problems]
    return {rule: float(np.mean([each[rule] for each in chances])) for rule in chances[0]}


class Interval(NamedTuple):
    """What a share may be in truth: both ends in [0, 1]."""

    low: float
    high: float


def wilson(share: float, count: int) -> Interval:
    """The 95% interval of a share of `count` problems (Wilson 1927), by its expectation."""
    z = 1.959964
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    scale = 1 + z * z / count
    return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def sizes(candidates: int) -> list[int]:
    """1, 2, 4, ... and the number of candidates itself."""
    return [2**i for i in range((candidates - 1).bit_length())] + [candidates]


def _best_of(problem: Candidates, size: int) -> dict[str, float]:
    right = np.array(problem.right, float)
    scores = {
        how: np.array([aggregate(row, how) for row in problem.rewards]) for how in AGGREGATIONS
    }
    weights = {"majority_vote": np.ones(len(right))} | {
        f"weighted_vote_{how}": score for how, score in scores.items()
    }
    return {
        **{how: _chance_right(score, right, size) for how, score in scores.items()},
        **{
            name: _chance_of_votes(weight, problem.answers, right, size)
            for name, weight in weights.items()
        },
        "random": right.mean(),
        "oracle": _chance_right(right, right, size),
    }


def _chance_right(scores: Numbers, right: Numbers, size: int) -> float:
    """The chance that the best-scored of `size` random candidates is right."""
    chance = 0.0
    for score in np.unique(scores):
        below, upto = (scores < score).sum(), (scores <= score).sum()
        ways = math.comb(upto, size) - math.comb(below, size)
        chance += ways / math.comb(len(scores), size) * right[scores == score].mean()
    return chance


def _chance_of_votes(
    weights: Numbers, answers: Sequence[int | None], right: Numbers, size: int
) -> float:
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
        subsets = np.array(list(combinations(range(count), size)))
    else:
        random = np.random.default_rng(0).random((MOST_SUBSETS, count))
        subsets = random.argsort(axis=1)[:, :size]
    members = np.zeros((len(subsets), count))
    np.put_along_axis(members, subsets, 1, axis=1)
    return members


def _share(hits: Sequence[bool]) -> float:
    return float(np.mean(hits)) if hits else math.nan
