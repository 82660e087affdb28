"""Fit the head again on solutions kept from training: `python -m demo_prm.refit_head --help`.

On what it was trained on the trunk is too sure, and surer of some kinds of text than of others. The
head is one direction and a bias; both are fitted again to the validation sets, each set weighed
alike and its right and wrong steps too, and held near what they were. How near, and where even odds
lie, is chosen by cross-validation over problems.
"""

import argparse
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from prm_app.evaluation.metrics import calibration_error, detection, judged_steps

FOLDS = 4
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
EVENS = (-1.0, -0.5, 0.0, 0.5, 1.0)
SCALES = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
_LEAST_UNFLAGGED = 0.72


class Judged(NamedTuple):
    """A solution's hidden states `(steps, size)`, the chance that each step is right, its fold."""

    hidden: Tensor
    targets: list[float]
    error: int
    fold: int


def read(rows: dict[str, list[dict]], features: Sequence[Path]) -> dict[str, list[Judged]]:
    """The solutions of every set of which there are features."""
    found: dict[str, list[Judged]] = {}
    for path in features:
        with np.load(path) as file:
            for name in file.files:
                of, _, number = name.partition("|")
                if of in rows:
                    row = rows[of][int(number)]
                    found.setdefault(of, []).append(_judged(row, file[name]))
    return found


def _judged(row: dict, hidden: np.ndarray) -> Judged:
    steps = len(hidden)
    if "label" in row:
        targets = [float(row["label"] < 0 or i < row["label"]) for i in range(steps)]
    else:
        targets = row.get("targets") or [1.0] * steps
    error = next((i for i, target in enumerate(targets) if target < 0.5), -1)
    fold = zlib.crc32(row["problem"].encode()) % FOLDS
    return Judged(torch.from_numpy(hidden).float(), targets, error, fold)


def fit(
    sets: dict[str, list[Judged]], weight: Tensor, bias: Tensor, strength: float
) -> tuple[Tensor, Tensor]:
    """The head that fits the steps up to each first error, near the one that is given."""
    hidden, targets, weights = [], [], []
    for solutions in sets.values():
        theirs_h, theirs_t = [], []
        for each in solutions:
            end = each.error + 1 if each.error >= 0 else len(each.targets)
            theirs_h.append(each.hidden[:end])
            theirs_t += each.targets[:end]
        target = torch.tensor(theirs_t)
        right, wrong = target.sum(), (1 - target).sum()
        hidden.append(torch.cat(theirs_h))
        targets.append(target)
        weights.append(target / right.clamp(min=1) + (1 - target) / wrong.clamp(min=1))
    x, y, w = torch.cat(hidden), torch.cat(targets), torch.cat(weights)
    w = w / w.sum()
    spread = x.std(0).clamp(min=1e-3)
    change = torch.zeros(len(spread), requires_grad=True)
    shift = torch.zeros((), requires_grad=True)
    start = x @ weight + bias
    scaled = (x - x.mean(0)) / spread
    optimizer = torch.optim.LBFGS([change, shift], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = start + scaled @ change + shift
        value = (w * F.binary_cross_entropy_with_logits(logits, y, reduction="none")).sum()
        value = value + strength * change.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    moved = (change / spread).detach()
    return weight + moved, bias + shift.detach() - x.mean(0) @ moved


def scored(solutions: Sequence[Judged], weight: Tensor, bias: Tensor) -> list[list[float]]:
    return [(each.hidden @ weight + bias).tolist() for each in solutions]


def rewards(logits: Sequence[Sequence[float]], scale: float, even: float) -> list[list[float]]:
    return [(1 / (1 + np.exp(-scale * (np.array(row) - even)))).tolist() for row in logits]


def cross_validated(
    sets: dict[str, list[Judged]], weight: Tensor, bias: Tensor, strength: float
) -> dict[str, tuple[list[int], list[list[float]]]]:
    """By set, the first errors and the logits from heads that never saw the problem."""
    out: dict[str, tuple[list[int], list[list[float]]]] = {name: ([], []) for name in sets}
    for fold in range(FOLDS):
        seen = {n: [each for each in s if each.fold != fold] for n, s in sets.items()}
        theirs = fit({n: s for n, s in seen.items() if s}, weight, bias, strength)
        for name, solutions in sets.items():
            unseen = [each for each in solutions if each.fold == fold]
            out[name][0].extend(each.error for each in unseen)
            out[name][1].extend(scored(unseen, *theirs))
    return out


def _unfairness(logits: dict[str, tuple], scale: float, even: float) -> float:
    """The mean calibration error over the sets."""
    return float(
        np.mean(
            [
                calibration_error(*judged_steps(errors, rewards(rows, scale, even)))
                for errors, rows in logits.values()
            ]
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.refit_head", description=__doc__.split("\n\n")[0]
    )
    add = parser.add_argument
    add("--judge", type=Path, action="append", required=True, help="files of judged solutions")
    add("--features", type=Path, action="append", required=True, help="hidden states at step ends")
    add("--sets", nargs="+", required=True, help="the validation sets to fit to")
    add("--change", type=Path, required=True, help="the shipped change; changed in place")
    add("--strength", type=float, help="of the pull to the former head; chosen if not given")
    add("--even", type=float, help="where even odds lie; chosen if not given")
    add("--scale", type=float, help="of the logits; chosen if not given")
    args = parser.parse_args()
    rows: dict[str, list[dict]] = {}
    for path in args.judge:
        with path.open(encoding="utf-8") as file:
            for row in map(json.loads, file):
                if row["set"] in args.sets:
                    rows.setdefault(row["set"], []).append(row)
    sets = read(rows, args.features)
    change = load_file(args.change)
    weight, bias = change["value_head.weight"][0].float(), change["value_head.bias"][0].float()
    best = None
    for strength in [args.strength] if args.strength is not None else STRENGTHS:
        logits = cross_validated(sets, weight, bias, strength)
        for even in [args.even] if args.even is not None else EVENS:
            shown = []
            for errors, theirs in logits.values():
                found = detection(errors, rewards(theirs, 1.0, even), 0.5)
                shown.append((found.f1, found.unflagged))
            worth = np.mean([f1 - max(0.0, _LEAST_UNFLAGGED - free) for f1, free in shown])
            print(strength, even, round(float(worth), 4), [f"{f:.2f}/{u:.2f}" for f, u in shown])
            if best is None or worth > best[0]:
                best = (worth, strength, even, logits)
    _, strength, even, logits = best
    scale = args.scale or min(SCALES, key=lambda scale: _unfairness(logits, scale, even))
    weight, bias = fit(sets, weight, bias, strength)
    change["value_head.weight"] = (scale * weight)[None].contiguous()
    change["value_head.bias"] = scale * (bias - even)[None]
    save_file(change, args.change, metadata={"base": "SmolLM2-135M-Instruct.Q4_1"})
    print(f"strength {strength}, even odds at {even}, scale {scale}")


if __name__ == "__main__":
    main()
