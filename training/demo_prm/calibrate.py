"""Make a reward of 0.5 mean even odds: `python -m demo_prm.calibrate --gsm8k train.jsonl`.

Training shows the model as many wrong turns as right steps, and problems of which it knows the
words; on new problems its logits are too low and too sure. A scale and a shift for each head, as
Platt (1999) does it, are fitted on the validation split. Both go into the head's own weights, so
nobody who loads the checkpoint needs to know of them.
"""

import argparse
import random
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from vllm_prm.families import load_family

from demo_prm import export, sources
from demo_prm.eval_sets import (
    Case,
    plain_style,
    right_and_wrong,
    sigmoid,
    step_logits,
    step_rewards,
)
from demo_prm.model import DemoPrm
from demo_prm.parse import read_gsm8k
from demo_prm.styles import Style, draw_style
from demo_prm.worked import Problem
from prm_app.evaluation.metrics import calibration_error, detection, judged_steps

_TOLERANCE = 0.035

Judged = tuple[Sequence[int], Sequence[Sequence[float]]]
"""The first errors (-1: none) and the step logits of some solutions."""


def fit_platt(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Scale and shift that make `sigmoid(scale * logit + shift)` most likely."""
    x, y = torch.from_numpy(logits).double(), torch.from_numpy(labels).double()
    weights = torch.tensor([0.5, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        surprise = F.binary_cross_entropy_with_logits(weights[0] * x + weights[1], y)
        surprise.backward()
        return surprise

    optimizer.step(loss)
    scale, shift = weights.tolist()
    return scale, shift


def fit(judged: Sequence[Judged]) -> tuple[float, float]:
    """Scale and shift near Platt's that find first errors best at 0.5, fair to each of `judged`.

    Most steps are right, so the likeliest shift flags few; first-error F1 weighs right and wrong
    solutions alike. And what is likeliest for all sources together is too sure of one and too
    doubtful of another. So for every place of even odds the scale is taken that has the least
    calibration error where it is largest; of the places that keep that error within `_TOLERANCE`,
    or else come nearest to it, the one with the best F1.
    """
    errors, rows = (list(chain(*parts)) for parts in zip(*judged, strict=True))
    steps = [judged_steps(*source) for source in judged]
    platt, shift = fit_platt(*judged_steps(errors, rows))
    scales = platt * np.linspace(0.8, 2, 13)

    def unfairness(even: float, scale: float) -> float:
        return max(
            calibration_error(sigmoid(scale * (logits - even)), labels) for logits, labels in steps
        )

    def worth(even: float) -> tuple[float, ...]:
        unfair, scale = min((unfairness(even, scale), scale) for scale in scales)
        f1 = detection(errors, rows, even).f1
        return min(0.0, _TOLERANCE - unfair), f1, scale, -scale * even

    places = ((0.05 * i - shift) / platt for i in range(-4, 40))
    *_, scale, shift = max(map(worth, places))
    return float(scale), float(shift)


def _moved(rows: Sequence[Sequence[float]], scale: float, shift: float) -> list[list[float]]:
    """The rewards once the logits are scaled and shifted."""
    return step_rewards([scale * np.array(row) + shift for row in rows])


@torch.no_grad()
def apply(model: DemoPrm, labels: int, scale: float, shift: float) -> None:
    """Put a scale and a shift of the logit into the head with that many labels."""
    if labels == 1:
        model.value_head.weight.mul_(scale)
        model.value_head.bias.mul_(scale).add_(shift)
    else:
        last = model.score_head[-1]
        last.weight.mul_(scale)
        last.bias.mul_(scale).add_(last.bias.new_tensor([-shift / 2, shift / 2]))


def validation_cases(gsm8k: list[Problem], paragraphs: bool, seed: int = 11) -> list[list[Case]]:
    """By source: GSM8K problems held out of training, stories and templates for validation."""
    rng = random.Random(seed)

    def style(rng: random.Random) -> Style:
        return plain_style(rng) if rng.random() < 0.7 else draw_style(rng, paragraphs)

    _, problems = sources.split_gsm8k(gsm8k)
    stories = [sources.story(g, rng) for g in sources.GENERATORS["validation"] for _ in range(80)]
    templates = [sources.template(n, rng) for n in sources.VALIDATION_TEMPLATES for _ in range(16)]
    return [
        right_and_wrong(source, seed, style=style)
        for source in (problems, stories, [problem for problem in templates if problem])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m demo_prm.calibrate", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--gsm8k", type=Path, required=True, help="GSM8K's train.jsonl")
    parser.add_argument(
        "--checkpoints", type=Path, default=export.CHECKPOINTS, help="changed in place"
    )
    args = parser.parse_args()
    model, tokenizer = export.load(args.checkpoints)
    gsm8k = read_gsm8k(args.gsm8k)
    for name in export.FORMATS:
        fmt = load_family(args.checkpoints / name)
        judged = [
            ([case.error for case in cases], step_logits(model, fmt, cases))
            for cases in validation_cases(gsm8k, paragraphs=fmt.labels == 2)
        ]
        scale, shift = fit(judged)
        apply(model, fmt.labels, scale, shift)
        print(f"{name}: scale {scale:.3f}, shift {shift:.3f}")
        for source, (errors, rows) in zip(("GSM8K", "stories", "templates"), judged, strict=True):
            after = _moved(rows, scale, shift)
            for when, rewards in ("before", step_rewards(rows)), ("after", after):
                f1 = detection(errors, rewards, 0.5).f1
                error = calibration_error(*judged_steps(errors, rewards))
                print(f"  {source} {when}: F1 {f1:.3f}, calibration error {error:.3f}", flush=True)
    export.export(model, tokenizer, args.checkpoints)


if __name__ == "__main__":
    main()
