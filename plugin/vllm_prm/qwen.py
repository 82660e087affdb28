"""Qwen2.5-Math-PRM quantised while it loads (`--quantization fp8`), its score head left as it is.

vLLM's own class quantises the head with the rest, and its fp8 kernels then stop at the head's
float32 bias. The head is a thousandth of the weights and what a reward is read from.
"""

from torch import nn
from transformers import PretrainedConfig
from vllm.config import VllmConfig
from vllm.model_executor.layers.linear import ColumnParallelLinear, RowParallelLinear
from vllm.model_executor.models.qwen2_rm import Qwen2ForProcessRewardModel


class QuantizedQwen2ForProcessRewardModel(Qwen2ForProcessRewardModel):
    """`Qwen2ForProcessRewardModel` with a quantised trunk and a head in full precision."""

    def __init__(self, *, vllm_config: VllmConfig, prefix: str = "") -> None:
        super().__init__(vllm_config=vllm_config, prefix=prefix)
        size, kind = self.config.hidden_size, self.head_dtype
        self.score = nn.Sequential(
            ColumnParallelLinear(size, size, params_dtype=kind, return_bias=False),
            nn.ReLU(),
            RowParallelLinear(size, self.config.num_labels, params_dtype=kind, return_bias=False),
        )


def keep_head(config: PretrainedConfig) -> PretrainedConfig:
    """For vLLM's `hf_overrides`: Qwen2.5-Math-PRM as the class above, other models unchanged."""
    if config.architectures == [Qwen2ForProcessRewardModel.__name__]:
        config.architectures = [QuantizedQwen2ForProcessRewardModel.__name__]
    return config
