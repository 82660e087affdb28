"""Calibrate the shipped change: `python -m demo_prm.fit_odds --help`.

A scale of the logits and the place of even odds, chosen on the validation sets and put into the
head. Even odds lie where first errors are found best, on the mean over the sets, with right
solutions left alone; the scale is that of the least calibration error, again on the mean.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from prm_app.evaluation.metrics import calibration_error, detection, judged_steps

EVENS = tuple(0.25 * i for i in range(-6, 5))
SCALES = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
_LEAST_UNFLAGGED = 0.72
Judged = tuple[list[int], list[list[float]]]
"""The first errors (-1: none) and the step logits of a set's solutions."""


def read(judge: Sequence[Path], logits: Sequence[Path], wanted: Sequence[str]) -> dict[str, Judged]:
    """The validation sets, from files of solutions and of `demo_prm.hidden`'s logits."""
    sets: dict[str, Judged] = {}
    for solutions, scored in zip(judge, logits, strict=True):
        rows: dict[str, list[dict]] = {}
        with solutions.open(encoding="utf-8") as file:
            for row in map(json.loads, file):
                rows.setdefault(row["set"], []).append(row)
        for name, by_number in json.loads(scored.read_text()).items():
            if name in wanted:
                errors = [first_wrong(rows[name][int(number)]) for number in by_number]
                sets[name] = (errors, list(by_number.values()))
    return sets


def first_wrong(row: dict) -> int:
    if "label" in row:
        return row["label"]
    if row["right"]:
        return -1
    return next((i for i, target in enumerate(row["targets"]) if target < 0.5), -1)


def rewards(logits: Sequence[Sequence[float]], scale: float, even: float) -> list[list[float]]:
    return [(1 / (1 + np.exp(-scale * (np.array(row) - even)))).tolist() for row in logits]


def worth(sets: dict[str, Judged], even: float) -> float:
    """Mean F1 over the sets, less what right ones left unflagged lack to be enough."""
    f1, lacking = [], []
    for errors, logits in sets.values():
        found = detection(errors, rewards(logits, 1.0, even), 0.5)
        if found.wrong and found.right:
            f1.append(found.f1)
        if found.right:
            lacking.append(max(0.0, _LEAST_UNFLAGGED - found.unflagged))
    return float(np.mean(f1) - np.mean(lacking))


def unfairness(sets: dict[str, Judged], scale: float, even: float) -> float:
    return float(
        np.mean(
            [
                calibration_error(*judged_steps(errors, rewards(logits, scale, even)))
                for errors, logits in sets.values()
            ]
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.fit_odds", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("--judge", type=Path, action="append", required=True, help="solutions; several files")
    add("--logits", type=Path, action="append", required=True, help="of each, from demo_prm.hidden")
    add("--sets", nargs="+", required=True, help="the validation sets")
    add("--change", type=Path, required=True, help="the shipped change; changed in place")
    args = parser.parse_args()
    sets = read(args.judge, args.logits, args.sets)
    for even in EVENS:
        print(f"even odds at {even:+.2f}: {worth(sets, even):.3f}")
    even = max(EVENS, key=lambda even: worth(sets, even))
    scale = min(SCALES, key=lambda scale: unfairness(sets, scale, even))
    change = load_file(args.change)
    change["value_head.weight"] = scale * change["value_head.weight"]
    change["value_head.bias"] = scale * (change["value_head.bias"] - even)
    save_file(change, args.change, metadata={"base": "SmolLM2-135M-Instruct.Q4_1"})
    print(f"even odds at {even}, scale {scale}: {unfairness(sets, scale, even):.3f}")


if __name__ == "__main__":
    main()
