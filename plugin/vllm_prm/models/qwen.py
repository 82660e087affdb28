"""Qwen2.5-Math-PRM as vLLM has it, but for its score head: quantisation leaves it as it is.

vLLM quantises the head with the rest, and its fp8 kernels then stop at the head's float32 bias.
The head is a thousandth of the weights and what a reward is read from.
"""

from collections.abc import Iterable

import torch
from torch import nn
from vllm.config import VllmConfig
from vllm.model_executor.layers.linear import ColumnParallelLinear, RowParallelLinear
from vllm.model_executor.models import qwen2_rm

from vllm_prm.families.qwen import Qwen
from vllm_prm.weights import with_whole_head


class Qwen2ForProcessRewardModel(qwen2_rm.Qwen2ForProcessRewardModel):
    """vLLM's model of the same name, its head in full precision under every quantisation."""

    def __init__(self, *, vllm_config: VllmConfig, prefix: str = "") -> None:
        super().__init__(vllm_config=vllm_config, prefix=prefix)
        size, kind = self.config.hidden_size, self.head_dtype
        self.score = nn.Sequential(
            ColumnParallelLinear(size, size, params_dtype=kind, return_bias=False),
            nn.ReLU(),
            RowParallelLinear(size, Qwen.labels, params_dtype=kind, return_bias=False),
        )

    def load_weights(self, weights: Iterable[tuple[str, torch.Tensor]]) -> set[str]:
        return super().load_weights(with_whole_head(weights, Qwen, self.config.to_dict()))
