"""What the model is trained on: every step's verdict, every token's verdict, and the next token.

The step loss is what counts. The token loss ("is all up to here still right?") tells the model
where in a step it went wrong. Language modelling of the right solutions teaches what a right step
would have been: its words are soon known by heart, which helps nobody, but its numbers are drawn
anew each time and have to be worked out. So they are weighed apart.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from demo_prm.model import DemoPrm
from demo_prm.packing import IDS, PARENT, POSITION, STRAND
from demo_prm.tree_rows import NO_LABEL, RIGHT, STEP_LABEL, TOKEN_LABEL, WRONG


class Losses(NamedTuple):
    """Mean losses in nats, and the share of steps judged right at threshold 0.5."""

    step: Tensor
    token: Tensor
    words: Tensor
    numbers: Tensor
    accuracy: Tensor


class Objective(nn.Module):
    """The model with its losses, as one module so that it compiles as one."""

    def __init__(self, model: DemoPrm, step_end_id: int, digit_ids: Sequence[int]):
        super().__init__()
        self.model = model
        self.step_end_id = step_end_id
        is_digit = torch.zeros(model.shape.vocabulary, dtype=torch.bool)
        is_digit[list(digit_ids)] = True
        self.register_buffer("is_digit", is_digit.to(model.value_head.weight.device))

    def forward(self, rows: Tensor, mask) -> Losses:
        """Args: `rows` (batch, 7, length), integers; `mask` a BlockMask or a boolean tensor."""
        ids = rows[:, IDS]
        hidden = self.model(ids, rows[:, POSITION], _attention(mask))
        value, score = self.model.step_logits(hidden)
        logits = torch.where(ids == self.step_end_id, score, value).float()
        label = rows[:, STEP_LABEL]
        judged = label != NO_LABEL
        step = _mean(_verdict(logits, label), judged)
        accuracy = _mean(((logits > 0) == (label == RIGHT)).float(), judged)

        marks = rows[:, TOKEN_LABEL]
        token_logits = self.model.token_head(hidden).squeeze(-1).float()
        token = _mean(_verdict(token_logits, marks), (marks == WRONG) | (marks == RIGHT))

        trunk = (rows[:, PARENT] == 0) & (marks >= RIGHT)
        follows = trunk[:, 1:] & (rows[:, STRAND, 1:] == rows[:, STRAND, :-1])
        worked_out = follows & self.is_digit[ids[:, 1:]] & (marks[:, 1:] == RIGHT)
        scores = F.linear(hidden[:, :-1], self.model.model.embed_tokens.weight.to(hidden.dtype))
        surprise = F.cross_entropy(
            scores.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
        ).view_as(follows)
        return Losses(
            step,
            token,
            _mean(surprise, follows & ~worked_out),
            _mean(surprise, worked_out),
            accuracy,
        )


def _attention(mask):
    if isinstance(mask, Tensor):
        return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    from torch.nn.attention.flex_attention import flex_attention

    return lambda q, k, v: flex_attention(q, k, v, block_mask=mask)


def _verdict(logits: Tensor, label: Tensor) -> Tensor:
    target = (label == RIGHT).float()
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    weight = weight.float()
    return (values * weight).sum() / weight.sum().clamp(min=1)
