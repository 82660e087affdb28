"""SmolLM2 with low-rank changes and the PRM's head: the training model, and its plain weights.

Every matrix of the trunk is that of the base plus a product of two thin ones, the only matrices
that training changes; norms and heads are trained as they are. A Llama is a Qwen2 without biases,
so what comes out is a checkpoint of both PRM architectures.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention.flex_attention import flex_attention

from prm_app.base_model import Base

ALPHA = 32
"""The change of a matrix is `ALPHA / rank` times the product."""


@dataclass(frozen=True)
class Shape:
    """Sizes of SmolLM2-135M."""

    hidden: int = 576
    layers: int = 30
    heads: int = 9
    kv_heads: int = 3
    intermediate: int = 1536
    rope_theta: float = 100_000.0
    norm_epsilon: float = 1e-5


class Adapted(nn.Module):
    """A linear map without bias: a fixed matrix and a low-rank change."""

    def __init__(self, inputs: int, outputs: int, rank: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, inputs), persistent=False)
        self.down = nn.Parameter(torch.empty(rank, inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))
        self.scale = ALPHA / rank
        nn.init.uniform_(self.down, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    def forward(self, x: Tensor) -> Tensor:
        change = (self.scale * self.up).to(x.dtype) @ self.down.to(x.dtype)
        return F.linear(x, self.weight.to(x.dtype) + change)

    def merged(self) -> Tensor:
        return self.weight.float() + self.scale * self.up.float() @ self.down.float()


class Layer(nn.Module):
    def __init__(self, shape: Shape, rank: int, dropout: float):
        super().__init__()
        size, head = shape.hidden, shape.hidden // shape.heads
        self.shape, self.dropout = shape, dropout
        self.q_proj = Adapted(size, size, rank)
        self.k_proj = Adapted(size, head * shape.kv_heads, rank)
        self.v_proj = Adapted(size, head * shape.kv_heads, rank)
        self.o_proj = Adapted(size, size, rank)
        self.gate_proj = Adapted(size, shape.intermediate, rank)
        self.up_proj = Adapted(size, shape.intermediate, rank)
        self.down_proj = Adapted(shape.intermediate, size, rank)
        self.input_layernorm = nn.Parameter(torch.ones(size))
        self.post_attention_layernorm = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], mask) -> Tensor:
        batch, length, hidden = x.shape
        y = _norm(x, self.input_layernorm, self.shape)
        q, k, v = (
            project(y).view(batch, length, -1, hidden // self.shape.heads).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = _attend(_rotate(q, *rotation), _rotate(k, *rotation), v, mask)
        y = self.o_proj(mixed.transpose(1, 2).reshape(batch, length, hidden))
        x = x + F.dropout(y, self.dropout, self.training)
        y = _norm(x, self.post_attention_layernorm, self.shape)
        y = self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))
        return x + F.dropout(y, self.dropout, self.training)


class AdaptedPrm(nn.Module):
    """`forward` gives the last hidden states; `value_head` judges steps, `token_head` words."""

    def __init__(self, tokens: int, rank: int, dropout: float = 0.0, shape: Shape | None = None):
        super().__init__()
        self.shape = shape or Shape()
        size = self.shape.hidden
        self.register_buffer("embedding", torch.zeros(tokens, size), persistent=False)
        self.layers = nn.ModuleList(
            Layer(self.shape, rank, dropout) for _ in range(self.shape.layers)
        )
        self.norm = nn.Parameter(torch.ones(size))
        self.value_head = nn.Linear(size, 1)
        self.token_head = nn.Linear(size, 1)
        for head in (self.value_head, self.token_head):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, ids: Tensor, positions: Tensor, mask=None) -> Tensor:
        """Args: `ids` and `positions` (batch, length); `mask` None for plain causal attention."""
        x = F.embedding(ids, self.embedding)
        if torch.is_autocast_enabled(ids.device.type):
            x = x.to(torch.get_autocast_dtype(ids.device.type))
        rotation = self._rotation(positions, x.dtype)
        for layer in self.layers:
            x = layer(x, rotation, mask)
        return _norm(x, self.norm, self.shape)

    def _rotation(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        half = self.shape.hidden // self.shape.heads // 2
        exponents = torch.arange(half, device=positions.device, dtype=torch.float32) / half
        angles = positions[..., None] * self.shape.rope_theta**-exponents
        angles = torch.cat((angles, angles), -1)[:, None]
        return angles.cos().to(dtype), angles.sin().to(dtype)

    @torch.no_grad()
    def take(self, base: Base, tokens: np.ndarray) -> None:
        """The base's weights, and the rows of its embedding for these tokens."""
        self.embedding.copy_(torch.from_numpy(base.embedding()[tokens]))
        weights = {name: torch.from_numpy(weight) for name, weight in base.trunk()}
        self.norm.copy_(weights["norm"])
        for number, layer in enumerate(self.layers):
            for name, part in layer.named_children():
                part.weight.copy_(weights[f"layers.{number}.{name}"])
            for name, norm in layer.named_parameters(recurse=False):
                norm.copy_(weights[f"layers.{number}.{name}"])


def _attend(q: Tensor, k: Tensor, v: Tensor, mask) -> Tensor:
    if mask is None:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    if isinstance(mask, Tensor):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
    return flex_attention(q, k, v, block_mask=mask, enable_gqa=True)


def _norm(x: Tensor, weight: Tensor, shape: Shape) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], weight.to(x.dtype), shape.norm_epsilon)


def _rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat((-second, first), -1) * sine
