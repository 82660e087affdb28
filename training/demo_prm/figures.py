"""Figures of a judged model, and its calibration: `python -m demo_prm.figures --help`.

Reads the judging file and the logits of `demo_prm.judge`. Calibration is a scale and a shift of the
logits, fitted on the validation sets alone; every figure is of the calibrated model at 0.5.
Intervals are 95% bootstrap intervals over solutions, of best-of-N over problems.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from demo_prm.judge import read_sets
from prm_app.evaluation.metrics import (
    Candidates,
    best_of,
    calibration_error,
    detection,
    judged_steps,
    roc_auc,
)

_DRAWS = 1000
_SIZES = (8, 32)
Logits = dict[str, list[list[float]]]


def sigmoid(logits: Sequence[float]) -> list[float]:
    return (1 / (1 + np.exp(-np.array(logits)))).tolist()


def moved(logits: Sequence[Sequence[float]], scale: float, shift: float) -> list[list[float]]:
    return [sigmoid(scale * np.array(row) + shift) for row in logits]


def detected(rows: list[dict], rewards: list[list[float]], seed: int = 0) -> dict[str, object]:
    """First-error detection, step AUC and calibration error, with intervals."""
    labels = [row["label"] for row in rows]

    def measure(chosen: Sequence[int]) -> list[float]:
        some, theirs = [labels[i] for i in chosen], [rewards[i] for i in chosen]
        found = detection(some, theirs, 0.5)
        steps = judged_steps(some, theirs)
        return [found.f1, found.exact, found.unflagged, roc_auc(*steps), calibration_error(*steps)]

    names = ("f1", "exact", "unflagged", "auc", "calibration")
    return {"solutions": len(rows)} | _with_intervals(measure, len(rows), names, seed)


def chosen_best(rows: list[dict], rewards: list[list[float]], size: int) -> dict[str, object]:
    """Best of N by every rule, and what each gains over the majority vote, with intervals."""
    groups: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(row["group"], []).append(i)
    shares: list[dict[str, float]] = []
    for members in groups.values():
        problem = Candidates(
            [rows[i]["right"] for i in members],
            [rewards[i] for i in members],
            [rows[i]["answer"] for i in members],
        )
        shares.append(best_of([problem], min(size, len(members))))
    rules = list(shares[0])
    table = np.array([[share[rule] for rule in rules] for share in shares])
    gain = table - table[:, [rules.index("majority_vote")]]
    draws = np.random.default_rng(0).integers(len(table), size=(_DRAWS, len(table)))
    low, high = np.percentile(gain[draws].mean(1), (2.5, 97.5), axis=0)
    return {"problems": len(table)} | {
        rule: {
            "right": round(float(table[:, i].mean()), 4),
            "over majority": round(float(gain[:, i].mean()), 4),
            "interval": [round(float(low[i]), 4), round(float(high[i]), 4)],
        }
        for i, rule in enumerate(rules)
    }


def _with_intervals(
    measure: Callable[[Sequence[int]], list[float]], size: int, names: Sequence[str], seed: int
) -> dict[str, object]:
    draws = np.random.default_rng(seed).integers(size, size=(_DRAWS, size))
    values = measure(range(size))
    low, high = np.nanpercentile([measure(draw) for draw in draws], (2.5, 97.5), axis=0)
    return {
        name: [round(float(each), 4) for each in triple]
        for name, *triple in zip(names, values, low, high, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.figures", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("--judge", type=Path, required=True, help="the judging file")
    add("--logits", type=Path, required=True, help="of demo_prm.judge")
    add("--scale", type=float, default=1.0, help="of the logits, from demo_prm.fit_odds")
    add("--shift", type=float, default=0.0)
    add("--out", type=Path, required=True, help="the JSON file of figures to write")
    args = parser.parse_args()
    sets, logits = read_sets(args.judge), json.loads(args.logits.read_text())
    figures: dict[str, object] = {"scale": args.scale, "shift": args.shift}
    for name, rows in sets.items():
        if name not in logits or name.startswith("validation"):
            continue
        rewards = moved(logits[name], args.scale, args.shift)
        if "label" in rows[0]:
            figures[name] = detected(rows, rewards)
        else:
            for size in _SIZES:
                figures[f"{name}, N = {size}"] = chosen_best(rows, rewards, size)
    args.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
