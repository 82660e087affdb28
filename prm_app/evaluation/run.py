"""All figures of a model on a file, as plain data: what command line, page and reports show.

Knows rewards and cases; where the rewards come from, a file or an engine, is not known here.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from prm_app.evaluation import metrics
from prm_app.evaluation.data import Choice, LabelledSolution
from prm_app.solutions.jsonl import Place, PlaceError
from prm_app.solutions.rows import Row

GRID = [i / 10 for i in range(1, 10)]
"""The thresholds of the table."""
CURVE = np.arange(101) / 100
"""Those of the curve."""
REWARD_BINS = 20
"""Of the rewards by label."""
BEST = "best on this data"
RECORDED_THRESHOLD = 0.5
"""What recorded rewards are judged at unless another threshold is given."""

Rewards = Mapping[Place, Sequence[float]]
"""The step rewards of solutions, by where these stand."""
RewardsByModel = dict[str, dict[Place, tuple[float, ...]]]
"""The rewards of a file by the name that it gives a model."""
Figures = dict[str, Any]


def figures(
    data: Sequence[LabelledSolution | Choice | PlaceError],
    rewards: Rewards,
    threshold: float,
    threshold_name: str = "threshold",
) -> Figures:
    """First-error detection or best-of-N, as the cases are; empty if no case has its rewards.

    Args:
        data: Cases of one kind; those that cannot be read count for nothing.
        rewards: Those that are known; a case that lacks any is in no figure.
        threshold: A step is flagged if its reward is below it.
        threshold_name: What the table calls that threshold.
    """
    solutions = [
        case for case in data if isinstance(case, LabelledSolution) and case.place in rewards
    ]
    if solutions:
        errors = [case.label for case in solutions]
        return first_errors(
            errors, [rewards[c.place] for c in solutions], threshold, threshold_name
        )
    problems = {
        i: metrics.Candidates(case.right, [rewards[row.place] for row in case.rows], case.answers)
        for i, case in enumerate(data)
        if isinstance(case, Choice) and all(row.place in rewards for row in case.rows)
    }
    return best_of_n(problems) if problems else {}


def first_errors(
    errors: Sequence[int],
    rewards: metrics.Rewards,
    threshold: float,
    threshold_name: str = "threshold",
) -> Figures:
    """First-error detection by threshold, and how far the rewards can be believed."""
    remarks = dict.fromkeys(GRID, "")
    if 0 < sum(error < 0 for error in errors) < len(errors):
        remarks[metrics.best_threshold(errors, rewards)] = BEST
    remarks[threshold] = ", ".join(filter(None, (threshold_name, remarks.get(threshold))))
    detections = {each: metrics.detection(errors, rewards, each) for each in sorted(remarks)}
    steps, labels = metrics.judged_steps(errors, rewards)
    curve = metrics.shares_at(errors, rewards, CURVE)
    by_label = metrics.confusion(errors, rewards, threshold)
    return {
        "threshold": threshold,
        "wrong": detections[threshold].wrong,
        "right": detections[threshold].right,
        "detection": [
            {"threshold": each, "chosen": remarks[each]}
            | {
                name: figure(getattr(detections[each], name))
                for name in ("exact", "unflagged", "f1")
            }
            for each in detections
        ],
        "judged_steps": len(steps),
        "calibration_error": figure(metrics.calibration_error(steps, labels)),
        "roc_auc": figure(metrics.roc_auc(steps, labels)),
        "reliability": [each._asdict() for each in metrics.histogram(steps, labels)],
        "rewards_by_label": [b._asdict() for b in metrics.histogram(steps, labels, REWARD_BINS)],
        "f1_by_threshold": [
            {"threshold": float(at)}
            | {name: figure(float(getattr(curve, name)[i])) for name in metrics.Shares._fields}
            for i, at in enumerate(CURVE)
        ],
        "found_by_label": [
            {"label": label, "found": flag, "solutions": count}
            for (label, flag), count in by_label.items()
        ],
    }


def best_of_n(cases: Mapping[int, metrics.Candidates]) -> Figures:
    """Best-of-N accuracy by each rule for N = 1, 2, 4, ... up to what every problem has.

    `lost` holds the numbers of the cases that a rule rather loses when it sees all candidates.
    """
    problems = list(cases.values())
    least = min(len(problem.right) for problem in problems)
    accuracy = {n: metrics.best_of(problems, n) for n in metrics.sizes(least)}
    means = np.array([np.mean(row) for each in problems for row in each.rewards])
    right = np.array([each for problem in problems for each in problem.right], float)
    alone = {i: metrics.best_of([each], len(each.right)) for i, each in cases.items()}
    return {
        "problems": len(problems),
        "candidates": len(right),
        "accuracy": accuracy,
        "intervals": {
            size: {rule: list(metrics.wilson(s, len(problems))) for rule, s in rules.items()}
            for size, rules in accuracy.items()
        },
        "means_by_answer": [b._asdict() for b in metrics.histogram(means, right, REWARD_BINS)],
        "lost": {
            rule: [i for i, shares in alone.items() if shares[rule] < 0.5] for rule in accuracy[1]
        },
    }


def recorded_rewards(rows: Sequence[Row]) -> tuple[RewardsByModel, list[PlaceError]]:
    """The rewards that a file itself holds, and what of them is none in [0, 1] for each step."""
    by_model: RewardsByModel = {}
    errors = []
    for row in rows:
        try:
            rewards_of_row = row.recorded_rewards
        except PlaceError as error:
            errors.append(error)
            continue
        for name, rewards in rewards_of_row.items():
            by_model.setdefault(name, {})[row.place] = rewards
    return by_model, errors


def rows(data: Sequence[LabelledSolution | Choice]) -> list[Row]:
    """The solutions of some cases, in order."""
    each = ([case.row] if isinstance(case, LabelledSolution) else case.rows for case in data)
    return [row for several in each for row in several]


def figure(share: float) -> float | None:
    """A share as JSON holds it: a share over nothing is None."""
    return None if math.isnan(share) else share
