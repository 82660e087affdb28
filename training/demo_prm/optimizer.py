"""Muon for the trunk's matrices, AdamW for everything else.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) moves a matrix along its
momentum with all singular values made about equal, by a few Newton-Schulz steps. Matrices of one
shape are stacked, so that a step is a few large products instead of hundreds of small ones.
"""

import math
from collections import defaultdict

import torch
from torch import Tensor, nn

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalize(stack: Tensor, rounds: int = 5) -> Tensor:
    """Nearest matrices with equal singular values, roughly; (n, rows, columns), rows <= columns."""
    a, b, c = _NEWTON_SCHULZ
    x = stack.bfloat16() if stack.is_cuda else stack
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(rounds):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.float()


class MuonAdamW:
    """Both optimizers behind one `step`. Learning rates are given relative to their peaks."""

    def __init__(
        self,
        model: nn.Module,
        matrix_rate: float,
        other_rate: float = 3e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.1,
    ):
        self.matrix_rate, self.momentum, self.weight_decay = matrix_rate, momentum, weight_decay
        stacks: dict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
        others = []
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and ".layers." in name:
                stacks[tuple(sorted(parameter.shape))].append(parameter)
            else:
                others.append(parameter)
        self.stacks = list(stacks.values())
        self.momenta = [torch.zeros_like(_stacked([p.data for p in ps])) for ps in self.stacks]
        self.adamw = torch.optim.AdamW(others, lr=other_rate, betas=(0.9, 0.95), weight_decay=0.0)
        self.other_rate = other_rate
        self.orthogonalize = orthogonalize
        if others[0].is_cuda:
            self.orthogonalize = torch.compile(orthogonalize)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for group in self.adamw.param_groups:
            group["lr"] = self.other_rate * rate
        self.adamw.step()
        for parameters, momentum in zip(self.stacks, self.momenta, strict=True):
            gradient = _stacked([p.grad for p in parameters])
            momentum.lerp_(gradient, 1 - self.momentum)
            updates = self.orthogonalize(gradient.lerp(momentum, self.momentum)).unbind()
            lr = self.matrix_rate * rate
            scale = 0.2 * math.sqrt(max(parameters[0].shape))
            torch._foreach_mul_(parameters, 1 - lr * self.weight_decay)
            moves = [
                u if p.shape[0] <= p.shape[1] else u.T
                for p, u in zip(parameters, updates, strict=True)
            ]
            torch._foreach_add_(parameters, moves, alpha=-lr * scale)

    def state_dict(self) -> dict:
        return {"momenta": self.momenta, "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        for own, stored in zip(self.momenta, state["momenta"], strict=True):
            own.copy_(stored)
        self.adamw.load_state_dict(state["adamw"])


def _stacked(matrices: list[Tensor]) -> Tensor:
    return torch.stack([m if m.shape[0] <= m.shape[1] else m.T for m in matrices])
