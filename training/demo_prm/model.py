"""The demo PRM as a training model: Qwen2's architecture in plain PyTorch with the two PRM heads.

One trunk serves both formats. `value_head` is Skywork's: one logit, read at the newline that ends
a step. `score_head` is Qwen2.5-Math-PRM's: two layers to the logits (wrong, right), read at the
step-end token. `token_head` judges every token ("is all up to here right?"); it only helps
training and is not exported. Parameter names follow the checkpoints, so export is a rename.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Shape:
    """Sizes of the trunk; the defaults are what training makes (12.2M parameters)."""

    vocabulary: int = 4096
    hidden: int = 320
    layers: int = 9
    heads: int = 5
    intermediate: int = 832
    context: int = 4096
    rope_theta: float = 10_000.0
    norm_epsilon: float = 1e-6


class RmsNorm(nn.Module):
    def __init__(self, size: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.epsilon)


class SelfAttention(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.heads = shape.heads
        self.q_proj = nn.Linear(shape.hidden, shape.hidden)
        self.k_proj = nn.Linear(shape.hidden, shape.hidden)
        self.v_proj = nn.Linear(shape.hidden, shape.hidden)
        self.o_proj = nn.Linear(shape.hidden, shape.hidden, bias=False)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], attend: Attention) -> Tensor:
        batch, length, hidden = x.shape
        q, k, v = (
            project(x).view(batch, length, self.heads, -1).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = attend(_rotate(q, *rotation), _rotate(k, *rotation), v)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, hidden))


class Mlp(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.intermediate, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.intermediate, bias=False)
        self.down_proj = nn.Linear(shape.intermediate, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, shape: Shape, dropout: float):
        super().__init__()
        self.dropout = dropout
        self.self_attn = SelfAttention(shape)
        self.mlp = Mlp(shape)
        self.input_layernorm = RmsNorm(shape.hidden, shape.norm_epsilon)
        self.post_attention_layernorm = RmsNorm(shape.hidden, shape.norm_epsilon)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], attend: Attention) -> Tensor:
        attended = self.self_attn(self.input_layernorm(x), rotation, attend)
        x = x + F.dropout(attended, self.dropout, self.training)
        expanded = self.mlp(self.post_attention_layernorm(x))
        return x + F.dropout(expanded, self.dropout, self.training)


class Trunk(nn.Module):
    def __init__(self, shape: Shape, dropout: float):
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.norm = RmsNorm(shape.hidden, shape.norm_epsilon)


class DemoPrm(nn.Module):
    """Trunk and heads. `forward` returns the last hidden states, (batch, length, hidden)."""

    def __init__(self, shape: Shape, dropout: float = 0.0):
        super().__init__()
        self.shape = shape
        self.model = Trunk(shape, dropout)
        self.value_head = nn.Linear(shape.hidden, 1)
        self.score_head = nn.Sequential(
            nn.Linear(shape.hidden, shape.hidden), nn.ReLU(), nn.Linear(shape.hidden, 2)
        )
        self.token_head = nn.Linear(shape.hidden, 1)
        self._initialise()

    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                scale = 0.02 if "embed" in name else 1 / math.sqrt(parameter.shape[1])
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    scale /= math.sqrt(2 * self.shape.layers)
                nn.init.normal_(parameter, std=scale)

    def forward(self, ids: Tensor, positions: Tensor, attend: Attention) -> Tensor:
        """Args: `ids` and `positions` (batch, length); `attend` maps q, k, v to mixed values."""
        x = self.model.embed_tokens(ids)
        if torch.is_autocast_enabled(ids.device.type):
            x = x.to(torch.get_autocast_dtype(ids.device.type))
        rotation = self._rotation(positions, x.dtype)
        for layer in self.model.layers:
            x = layer(x, rotation, attend)
        return self.model.norm(x)

    def _rotation(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        half = self.shape.hidden // self.shape.heads // 2
        exponents = torch.arange(half, device=positions.device, dtype=torch.float32) / half
        angles = positions[..., None] * self.shape.rope_theta**-exponents
        angles = torch.cat((angles, angles), -1)[:, None]
        return angles.cos().to(dtype), angles.sin().to(dtype)

    def step_logits(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Logits that a step is right, from Skywork's head and from Qwen's: (…, hidden) -> (…)."""
        wrong, right = self.score_head(hidden).unbind(-1)
        return self.value_head(hidden).squeeze(-1), right - wrong


def _rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat((-second, first), -1) * sine


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of plain left-to-right sequences, for scoring."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)
