"""What the adapted model is trained on: every step's verdict, every word's, and the next token.

The step loss is what counts; its targets are chances, so that a doubtful label asks for doubt. The
word loss tells where in a step it went wrong. Language modelling of right solutions teaches what a
right step would have been; its digits are weighed apart, since they have to be worked out.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from demo_prm.adapted import AdaptedPrm
from demo_prm.packing import IDS, PARENT, POSITION, STRAND
from demo_prm.strands import MARK, RIGHT, TARGET, WRONG

_TOKEN, _NUMBERS = 0.3, 0.4
_WORDS_AT_FIRST, _WORDS_AT_LAST = 0.15, 0.05
_ROWS_FOR_WORDS = 2
"""Only every n-th row is modelled word by word: it costs as much as a few layers."""


class Losses(NamedTuple):
    """Mean losses in nats, and the share of steps on the right side of a reward of 0.5."""

    step: Tensor
    token: Tensor
    words: Tensor
    numbers: Tensor
    accuracy: Tensor

    def total(self, progress: float) -> Tensor:
        words = _WORDS_AT_FIRST + (_WORDS_AT_LAST - _WORDS_AT_FIRST) * progress
        return self.step + _TOKEN * self.token + words * self.words + _NUMBERS * self.numbers


class Objective(nn.Module):
    """The losses of hidden states; apart from the trunk so that each compiles by itself."""

    def __init__(self, model: AdaptedPrm, digits: Sequence[int]):
        super().__init__()
        self.model = model
        is_digit = torch.zeros(len(model.embedding), dtype=torch.bool)
        is_digit[list(digits)] = True
        self.register_buffer("is_digit", is_digit.to(model.embedding.device))

    def forward(self, hidden: Tensor, rows: Tensor) -> Losses:
        """Args: `hidden` (batch, length, size); `rows` (batch, 7, length), integers."""
        logits = self.model.value_head(hidden).squeeze(-1).float()
        judged = rows[:, TARGET] >= 0
        target = rows[:, TARGET].clamp(min=0).float() / 1000
        step = _mean(F.binary_cross_entropy_with_logits(logits, target, reduction="none"), judged)
        accuracy = _mean(((logits > 0) == (target > 0.5)).float(), judged)

        marks = rows[:, MARK]
        logits = self.model.token_head(hidden).squeeze(-1).float()
        wrong = F.binary_cross_entropy_with_logits(
            logits, (marks == RIGHT).float(), reduction="none"
        )
        token = _mean(wrong, (marks == WRONG) | (marks == RIGHT))
        return Losses(step, token, *self._next_tokens(hidden, rows), accuracy)

    def _next_tokens(self, hidden: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        hidden, rows = hidden[::_ROWS_FOR_WORDS], rows[::_ROWS_FOR_WORDS]
        ids, marks = rows[:, IDS], rows[:, MARK]
        trunk = (rows[:, PARENT] == 0) & (marks >= RIGHT)
        follows = trunk[:, 1:] & (rows[:, STRAND, 1:] == rows[:, STRAND, :-1])
        follows &= rows[:, POSITION, 1:] > 0
        worked_out = follows & self.is_digit[ids[:, 1:]] & (marks[:, 1:] == RIGHT)
        scores = F.linear(hidden[:, :-1], self.model.embedding.to(hidden.dtype))
        surprise = F.cross_entropy(
            scores.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
        ).view_as(follows)
        return _mean(surprise, follows & ~worked_out), _mean(surprise, worked_out)


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    weight = weight.float()
    return (values * weight).sum() / weight.sum().clamp(min=1)
