"""Step logits of the adapted model: a plain forward pass over solutions, longest first."""

from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from demo_prm.adapted import AdaptedPrm
from demo_prm.strands import encoded_texts

_LONGEST = 8192


@torch.no_grad()
def step_logits(
    model: AdaptedPrm,
    tokenizer: Tokenizer,
    cases: Sequence[tuple[str, Sequence[str]]],
    compact: np.ndarray | None = None,
    by_line: bool = True,
    budget: int = 65_536,
) -> list[list[float]]:
    """The logit of each step of each `(problem, steps)`; `budget` is of tokens at a time.

    `by_line` chooses Skywork's token stream, else it is Qwen's.
    """
    device = model.value_head.weight.device
    first = tokenizer.token_to_id("<|im_start|>")
    (newline,) = tokenizer.encode("\n", add_special_tokens=False).ids
    encoded = [_encode(tokenizer, first, newline, by_line, *case) for case in cases]
    order = sorted(range(len(cases)), key=lambda i: -len(encoded[i][0]))
    logits: list[list[float]] = [[] for _ in cases]
    begin = 0
    while begin < len(order):
        length = -(-len(encoded[order[begin]][0]) // 64) * 64
        chosen = order[begin : begin + max(1, budget // length)]
        begin += len(chosen)
        ids = np.full((len(chosen), length), newline)
        for row, i in enumerate(chosen):
            ids[row, : len(encoded[i][0])] = encoded[i][0]
        if compact is not None:
            ids = np.maximum(compact[ids], 0)
        positions = torch.arange(length, device=device).expand(len(chosen), length)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            hidden = model(torch.from_numpy(ids).to(device).long(), positions)
            read = model.value_head(hidden).squeeze(-1).float().cpu()
        for row, i in enumerate(chosen):
            logits[i] = read[row, encoded[i][1]].tolist()
    return logits


def _encode(
    tokenizer: Tokenizer,
    first: int,
    newline: int,
    by_line: bool,
    problem: str,
    steps: Sequence[str],
) -> tuple[list[int], list[int]]:
    ids = encoded_texts(tokenizer, steps, newline if by_line else None)
    head = tokenizer.encode(problem, add_special_tokens=False).ids
    tokens, ends = [first, *head, newline], []
    for step in steps:
        if step.strip():
            tokens += [*ids[step], newline]
            ends.append(len(tokens) - 1)
        elif by_line:
            tokens.append(newline)
    if len(tokens) > _LONGEST:
        raise ValueError(f"a solution of {len(tokens)} tokens is too long to score here")
    return tokens, ends
