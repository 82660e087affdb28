"""Who sees whom in rows of trees: a token its own strand and, before the fork, the parent's."""

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask

from demo_prm.packing import FORK, PARENT, POSITION, STRAND


def dense_mask(rows: Tensor) -> Tensor:
    """Who sees whom, as a boolean tensor (batch, 1, length, length): for the CPU and for tests."""
    index = torch.arange(rows.shape[-1], device=rows.device)
    strand, parent = rows[:, STRAND], rows[:, PARENT]
    own = strand[:, :, None] == strand[:, None, :]
    shared = (parent[:, :, None] == strand[:, None, :]) & (
        rows[:, POSITION][:, None, :] < rows[:, FORK][:, :, None]
    )
    return ((index[:, None] >= index) & (own | shared))[:, None]


def block_mask(rows: Tensor):
    """The same for flex attention, which skips the blocks where nobody sees anybody."""
    strand, parent, position, fork = (
        rows[:, field].contiguous() for field in (STRAND, PARENT, POSITION, FORK)
    )

    def sees(b, h, q, k):
        own = strand[b, q] == strand[b, k]
        shared = (parent[b, q] == strand[b, k]) & (position[b, k] < fork[b, q])
        return (q >= k) & (own | shared)

    batch, _, length = rows.shape
    return create_block_mask(sees, batch, None, length, length, device=rows.device, _compile=True)
