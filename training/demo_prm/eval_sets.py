"""Evaluation sets made by corruption, and a plain forward pass over them."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from vllm_prm.families import PrmFamily

from demo_prm.corruption import KINDS, corrupt
from demo_prm.model import DemoPrm, causal_attention
from demo_prm.styles import Style, draw_style, dress
from demo_prm.worked import Problem, render

KIND_SHARES = dict(zip(KINDS, (0.25, 0.18, 0.2, 0.12, 0.075, 0.075, 0.1), strict=True))
"""The mix of mistakes in a corrupted set."""
_PLAIN_FINALS = ("The answer is {}.", "The answer is {}", "Answer: {}", "A: {}", "")


class Case(NamedTuple):
    """A solution to judge; `error` is the index of its first wrong step, -1 where it is right."""

    problem: str
    steps: list[str]
    error: int
    kind: str


def plain_style(rng: random.Random) -> Style:
    """GSM8K's own layout, with or without a final line."""
    return Style(final=rng.choice(_PLAIN_FINALS))


def right_and_wrong(
    problems: Iterable[Problem],
    seed: int,
    kinds: Sequence[str] = KINDS,
    style: Callable[[random.Random], Style] = plain_style,
) -> list[Case]:
    """Each problem's right solution, and a wrong one of a kind drawn by `KIND_SHARES`."""
    rng = random.Random(seed)
    cases = []
    for problem in problems:
        drawn = style(rng)
        steps = drawn.plan(problem, rng)
        question = render(problem.question, problem.values)
        cases.append(Case(question, dress(drawn, steps, problem.values, {}), -1, "right"))
        kind = rng.choices(kinds, [KIND_SHARES[k] for k in kinds])[0]
        wrong = corrupt(steps, problem.values, problem, kind, rng, tries=8)
        if wrong is not None:
            texts = dress(drawn, wrong.steps, wrong.values, {})
            cases.append(Case(question, texts, wrong.error, kind))
    return cases


def layout_cases(problems: Iterable[Problem], seed: int, paragraphs: bool) -> list[Case]:
    """Right solutions in layouts and phrasings that training never draws."""
    rng = random.Random(seed)
    cases = []
    for problem in problems:
        style = draw_style(rng, paragraphs, held_out=True)
        texts = dress(style, style.plan(problem, rng), problem.values, {})
        cases.append(Case(render(problem.question, problem.values), texts, -1, "layout"))
    return cases


@torch.no_grad()
def step_logits(
    model: DemoPrm,
    fmt: PrmFamily,
    cases: Sequence[Case],
    batch: int = 32,
    progress: Callable[[int], None] = lambda done: None,
) -> list[list[float]]:
    """The logit that each step is right; a plain forward pass, right-padded, longest first."""
    device = model.value_head.weight.device
    prompts = fmt.encode_batch([(case.problem, case.steps) for case in cases])
    order = sorted(range(len(cases)), key=lambda i: -len(prompts[i].token_ids))
    logits: list[list[float]] = [[] for _ in cases]
    for begin in range(0, len(order), batch):
        chosen = order[begin : begin + batch]
        length = len(prompts[chosen[0]].token_ids)
        ids = torch.zeros(len(chosen), length, dtype=torch.long)
        for row, i in enumerate(chosen):
            ids[row, : len(prompts[i].token_ids)] = torch.tensor(prompts[i].token_ids)
        positions = torch.arange(length, device=device).expand(len(chosen), length)
        hidden = model(ids.to(device), positions, causal_attention)
        value, score = model.step_logits(hidden)
        read = (value if fmt.labels == 1 else score).float().cpu()
        for row, i in enumerate(chosen):
            logits[i] = read[row, prompts[i].positions].tolist()
        progress(len(chosen))
    return logits


def step_rewards(logits: Sequence[Sequence[float]]) -> list[list[float]]:
    """The rewards in [0, 1] that these logits mean."""
    return [sigmoid(np.array(row)).tolist() for row in logits]


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))
